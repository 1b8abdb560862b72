"""The project that `mlpack serve` runs: rendered once for a bundle, and kept in the cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

import mlpack
from mlpack.runtime.manifest import MANIFEST, Manifest
from mlpack.scaffold.cache import alone, cache_folder, key_of
from mlpack.scaffold.folder import RUNTIME, is_whole
from mlpack.scaffold.templates import folder as templates


def service_project(manifest: Manifest) -> Path:
    """The folder with the service of a bundle, but for the bundle itself.

    It is rendered anew for another bundle and by another mlpack, and where a file in it is not as it was rendered.
    """
    entry = cache_folder("services") / key_of([_digest(manifest.folder / MANIFEST), mlpack.__version__, *_sources()])
    with alone(entry):
        if not is_whole(entry):
            _render(manifest, entry)
    return entry


def _render(manifest: Manifest, entry: Path) -> None:
    import compileall

    from mlpack.scaffold.folder import write_project
    from mlpack.scaffold.project import service_files

    files = service_files(manifest)
    shutil.rmtree(entry, ignore_errors=True)
    write_project(files, entry)
    for path in sorted(RUNTIME.rglob("*.py")):
        _copy_bytecode(path, entry / "runtime" / path.relative_to(RUNTIME))
    compileall.compile_dir(
        entry, quiet=2
    )  # the rest, and in an environment that keeps Python from writing bytecode too


def _copy_bytecode(source: Path, target: Path) -> None:
    """Give ``target``, a copy of ``source``, its bytecode: to compile the runtime takes as long as to start the service."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    if compiled.is_file():
        status = source.stat()
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))  # by which Python tells whether it is up to date
        place = target.parent / "__pycache__" / compiled.name
        place.parent.mkdir(exist_ok=True)
        shutil.copyfile(compiled, place)


def _sources() -> list[str]:
    """What is rendered and copied, by its content: a development tree changes without its version."""
    files = [path for folder in (RUNTIME, templates()) for path in sorted(folder.rglob("*")) if _is_source(path)]
    return [_digest(path) for path in files]


def _is_source(path: Path) -> bool:
    return path.suffix in {".py", ".pyi", ".proto", ".j2"}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
