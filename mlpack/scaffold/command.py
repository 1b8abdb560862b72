"""What `mlpack scaffold` does, from a model to a project."""

from __future__ import annotations

from pathlib import Path

from mlpack.core.errors import UsageError
from mlpack.core.trust import Trust
from mlpack.scaffold.cache import Packing, bundle_for
from mlpack.scaffold.folder import check_place, write_project
from mlpack.scaffold.launch import check_extras
from mlpack.scaffold.project import example_of_bundle, project_files
from mlpack.scaffold.requirements import lock_of
from mlpack.scaffold.result import ScaffoldResult


def run_scaffold(
    model: str | Path, path: Path, *, force: bool, lock: bool, trust: Trust, packing: Packing
) -> ScaffoldResult:
    """See `mlpack.scaffold`."""
    if not isinstance(model, str | Path):
        raise UsageError(
            f"a {type(model).__name__} at hand is no bundle", hint="mlpack.pack(model, path='NAME.mlpack') makes one"
        )
    check_place(path, force=force)
    check_extras()
    manifest = bundle_for(model, trust, packing).manifest
    requirements = lock_of(manifest, hashes=lock)
    files = project_files(manifest, requirements)
    overwritten = write_project(files, path)
    example = example_of_bundle(manifest).request
    return ScaffoldResult(path, manifest, tuple(sorted(files)), requirements, example, overwritten)
