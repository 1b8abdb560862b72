"""Opens a bundle for prediction in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.formats import format_named
from mlpack.frameworks import framework_of
from mlpack.runtime.manifest import ManifestError, is_bundle, read_manifest
from mlpack.runtime.session import Session


def open_bundle(path: Path, trust: Sequence[str]) -> Session:
    """A session on the model in the bundle at ``path``, whose files are checked against the manifest first.

    Raises UsageError, CorruptFileError, TrustError, MissingLibraryError.
    """
    if not is_bundle(path):
        raise UsageError(f"{path} is no bundle", hint="make one with: mlpack pack MODEL -o NAME.mlpack")
    try:
        manifest = read_manifest(path)
    except ManifestError as error:
        raise CorruptFileError(str(error), hint="pack the model again: mlpack pack MODEL -o NAME.mlpack") from error
    model = format_named(manifest.model_format).load(manifest.model_path, trust)
    return framework_of(model).session(model, manifest.signature)
