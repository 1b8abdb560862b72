"""Run by the Dockerfile, in the environment that was just installed: removes what no service uses, compiles what is left,
and gathers in one folder what goes into the image.
"""

import compileall
import importlib
import importlib.util
import py_compile
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

PACKAGES = Path(sysconfig.get_path("purelib"))
STANDARD = Path(sysconfig.get_path("stdlib"))
ROOT = Path("root")
"""What is copied over the base, by its path in it: one layer, and never an empty one, which the classic builder loses."""

SOURCES = {".a", ".c", ".cc", ".cpp", ".cu", ".cuh", ".h", ".hpp", ".pxd", ".pyi", ".pyx"}
"""What compilers and type checkers read."""
TOOLS = (
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
)
"""What libraries bring for those who make models, by its path; nothing here is imported to predict."""
SURE = ("argparse", "asyncio", "encodings.raw_unicode_escape", "encodings.unicode_escape", "json", "ssl")
"""What a service imports of the standard library, whatever the libraries do."""
FOR_C = ("onnxruntime/capi/libonnxruntime.so.*", "onnxruntime/capi/libonnxruntime_providers_cuda.so")
"""ONNX Runtime for programs in C: the Python module has it all inside, but for what computes on a GPU."""


def remove() -> None:
    """Tests of libraries, headers and sources, and tools."""
    doomed = [path for path in PACKAGES.rglob("tests") if path.is_dir()]
    doomed += [path for path in PACKAGES.rglob("*") if path.suffix in SOURCES]
    doomed += [path for pattern in TOOLS for path in PACKAGES.glob(pattern)]
    library, for_gpu = (list(PACKAGES.glob(pattern)) for pattern in FOR_C)
    doomed += [] if for_gpu else library
    for path in doomed:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def compile_all() -> None:
    """The packages in their place, and what they import of the standard library: official images of Python have no bytecode."""
    compileall.compile_dir(
        PACKAGES, quiet=2, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )
    for name in sorted({*SURE, *metadata.packages_distributions()}):
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a part that is for another system
            sys.stderr.write(f"{name} is not compiled ahead: {error}\n")
    for module in list(sys.modules.values()):
        place = getattr(module, "__file__", None)
        source = Path(place) if isinstance(place, str) else STANDARD
        cached = Path(importlib.util.cache_from_source(source))
        if (
            source.suffix == ".py"
            and STANDARD in source.parents
            and PACKAGES not in source.parents
            and not cached.is_file()
        ):
            target = ROOT / cached.relative_to("/")
            py_compile.compile(
                str(source), str(target), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    remove()
    compile_all()
    environment = Path(sys.prefix)
    target = ROOT / environment.relative_to("/")
    target.parent.mkdir(parents=True)
    environment.rename(target)
