"""An InferenceService of KServe, and the models as its storage holds them.

https://kserve.github.io/website/docs/reference/crd-api
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlpack.core.errors import UsageError
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.export.mlserver import models_of
from mlpack.scaffold.export.triton import Repository, repository_of
from mlpack.scaffold.folder import Files
from mlpack.scaffold.templates import render

STORAGE = "models"
"""The folder whose content goes to where ``storageUri`` leads."""

_URI = re.compile(r"(pvc|s3|gs|hdfs|webhdfs|https?|abfss?|hf|oci|file)://[!-~]+")
_NO_NAME = re.compile(r"[^a-z0-9]+")
_FORMATS = {"onnx": "onnx", "torchscript": "pytorch"}


@dataclass(frozen=True)
class InferenceService:
    """The files of the folder by their path in it; ``repository`` where Triton serves the model."""

    files: Files
    repository: Repository | None
    uri: str


def inference_service_of(manifest: Manifest, storage_uri: str | None) -> InferenceService:
    """ONNX and TorchScript by KServe's Triton, scikit-learn's own files by its MLServer, both over the protocol's version 2.

    Raises NoRouteError, UsageError for an address that is none.
    """
    uri = storage_uri or f"pvc://models/{manifest.name}"
    if not _URI.fullmatch(uri):
        raise UsageError(
            f"{uri!r} is no address that KServe fetches models from", hint="--storage-uri s3://BUCKET/PATH"
        )
    if manifest.model_format in _FORMATS:
        repository = repository_of(manifest, "kserve")
        files, form, runtime = repository.files, _FORMATS[manifest.model_format], "kserve-tritonserver"
    else:
        repository = None
        files, form, runtime = models_of(manifest, "kserve"), "sklearn", "kserve-mlserver"
    context = {"name": service_name(manifest.name), "format": form, "runtime": runtime, "uri": uri}
    stored = {f"{STORAGE}/{path}": content for path, content in files.items() if path != "requirements.txt"}
    document = render("export/inference-service.yaml.j2", context).encode()
    return InferenceService({"inference-service.yaml": document, **stored}, repository, uri)


def service_name(name: str) -> str:
    """A name as Kubernetes takes it for a service: lower case, 63 characters, a letter first."""
    plain = _NO_NAME.sub("-", name.lower()).strip("-")
    return (plain if plain[:1].isalpha() else f"model-{plain}")[:63].rstrip("-")
