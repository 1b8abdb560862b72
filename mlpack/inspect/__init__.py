"""Says what a model file or a bundle is, without running anything in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpack.inspect.bundle import BundleInspection
    from mlpack.inspect.file import FileInspection

__all__ = ["inspect"]


def inspect(path: str | Path, *, sha256: bool = False) -> FileInspection | BundleInspection:
    """What lies at ``path``, a model file, a bundle or an MLflow folder: format, framework, versions, signature, size, what
    loading takes.

    Files of up to 1 GB are hashed; larger ones only with ``sha256``. No model library is imported.
    Raises UsageError, CorruptFileError, UnrecognisedFileError; UnsafeFileError, NoRouteError for an MLflow folder.
    """
    from mlpack.inspect.bundle import inspect_bundle
    from mlpack.inspect.file import inspect_file
    from mlpack.runtime.manifest import is_bundle

    target = Path(path)
    if is_bundle(target):
        return inspect_bundle(target)
    return inspect_file(target, sha256=sha256)
