"""The bundle of a model: the one that was named, or that of a model file, which is packed once and kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlpack
from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.core.model_file import Header, manifest_in, sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify
from mlpack.runtime.manifest import Manifest, is_bundle
from mlpack.scaffold.store import alone, cache_folder, key_of, note_packed
from mlpack.scan.mlmodel import MLflowFolder, mlflow_folder
from mlpack.scan.trusted import is_vouched

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
    model: str | Path,
    trust: Trust,
    packing: Packing | None = None,
    begun: Callable[[str], None] | None = None,
    expected: Callable[[str], None] | None = None,
) -> Judged:
    """The bundle at ``model``, or that of the bare model file ``model``: packed on first use, and kept.

    The file is scanned every time, and so is the model in the bundle: nothing that is unsafe, or needs a trust that it has
    not, is loaded or served. ``begun`` is told before a file is packed, which takes seconds, and ``expected`` the format that
    the model will most likely have, once it is known whether it has to be packed. Raises what `mlpack.pack` raises.
    """
    path, options = Path(model), packing or Packing()
    if not is_bundle(path):
        return _packed(path, trust, options, begun or _untold, expected or _untold)
    if options.given:
        raise UsageError(
            f"{' and '.join(options.given)} {'are' if len(options.given) > 1 else 'is'} for packing, and {path} is packed",
            hint=f"leave {'them' if len(options.given) > 1 else 'it'} out, or name the model file",
        )
    manifest = manifest_in(path)
    (expected or _untold)(manifest.model_format)
    return Judged(_judged(manifest, trust))


def _untold(_what: str) -> None:
    """Nobody wants to know."""


def _packed(
    path: Path, trust: Trust, options: Packing, begun: Callable[[str], None], expected: Callable[[str], None]
) -> Judged:
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
        expected(kept.model_format if kept else _likely(header, options))
        if kept is None:
            begun(f"packing {path.name} and proving it")
            entry.mkdir(mode=0o700, exist_ok=True)
            _pack(path, bundle, name, trust, options)
        note_packed(digest)
        manifest = kept or _kept(bundle, entry, digest)
    if manifest is None:
        raise UsageError(f"{path} changed while it was packed", hint="run it again, once nobody writes to it")
    # A file that was saved anew has a hash of its own, and is vouched for as the one it was made from is.
    made = trust.also(manifest.model_sha256) if trust.vouches_for(digest) else trust
    return Judged(_judged(manifest, made), packed=kept is None)


def _likely(header: Header, options: Packing) -> str:
    """The format that the model will have in its bundle, as far as that can be told before it is converted."""
    return options.format or ("torchscript" if header.framework == "torchscript" else "onnx")


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
