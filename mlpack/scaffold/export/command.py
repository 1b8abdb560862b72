"""What `mlpack scaffold --export` does, from a model to the tree that another server loads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.core.trust import Trust
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.cache import Packing, bundle_for
from mlpack.scaffold.export import SERVERS
from mlpack.scaffold.export.kserve import inference_service_of, service_name
from mlpack.scaffold.export.mlserver import models_of
from mlpack.scaffold.export.request import example_request
from mlpack.scaffold.export.result import ExportResult
from mlpack.scaffold.export.triton import Repository, repository_of
from mlpack.scaffold.folder import Files, check_place, write_project
from mlpack.scaffold.templates import render
from mlpack.scan.rules.rule import plain_text

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_LONGEST_VERSION = 64


def run_export(
    model: str | Path,
    path: Path,
    server: str | None,
    *,
    storage_uri: str | None,
    force: bool,
    trust: Trust,
    packing: Packing,
) -> ExportResult:
    """See `mlpack.scaffold`."""
    if storage_uri is not None and server != "kserve":
        raise UsageError("--storage-uri says where KServe finds the model", hint="add --export kserve, or leave it out")
    if server is None or server not in SERVERS:
        raise UsageError(f"there is no export to {server!r}", hint=f"--export {', '.join(SERVERS)}")
    if not isinstance(model, str | Path):
        raise UsageError(
            f"a {type(model).__name__} at hand is no bundle", hint="mlpack.pack(model, path='NAME.mlpack') makes one"
        )
    check_place(path, force=force)
    manifest = bundle_for(model, trust, packing).manifest
    files = export_files(manifest, server, storage_uri)
    overwritten = write_project(files, path)
    return ExportResult(path, manifest, server, tuple(sorted(files)), overwritten)


def export_files(manifest: Manifest, server: str, storage_uri: str | None = None) -> Files:
    """All that is written, by its path: the tree, a request that works, and how to start and ask the server.

    Raises NoRouteError for a model that the server cannot take, UsageError, CorruptFileError.
    """
    if not _NAME.fullmatch(manifest.name):
        raise CorruptFileError(
            f"{manifest.folder} is called {manifest.name!r}, which cannot be a model's name",
            why="it becomes the name of a folder",
            hint="pack the model again: mlpack pack MODEL -o NAME.mlpack",
        )
    version = plain_text(manifest.version, _LONGEST_VERSION)
    context: dict[str, Any] = {"name": manifest.name, "version": version, "format": manifest.model_format}
    repository: Repository | None = None
    match server:
        case "triton":
            repository = repository_of(manifest)
            files: Mapping[str, bytes | Path] = repository.files
        case "mlserver":
            files = models_of(manifest)
        case _:
            service = inference_service_of(manifest, storage_uri)
            files, repository = service.files, service.repository
            context |= {"uri": service.uri, "service": service_name(manifest.name)}
    names = repository.inputs if repository else {}
    flat = repository.flat if repository else ()
    renamed = [*names.items(), *repository.outputs.items()] if repository else []
    context |= {"renamed": [(own, served) for own, served in renamed if own != served], "flat": flat}
    readme = render(f"export/{server}.md.j2", context)
    return {**files, "README.md": readme.encode(), "example.json": example_request(manifest, names, flat)}
