"""The file for Docker Compose."""

from __future__ import annotations

from mlpack.scaffold.deploy.kubernetes import limits
from mlpack.scaffold.deploy.workload import Workload
from mlpack.scaffold.deploy.yaml_text import mapping, quoted
from mlpack.scaffold.templates import render


def compose_files(workload: Workload) -> dict[str, bytes]:
    """The one file, by its path."""
    context = {"name": quoted(workload.name), "labels": mapping(workload.notes), **limits(workload)}
    return {"compose.yaml": render("compose/compose.yaml.j2", context).encode()}
