"""The project that `mlpack serve` runs: rendered once for a bundle, and kept in the cache."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

import mlpack
from mlpack.core.publish import publish_file
from mlpack.runtime.manifest import MANIFEST, Manifest
from mlpack.scaffold.folder import RUNTIME, is_whole
from mlpack.scaffold.store import alone, cache_folder, key_of
from mlpack.scaffold.templates import folder as templates


def service_project(manifest: Manifest) -> Path:
    """The folder with the service of a bundle, but for the bundle itself.

    It is rendered anew for another bundle and by another mlpack, and where a file in it is not as it was rendered.
    """
    runtime = shared_runtime()
    key = [_digest(manifest.folder / MANIFEST), mlpack.__version__, *_digests(templates())]
    entry = cache_folder("services") / key_of([*key, runtime.parent.name])
    with alone(entry):
        if not (is_whole(entry) and (entry / "runtime").resolve() == runtime.resolve()):
            _render(manifest, entry, runtime)
    return entry


def shared_runtime() -> Path:
    """The runtime of this mlpack, copied once for all services: one that runs keeps its own when mlpack is upgraded."""
    entry = cache_folder("runtimes") / key_of(_digests(RUNTIME))
    with alone(entry):
        if not is_whole(entry):
            _copy_runtime(entry)
    return entry / "runtime"


def _copy_runtime(entry: Path) -> None:
    from mlpack.scaffold.folder import write_project
    from mlpack.scaffold.project import runtime_files

    shutil.rmtree(entry, ignore_errors=True)
    write_project(runtime_files(), entry)
    for path in sorted(RUNTIME.rglob("*.py")):
        _copy_bytecode(path, entry / "runtime" / path.relative_to(RUNTIME))
    _compile(entry)


def _render(manifest: Manifest, entry: Path, runtime: Path) -> None:
    from mlpack.scaffold.folder import write_project
    from mlpack.scaffold.project import service_files

    files = service_files(manifest)
    shutil.rmtree(entry, ignore_errors=True)
    write_project(files, entry)
    _compile(entry)
    (entry / "runtime").symlink_to(os.path.relpath(runtime, entry))


def _compile(entry: Path) -> None:
    """What has no bytecode yet gets some, in an environment that keeps Python from writing it too."""
    import compileall

    compileall.compile_dir(entry, quiet=2)


def _copy_bytecode(source: Path, target: Path) -> None:
    """Give ``target``, a copy of ``source``, its bytecode: to compile the runtime takes as long as to start the service."""
    compiled = Path(importlib.util.cache_from_source(str(source)))
    if compiled.is_file():
        status = source.stat()
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))  # by which Python tells whether it is up to date
        place = target.parent / "__pycache__" / compiled.name
        place.parent.mkdir(exist_ok=True)
        publish_file(compiled, place)  # whole or not at all: nobody would look at what is in it


def _digests(folder: Path) -> list[str]:
    """What is rendered or copied of ``folder``, by its content: a development tree changes without its version."""
    return [_digest(path) for path in sorted(folder.rglob("*")) if _is_source(path)]


def _is_source(path: Path) -> bool:
    return path.suffix in {".py", ".pyi", ".proto", ".j2"}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
