"""What has to be installed to run a packed model: only what its format needs, pinned to what it was proven with."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, packages_distributions, version

from mlpack.core.model_file import Header

_BY_FORMAT = {
    "onnx": ("numpy", "onnxruntime"),
    "torchscript": ("numpy", "torch"),
    "torch": ("numpy", "torch"),
    "hdf5": ("h5py", "keras", "numpy", "tensorflow-cpu"),
    "keras": ("h5py", "keras", "numpy", "tensorflow-cpu"),
    "pickle": ("numpy",),
    "joblib": ("joblib", "numpy"),
}


def requirements(format: str, header: Header) -> list[str]:
    """``distribution==version`` lines, sorted. For a pickle, every distribution whose classes it names."""
    needed = set(_BY_FORMAT.get(format, ("numpy",)))
    if format in {"pickle", "joblib", "torch"}:
        owners = packages_distributions()
        for qualified in header.classes:
            package = qualified.partition(".")[0]
            needed |= {name.lower() for name in owners.get(package, [])[:1]}
    pinned = []
    for name in sorted(needed):
        try:
            pinned.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            continue  # another build of the same library is here: tensorflow for tensorflow-cpu
    return pinned
