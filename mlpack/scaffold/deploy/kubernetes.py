"""The manifests of a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlpack.core.errors import UsageError
from mlpack.scaffold.deploy import workload as facts
from mlpack.scaffold.deploy.names import check_namespace
from mlpack.scaffold.deploy.workload import Workload
from mlpack.scaffold.deploy.yaml_text import mapping, quoted
from mlpack.scaffold.docker import USER
from mlpack.scaffold.templates import render

FILES = (
    "deployment.yaml",
    "service.yaml",
    "horizontalpodautoscaler.yaml",
    "poddisruptionbudget.yaml",
    "networkpolicy.yaml",
    "kserve/inferenceservice.yaml",
)
"""``kubectl apply -f FOLDER`` takes those that lie in it and not what is below: KServe has its own way to run the same."""
_MOST = 10
_GROWTH = 5


def kubernetes_files(
    workload: Workload, *, namespace: str | None, replicas: int, allow_from: Sequence[str]
) -> dict[str, bytes]:
    """The manifests of ``workload`` by their path. Raises UsageError."""
    if replicas < 1:
        raise UsageError(f"{replicas} replicas answer nobody", hint="--replicas 2")
    context: dict[str, Any] = {
        "name": quoted(workload.name),
        "namespace": quoted(check_namespace(namespace)) if namespace else "",
        "labels": mapping(workload.labels),
        "selector": mapping(workload.selector),
        "annotations": mapping({**_scraped(), **workload.notes}),
        "replicas": replicas,
        "most_replicas": max(_MOST, replicas * _GROWTH),
        "allow_from": [quoted(check_namespace(name)) for name in dict.fromkeys(allow_from)],
        **limits(workload),
    }
    context["pod"] = render("kubernetes/pod.yaml.j2", context).rstrip("\n")
    context["container"] = render("kubernetes/container.yaml.j2", context).rstrip("\n")
    return {file: render(f"kubernetes/{file}.j2", context).encode() for file in FILES}


def limits(workload: Workload) -> Mapping[str, Any]:
    """What templates say of the image, of its ports, of what it may use and how it ends."""
    return {
        "image": quoted(str(workload.image)),
        "port": facts.PORT,
        "grpc_port": facts.GRPC_PORT,
        "ready": facts.READY,
        "live": facts.LIVE,
        "user": USER,
        "memory": workload.memory,
        "memory_limit": workload.memory_limit,
        "pre_stop": facts.PRE_STOP,
        "drain": facts.DRAIN,
        "grace": facts.GRACE,
        "stop": facts.STOP,
    }


def _scraped() -> dict[str, str]:
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(facts.PORT),
        "prometheus.io/path": facts.METRICS,
    }
