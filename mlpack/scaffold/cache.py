"""What mlpack keeps from one run to the next: model files that it packed, and the services of bundles.

``~/.cache/mlpack``, or below ``XDG_CACHE_HOME``, or the folder in ``MLPACK_CACHE``. It is the user's own and nobody
else's: what lies in it is run. An entry is whole or not there; of two processes that want the same one, the second waits.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlpack
from mlpack.core.errors import CorruptFileError, OutputError, UsageError
from mlpack.core.model_file import Header, manifest_in, sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify
from mlpack.runtime.manifest import Manifest, is_bundle
from mlpack.scan.mlmodel import MLflowFolder, mlflow_folder
from mlpack.scan.trusted import is_vouched

VARIABLE = "MLPACK_CACHE"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Packing:
    """What shapes the bundle of a bare model file: the user's rows, its name, the format of the model in it."""

    data: Path | None = None
    name: str | None = None
    format: str | None = None
    require_sandbox: bool = False

    @property
    def given(self) -> list[str]:
        """The options that were given, as they are typed."""
        options = {"--data": self.data, "--name": self.name, "--format": self.format}
        return [option for option, value in options.items() if value is not None]


@dataclass(frozen=True)
class Judged:
    """A bundle whose files are those of its manifest and whose model may be loaded. ``packed`` says whether it was made now."""

    manifest: Manifest
    packed: bool = False

    @property
    def path(self) -> Path:
        """The bundle's folder."""
        return self.manifest.folder

    @property
    def proof(self) -> str:
        """The verdict on the bundle, and what it rests on."""
        parity = self.manifest.document["parity"]
        return f"{parity['verdict']}  {self.manifest.name}: {parity['rows']:,} rows compared with the original"


def bundle_for(
    model: str | Path, trust: Trust, packing: Packing | None = None, begun: Callable[[str], None] | None = None
) -> Judged:
    """The bundle at ``model``, or that of the bare model file ``model``: packed on first use, and kept.

    The file is scanned every time, and so is the model in the bundle: nothing that is unsafe, or needs a trust that it has
    not, is loaded or served. ``begun`` is told before a file is packed, which takes seconds. Raises what `mlpack.pack` raises.
    """
    path, options = Path(model), packing or Packing()
    if not is_bundle(path):
        return _packed(path, trust, options, begun or _untold)
    if options.given:
        raise UsageError(
            f"{' and '.join(options.given)} {'are' if len(options.given) > 1 else 'is'} for packing, and {path} is packed",
            hint=f"leave {'them' if len(options.given) > 1 else 'it'} out, or name the model file",
        )
    return Judged(_judged(manifest_in(path), trust))


def cache_folder(*parts: str) -> Path:
    """A folder in the cache, which is made. Raises OutputError, UsageError where others may write to the cache."""
    root = _root()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = root.stat()
        folder = root.joinpath(*parts)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the cache {root} cannot be written",
            why=error.strerror or str(error),
            hint=f"name another folder: {VARIABLE}=DIR",
        ) from error
    if status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_BY_OTHERS:
        raise UsageError(
            f"the cache {root} can be written by others",
            why="what lies in it is run, so it has to be yours alone",
            hint=f"chmod 700 {root}, or name another folder: {VARIABLE}=DIR",
        )
    return folder


@contextmanager
def alone(entry: Path) -> Iterator[None]:
    """Nobody else works on ``entry`` meanwhile: who wants to waits. The lock is gone when its process is."""
    with entry.with_name(f".{entry.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def key_of(parts: Any) -> str:
    """The name of an entry that is made of ``parts``, JSON-ready values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def _root() -> Path:
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "mlpack"


def _untold(_begun: str) -> None:
    """Nobody wants to know."""


def _packed(path: Path, trust: Trust, options: Packing, begun: Callable[[str], None]) -> Judged:
    mlflow = mlflow_folder(path)
    file = mlflow.model if mlflow else path
    header = identify(file)[1]
    is_vouched(file, header.findings, trust)
    digest = sha256_of(file)
    # Every model file of MLflow is called model; a folder may have dots in its name, and no ending.
    name = options.name or _NO_NAME.sub("-", path.absolute().name if mlflow else path.stem).strip("-._") or "model"
    entry = cache_folder("bundles") / _key(file, header, digest, name, options, _rows(options, mlflow))
    with alone(entry):
        bundle = entry / "model.mlpack"
        kept = _kept(bundle, entry, digest)
        if kept is None:
            begun(f"packing {path.name} and proving it")
            entry.mkdir(mode=0o700, exist_ok=True)
            _pack(path, bundle, name, trust, options)
        manifest = kept or _kept(bundle, entry, digest)
    if manifest is None:
        raise UsageError(f"{path} changed while it was packed", hint="run it again, once nobody writes to it")
    # A file that was saved anew has a hash of its own, and is vouched for as the one it was made from is.
    made = trust.also(manifest.model_sha256) if trust.vouches_for(digest) else trust
    return Judged(_judged(manifest, made), packed=kept is None)


def _key(path: Path, header: Header, digest: str, name: str, options: Packing, rows: Path | None) -> str:
    weights = {one: sha256_of(path.with_name(one)) for one in header.external_files}
    seen = sha256_of(rows) if rows and rows.is_file() else None
    return key_of([mlpack.__version__, digest, weights, seen, name, options.format])


def _rows(options: Packing, mlflow: MLflowFolder | None) -> Path | None:
    """The user's rows, else those that MLflow saved with the model."""
    return options.data or (mlflow.example if mlflow else None)


def _kept(bundle: Path, entry: Path, digest: str) -> Manifest | None:
    """The bundle in the cache; None where there is none, or another than was made: such an entry is removed."""
    try:
        manifest: Manifest | None = manifest_in(bundle)
    except (CorruptFileError, UsageError):  # damaged, or not there: it is made anew, and nobody has to know
        manifest = None
    if manifest is not None and manifest.document["source"]["sha256"] == digest:
        return manifest
    shutil.rmtree(entry, ignore_errors=True)
    return None


def _pack(path: Path, bundle: Path, name: str, trust: Trust, options: Packing) -> None:
    from mlpack.bundle.command import run_pack

    run_pack(
        path, bundle, data=options.data, name=name, version=None, format=options.format, wish=(None, None), trust=trust,
        budget=30.0, sign=None, password=None, require_sandbox=options.require_sandbox,
    )  # fmt: skip


def _judged(manifest: Manifest, trust: Trust) -> Manifest:
    """``manifest``, once its model was scanned. Raises UnsafeFileError, TrustError, CorruptFileError."""
    header = format_named(manifest.model_format).read_header(manifest.model_path)
    is_vouched(manifest.model_path, header.findings, trust)
    return manifest
