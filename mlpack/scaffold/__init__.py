"""Renders the service of a bundle as a project that its user owns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlpack.scaffold.deploy import init_ci, init_compose, init_kubernetes

if TYPE_CHECKING:
    from mlpack.scaffold.export.result import ExportResult
    from mlpack.scaffold.result import ScaffoldResult

__all__ = ["init_ci", "init_compose", "init_kubernetes", "scaffold"]


def scaffold(
    model: str | Path,
    path: str | Path,
    *,
    force: bool = False,
    lock: bool = True,
    export: str | None = None,
    storage_uri: str | None = None,
    data: str | Path | None = None,
    name: str | None = None,
    format: str | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    require_sandbox: bool = False,
) -> ScaffoldResult | ExportResult:
    """Render the service of ``model``, a bundle or a model file, into the folder ``path``: it runs without mlpack.

    A model file is packed first, as `mlpack.pack` does with ``data``, ``name`` and ``format``, into the cache. With
    ``force`` a project that was rendered before is rendered anew; files that are not mlpack's stay, and what was edited in
    those that are is kept as ``FILE.bak``. Without ``lock`` the
    index is not asked for hashes.

    With ``export``, which is ``"kserve"``, ``"triton"`` or ``"mlserver"``, the tree that this server loads is rendered instead;
    ``storage_uri`` is where KServe will find it. Raises NoRouteError for a model that the server cannot take.

    Raises UsageError, OutputError, MissingLibraryError, and what `mlpack.pack` raises. Nothing is written then.
    """
    from mlpack.core.trust_file import gathered
    from mlpack.scaffold.cache import Packing
    from mlpack.scaffold.command import run_scaffold
    from mlpack.scaffold.export.command import run_export

    packing = Packing(Path(data) if data is not None else None, name, format, require_sandbox)
    vouched = gathered(trust, allow)
    if export is None and storage_uri is None:
        return run_scaffold(model, Path(path), force=force, lock=lock, trust=vouched, packing=packing)
    return run_export(model, Path(path), export, storage_uri=storage_uri, force=force, trust=vouched, packing=packing)
