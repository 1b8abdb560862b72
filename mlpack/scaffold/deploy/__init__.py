"""Renders what runs an image elsewhere: manifests for Kubernetes, a file for Compose, a pipeline that builds it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mlpack.scaffold.deploy.result import InitResult

__all__ = ["init_ci", "init_compose", "init_kubernetes"]


def init_kubernetes(
    path: str | Path = "kubernetes",
    *,
    image: str | None = None,
    model: str | Path | None = None,
    name: str | None = None,
    namespace: str | None = None,
    replicas: int = 2,
    allow_from: Sequence[str] = (),
    force: bool = False,
) -> InitResult:
    """Write the manifests that run ``image`` in a cluster into the folder ``path``.

    What ``image`` and ``name`` do not say is taken from the manifest of the bundle ``model``. There are at least ``replicas``
    pods. Pods of the same namespace may ask the service, and those of the namespaces ``allow_from``.

    Raises UsageError, also for files that are there already unless ``force``; CorruptFileError, OutputError.
    """
    from mlpack.scaffold.deploy.kubernetes import kubernetes_files
    from mlpack.scaffold.deploy.result import write_rendered
    from mlpack.scaffold.deploy.workload import workload_of

    workload = workload_of(image, name, model)
    files = kubernetes_files(workload, namespace=namespace, replicas=replicas, allow_from=allow_from)
    return write_rendered("kubernetes", workload.name, str(workload.image), files, Path(path), force=force)


def init_compose(
    path: str | Path = ".",
    *,
    image: str | None = None,
    model: str | Path | None = None,
    name: str | None = None,
    force: bool = False,
) -> InitResult:
    """Write the file with which Docker Compose runs ``image`` into the folder ``path``, with limits.

    What ``image`` and ``name`` do not say is taken from the manifest of the bundle ``model``.
    Raises what `init_kubernetes` does.
    """
    from mlpack.scaffold.deploy.compose import compose_files
    from mlpack.scaffold.deploy.result import write_rendered
    from mlpack.scaffold.deploy.workload import workload_of

    workload = workload_of(image, name, model)
    return write_rendered(
        "compose", workload.name, str(workload.image), compose_files(workload), Path(path), force=force
    )


def init_ci(
    path: str | Path = ".",
    *,
    provider: Literal["github", "gitlab"] = "github",
    model: str | Path = "models/model.joblib",
    data: str | Path | None = None,
    image: str | None = None,
    name: str | None = None,
    force: bool = False,
) -> InitResult:
    """Write the pipeline that scans, converts, verifies and containerizes ``model`` into the repository at ``path``.

    ``model`` and ``data``, rows to compare with, are paths in the repository; neither has to be there yet. ``image`` is the
    name of the image without a tag: each commit gives its own. Raises what `init_kubernetes` does, and what keeps a model
    file that is there from being read.
    """
    from mlpack.scaffold.deploy.pipeline import pipeline_files, pipeline_of
    from mlpack.scaffold.deploy.result import write_rendered

    pipeline = pipeline_of(Path(path), model, data, image, name)
    return write_rendered(
        "ci", pipeline.name, pipeline.image, pipeline_files(pipeline, provider), Path(path), force=force
    )
