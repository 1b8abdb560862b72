"""HDF5 in Keras files: arrays that lie elsewhere, values that no weight has, sizes that nothing backs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.corpus import Harm, Hostile
from hostile.format_loaders import NUMBERS, secret_weights
from hostile.keras import archived, dense, model, old

Fill = Callable[[Any, Path], object]
"""Puts an array into a group of an HDF5 file; the path leads to a file that the model has no business reading."""


def secret_file(folder: Path) -> Path:
    """Plain bytes outside of the model's folder."""
    path = folder.parent / "secret.bin"
    path.write_bytes(secret_weights())
    return path


def secret_hdf5(folder: Path) -> Path:
    """An HDF5 file outside of the model's folder."""
    import h5py
    import numpy as np

    path = folder.parent / "secret.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.array(NUMBERS, np.float32)
    return path


def external(group: Any, folder: Path) -> None:
    """The array's bytes are those of another file."""
    group.create_dataset("kernel", (4,), "f4", external=[(str(secret_file(folder)), 0, 16)])


def link(group: Any, folder: Path) -> None:
    """The array is one of another file."""
    import h5py

    group["kernel"] = h5py.ExternalLink(str(secret_hdf5(folder)), "/x")


def soft_link(group: Any, _: Path) -> None:
    """The array is another one by a path."""
    import h5py

    group["kernel"] = h5py.SoftLink("/model_weights/../elsewhere")


def virtual(group: Any, folder: Path) -> None:
    """The array is put together from another file."""
    import h5py

    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(secret_hdf5(folder)), "x", (4,))
    group.create_virtual_dataset("kernel", layout)


def endless(group: Any, _: Path) -> None:
    """A shape, and not one value."""
    group.create_dataset("kernel", (10**15,), "f4")


def endless_chunks(group: Any, _: Path) -> None:
    """One chunk of very many."""
    import numpy as np

    made = group.create_dataset("kernel", (10**12,), "f4", chunks=(1000,), compression="gzip")
    made[:1000] = np.ones(1000)


def packed(group: Any, _: Path) -> None:
    """Zeros, which pack well."""
    made = group.create_dataset("kernel", (1 << 30,), "f4", chunks=(1 << 22,), compression="gzip", compression_opts=9)
    made[: 1 << 22] = 0


def references(group: Any, _: Path) -> None:
    """Places in the file for values."""
    import h5py

    group.create_dataset("kernel", (4,), h5py.ref_dtype)


def regions(group: Any, _: Path) -> None:
    """Parts of arrays for values."""
    import h5py

    group.create_dataset("kernel", (4,), h5py.regionref_dtype)


def opaque(group: Any, _: Path) -> None:
    """Bytes that mean something to somebody."""
    import numpy as np

    group["kernel"] = np.array([b"ab"], dtype="V2")


def named_type(group: Any, _: Path) -> None:
    """A type that is an object of its own."""
    import numpy as np

    group["a type"] = np.dtype("f4")
    group.create_dataset("kernel", (4,), dtype=group["a type"])


def plug_in(group: Any, _: Path) -> None:
    """Packed in a way that has libhdf5 look for a shared library."""
    import h5py
    import numpy as np

    space = h5py.h5s.create_simple((4,))
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((4,))
    settings.set_filter(h5py.h5z.FILTER_DEFLATE, h5py.h5z.FLAG_OPTIONAL, (1,))
    h5py.h5d.create(group.id, b"kernel", h5py.h5t.IEEE_F32LE, space, settings)
    group["kernel"][:] = np.ones(4)


def attribute(group: Any, _: Path) -> None:
    """An attribute that is a place in the file."""
    import numpy as np

    group["kernel"] = np.zeros((4, 2), np.float32)
    group["kernel"].attrs["where"] = group["kernel"].ref


def in_hdf5(fill: Fill) -> Callable[[Path, Path], Path]:
    """Writes a file of Keras 2 whose one weight is what ``fill`` makes."""
    config = model(dense(activation="linear"))
    return lambda folder, _: old(folder / "model.h5", config, lambda group: fill(group, folder))


def in_archive(fill: Fill, compression: int = zipfile.ZIP_STORED) -> Callable[[Path, Path], Path]:
    """Writes a ``.keras`` archive whose one weight is what ``fill`` makes."""

    def write(folder: Path, canary: Path) -> Path:
        import h5py

        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            fill(file.create_group("layers/dense/vars"), folder)
        plain = archived(folder / "plain.keras", model(dense(activation="linear")))
        path = folder / "model.keras"
        with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w", compression) as target:
            for name in source.namelist():
                target.writestr(name, content.getvalue() if name == "model.weights.h5" else source.read(name))
        plain.unlink()
        return path

    return write


def changed(what: Callable[[bytes], bytes], make: Callable[[Path, Path], Path]) -> Callable[[Path, Path], Path]:
    """Writes what ``make`` writes, with its bytes changed."""

    def write(folder: Path, canary: Path) -> Path:
        path = make(folder, canary)
        path.write_bytes(what(path.read_bytes()))
        return path

    return write


def other_filter(content: bytes) -> bytes:
    """The number of gzip in a message of filters becomes that of a plug-in (Blosc)."""
    head = bytes([1, 1, 0, 0, 0, 0, 0, 0, 1, 0])  # version 1, one filter, reserved, and the filter's number
    assert content.count(head) == 1
    return content.replace(head, head[:-2] + (32001).to_bytes(2, "little"))


def driver(content: bytes) -> bytes:
    """A superblock that asks for a driver which reads several files."""
    return content[:48] + (96).to_bytes(8, "little") + content[56:]


def hostile(
    name: str,
    write: Callable[[Path, Path], Path],
    *says: str,
    rule: str,
    harm: Harm = "reads",
    proof: str = "",
    unscanned: str = "keras",
) -> Hostile:
    """An entry of this file."""
    return Hostile(f"hdf5/{name}", "HDF5", write, says, (f"hdf5/{rule}",), harm=harm, proof=proof, unscanned=unscanned)


HOSTILE = (
    hostile("external-storage", in_hdf5(external), "secret.bin'", rule="external", proof="h5py"),
    hostile("external-storage-in-keras", in_archive(external), "secret.bin'", rule="external", proof="h5py in zip"),
    hostile(
        "external-storage-compressed",
        in_archive(external, zipfile.ZIP_DEFLATED),
        "secret.bin'",
        rule="external",
        proof="h5py in zip",
    ),
    hostile("external-link", in_hdf5(link), "external link to '/x'", "secret.h5'", rule="link", proof="h5py"),
    hostile("external-link-in-keras", in_archive(link), "secret.h5'", rule="link", proof="h5py in zip"),
    hostile("soft-link", in_hdf5(soft_link), "soft link to '/model_weights/../elsewhere'", rule="link"),
    hostile("virtual", in_hdf5(virtual), "secret.h5'", rule="virtual", proof="h5py"),
    hostile("virtual-in-keras", in_archive(virtual), "secret.h5'", rule="virtual", proof="h5py in zip"),
    hostile(
        "shape-without-values",
        in_hdf5(endless),
        "1,000,000,000,000,000 values",
        rule="size",
        harm="costs",
        proof="h5py",
    ),
    hostile("shape-without-values-in-keras", in_archive(endless), "1,000,000,000,000,000", rule="size", harm="costs"),
    hostile(
        "chunks-without-values",
        in_hdf5(endless_chunks),
        "1,000,000,000,000 values",
        rule="size",
        harm="costs",
        proof="h5py",
    ),
    hostile("zeros-that-pack-well", in_hdf5(packed), "1,073,741,824 values", rule="size", harm="costs", proof="h5py"),
    hostile("references", in_hdf5(references), "(reference)", rule="type"),
    hostile("regions", in_hdf5(regions), "(reference)", rule="type"),
    hostile("opaque", in_hdf5(opaque), "(opaque)", rule="type"),
    hostile("type-of-its-own", in_hdf5(named_type), "neither a group nor a dataset", rule="type"),
    hostile("attribute-that-leads-elsewhere", in_hdf5(attribute), "the attribute where", rule="type", unscanned=""),
    hostile("plug-in", changed(other_filter, in_hdf5(plug_in)), "the HDF5 filter 32001", rule="filter"),
    hostile(
        "several-files",
        changed(driver, in_hdf5(lambda group, _: group.create_dataset("kernel", (4, 2)))),
        "several files",
        rule="external",
    ),
)
