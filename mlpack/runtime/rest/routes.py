"""Which routes there are, what each of them asks, and what the document says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from ..coerce.answers import plain
from ..coerce.oip import datatype_of
from ..service.metadata import model_config, model_metadata, repository_index, server_metadata
from ..service.metrics import INFER, PREDICT
from ..service.service import Service
from ..session import take_rows
from .asgi import Scope
from .handler import InWork, Reply, Respond, Route
from .predict import Predict
from .probes import counting, telling, telling_if_ready
from .start import Start, start
from .v2 import Infer, check_model
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
_TEXT: Mapping[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
_ABOUT_INFER = """
Tensors by the Open Inference Protocol. With the header `Inference-Header-Content-Length`, those that have `binary_data_size`
among their parameters come as little-endian bytes behind the JSON; `binary_data` and `binary_data_output` ask for outputs so.
"""
_OCTETS: Mapping[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


_OF_MODELS = (400, 408, 413, 422, 429, 500, 503, 504)
"""Statuses of routes that ask the model."""
_PROTOCOL = "Open Inference Protocol"


@dataclass(frozen=True)
class Documented:
    """A route at ``path``, and what the document says of it. ``request`` and ``response`` are Pydantic models."""

    path: str
    route: Route
    summary: str
    tag: str
    response: Any = None
    request: Any = None
    errors: Sequence[int] = ()
    example: Any = None
    content: Mapping[str, Any] = field(default_factory=dict)
    """Of an answer that is not JSON alone, by media type."""
    about: str = ""


class Routes:
    """Every route of a service, made once."""

    def __init__(self, service: Service, schema: ModuleType) -> None:
        self._service = service
        self._schema = schema
        self.in_work = InWork()
        predict, infer = Predict(service, schema.PredictRequest), Infer(service)
        self._predict = self._route(predict, number=PREDICT, method="POST", at_once=predict.at_once)
        self._infer = self._route(infer, number=INFER, method="POST", at_once=infer.at_once)
        self._start = self._route(telling(lambda: start(service.manifest)))
        self._metrics = self._route(counting(service))
        self._live = self._route(telling(lambda: {"live": True}))
        self._ready = self._route(telling_if_ready(service, lambda: {"ready": True}))
        self._server = self._route(telling(lambda: server_metadata(service.manifest)))
        self._index = self._route(telling(lambda: repository_index(service)), method="POST")
        self._metadata = self._of_model(telling(lambda: model_metadata(service.manifest)))
        self._config = self._of_model(telling(lambda: model_config(service)))
        named = telling_if_ready(service, lambda: {"name": service.manifest.name, "ready": True})
        self._model_ready = self._of_model(named)

    def hot(self) -> dict[str, Route]:
        """The routes by their whole paths, with the name and the version that are served now."""
        manifest = self._service.manifest
        model = f"/v2/models/{manifest.name}"
        return {
            "/": self._start,
            "/predict": self._predict,
            "/livez": self._live,
            "/readyz": self._ready,
            "/metrics": self._metrics,
            "/v2": self._server,
            "/v2/health/live": self._live,
            "/v2/health/ready": self._ready,
            "/v2/repository/index": self._index,
            **self._of(model),
            **self._of(f"{model}/versions/{manifest.version}"),
        }

    def documented(self) -> list[Documented]:
        """All routes, with what the document says of them."""
        return [*self._own(), *self._protocol(), *self._models(_MODEL), *self._models(_VERSION)]

    def _of(self, model: str) -> dict[str, Route]:
        return {
            model: self._metadata,
            f"{model}/ready": self._model_ready,
            f"{model}/config": self._config,
            f"{model}/infer": self._infer,
        }

    def _own(self) -> list[Documented]:
        schema = self._schema
        predict = Documented(
            "/predict",
            self._predict,
            "Predict",
            "predict",
            schema.PredictResponse,
            schema.PredictRequest,
            _OF_MODELS,
            schema.EXAMPLE,
            about="Instances go in, and a prediction for each comes out, in their order.",
        )
        return [
            predict,
            Documented("/", self._start, "What is served, and where", "predict", Start),
            Documented("/livez", self._live, "Whether the process lives", "probes", Live),
            Documented("/readyz", self._ready, "Whether requests are taken", "probes", Ready, errors=(503,)),
            Documented("/metrics", self._metrics, "Counters for Prometheus", "probes", content=_TEXT),
        ]

    def _protocol(self) -> list[Documented]:
        index = Documented(
            "/v2/repository/index",
            self._index,
            "Which models there are",
            _PROTOCOL,
            list[IndexedModel],
            errors=(408, 413, 429),
        )
        return [
            Documented("/v2", self._server, "What the server is", _PROTOCOL, ServerMetadata),
            Documented("/v2/health/live", self._live, "Whether the server lives", _PROTOCOL, Live),
            Documented("/v2/health/ready", self._ready, "Whether requests are taken", _PROTOCOL, Ready, errors=(503,)),
            index,
        ]

    def _models(self, path: str) -> list[Documented]:
        infer = Documented(
            f"{path}/infer",
            self._infer,
            "Infer",
            _PROTOCOL,
            InferResponse,
            InferRequest,
            (404, *_OF_MODELS),
            _example(self._service),
            _OCTETS,
            _ABOUT_INFER,
        )
        about, config = "The inputs and outputs of the model", "The configuration of the model"
        return [
            Documented(path, self._metadata, about, _PROTOCOL, ModelMetadata, errors=(404,)),
            Documented(
                f"{path}/ready",
                self._model_ready,
                "Whether the model is ready",
                _PROTOCOL,
                ModelReady,
                errors=(404, 503),
            ),
            Documented(f"{path}/config", self._config, config, _PROTOCOL, ModelConfig, errors=(404,)),
            infer,
        ]

    def _route(self, respond: Respond, **options: Any) -> Route:
        return Route(self._service, self.in_work, respond, **options)

    def _of_model(self, tell: Respond) -> Route:
        """A route that tells of the model, and 404 for another than the one that is served."""

        async def respond(scope: Scope, body: bytes) -> Reply:
            check_model(self._service.manifest, scope)
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
