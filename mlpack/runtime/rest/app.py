"""The REST side of a service: which routes there are, and what each of them asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from ..coerce.answers import plain
from ..coerce.oip import datatype_of
from ..service.metrics import INFER, PREDICT
from ..service.service import Service
from ..session import take_rows
from ..settings import key_of
from .asgi import Scope
from .documents import OF_MODELS, Documented, Documents
from .gate import Gate
from .handler import InWork, Reply, Respond, Route
from .pages import add_docs
from .predict import Predict
from .probes import counting, telling, telling_if_ready
from .v2 import Infer, check_model
from .v2_models import model_config, model_metadata, repository_index, server_metadata
from .v2_types import (
    IndexedModel,
    InferRequest,
    InferResponse,
    Live,
    ModelConfig,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
)

_MODEL = "/v2/models/{model}"
_VERSION = _MODEL + "/versions/{version}"
_MOST_SHOWN = 2000
_ABOUT_INFER = """
Tensors by the Open Inference Protocol. With the header `Inference-Header-Content-Length`, those that have `binary_data_size`
among their parameters come as little-endian bytes behind the JSON; `binary_data` and `binary_data_output` ask for outputs so.
"""
_OCTETS: Mapping[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


def build(service: Service, schema: ModuleType) -> Gate:
    """The application that serves ``service``; ``schema`` is the rendered module with its typed models.

    Raises StartError where the API key cannot be read.
    """
    routes = _Routes(service, schema)
    key = key_of(service.settings)
    documents = Documents(service.manifest, routes.documented(), has_key=bool(key))
    add_docs(documents, service.manifest.name)

    def hot() -> Mapping[str, Route]:
        documents.describe(service.manifest)
        return routes.hot()

    return Gate(service, hot, documents, key, routes.in_work)


class _Routes:
    """Every route of a service, made once."""

    def __init__(self, service: Service, schema: ModuleType) -> None:
        self._service = service
        self._schema = schema
        self.in_work = InWork()
        self._predict = self._route(Predict(service, schema.PredictRequest), number=PREDICT, method="POST")
        self._infer = self._route(Infer(service), number=INFER, method="POST")
        self._live = self._route(telling(lambda: {"live": True}))
        self._ready = self._route(telling_if_ready(service, lambda: {"ready": True}))
        self._metrics = self._route(counting(service))

    def hot(self) -> dict[str, Route]:
        """The routes by their whole paths, as far as these are known."""
        manifest = self._service.manifest
        model = f"/v2/models/{manifest.name}"
        return {
            "/predict": self._predict,
            f"{model}/infer": self._infer,
            f"{model}/versions/{manifest.version}/infer": self._infer,
            "/livez": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/v2/health/live": self._live,
            "/v2/health/ready": self._ready,
        }

    def documented(self) -> list[Documented]:
        """All routes, with what the document says of them."""
        return [*self._own(), *self._protocol(), *self._models(_MODEL), *self._models(_VERSION)]

    def _own(self) -> list[Documented]:
        text = {"text/plain": {"schema": {"type": "string"}}}
        schema = self._schema
        return [
            Documented(
                "/predict",
                self._predict,
                "Predict",
                "predict",
                schema.PredictResponse,
                schema.PredictRequest,
                OF_MODELS,
                schema.EXAMPLE,
                about="Instances go in, and a prediction for each comes out, in their order.",
            ),
            Documented("/livez", self._live, "Whether the process lives", "probes", Live),
            Documented("/readyz", self._ready, "Whether requests are taken", "probes", Ready, errors=(503,)),
            Documented("/metrics", self._metrics, "Counters for Prometheus", "probes", content=text),
        ]

    def _protocol(self) -> list[Documented]:
        service = self._service
        tag = "Open Inference Protocol"
        server = self._route(telling(lambda: server_metadata(service.manifest)))
        index = self._route(telling(lambda: repository_index(service)), method="POST")
        return [
            Documented("/v2", server, "What the server is", tag, ServerMetadata),
            Documented("/v2/health/live", self._live, "Whether the server lives", tag, Live),
            Documented("/v2/health/ready", self._ready, "Whether requests are taken", tag, Ready, errors=(503,)),
            Documented(
                "/v2/repository/index", index, "Which models there are", tag, list[IndexedModel], errors=(408, 413, 429)
            ),
        ]

    def _models(self, path: str) -> list[Documented]:
        service = self._service
        tag = "Open Inference Protocol"
        metadata = self._of_model(lambda: model_metadata(service.manifest))
        config = self._of_model(lambda: model_config(service))
        ready = self._of_model(lambda: {"name": service.manifest.name, "ready": True}, ready=True)
        return [
            Documented(path, metadata, "The inputs and outputs of the model", tag, ModelMetadata, errors=(404,)),
            Documented(f"{path}/ready", ready, "Whether the model is ready", tag, ModelReady, errors=(404, 503)),
            Documented(f"{path}/config", config, "The configuration of the model", tag, ModelConfig, errors=(404,)),
            Documented(
                f"{path}/infer",
                self._infer,
                "Infer",
                tag,
                InferResponse,
                InferRequest,
                (404, *OF_MODELS),
                _example(service),
                _OCTETS,
                _ABOUT_INFER,
            ),
        ]

    def _route(self, respond: Respond, **options: Any) -> Route:
        return Route(self._service, self.in_work, respond, **options)

    def _of_model(self, document: Callable[[], Any], *, ready: bool = False) -> Route:
        """A route that tells of the model, and 404 for another than the one that is served."""
        service = self._service
        tell = telling_if_ready(service, document) if ready else telling(document)

        async def respond(scope: Scope, body: bytes) -> Reply:
            check_model(service.manifest, scope["path_params"])
            return await tell(scope, body)

        return self._route(respond)


def _example(service: Service) -> dict[str, Any] | None:
    """A request that the model has answered before; None where it would be long."""
    signature = service.signature
    taken = take_rows(service.model.golden.inputs, signature.inputs, slice(0, 1))
    if sum(array.size for array in taken.values()) > _MOST_SHOWN:
        return None
    inputs = [
        {
            "name": spec.name,
            "shape": list(taken[spec.name].shape),
            "datatype": datatype_of(spec),
            "data": plain(taken[spec.name].ravel()),
        }
        for spec in signature.inputs
    ]
    return {"inputs": inputs}
