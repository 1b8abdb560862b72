"""``POST /predict``: rows in, predictions out."""

from __future__ import annotations

import orjson
from pydantic import BaseModel

from ..service.service import Service
from .asgi import JSON, Scope
from .handler import Reply
from .instances import Instances

_HEADERS = (JSON,)
_NOTHING = orjson.dumps({"predictions": []})


class Predict:
    """Answers ``{"instances": […]}`` with ``{"predictions": […]}``; ``model`` is the typed form of the request."""

    def __init__(self, service: Service, model: type[BaseModel]) -> None:
        self._service = service
        self._answers = service.answers
        self._instances = Instances(service.rows, model, service.settings.max_rows)

    async def __call__(self, _scope: Scope, body: bytes) -> Reply:
        """The predictions of the instances in ``body``. Raises ServiceError.

        Where a model is quick enough to be asked on the event loop, nothing is awaited here.
        """
        service = self._service
        feed, rows = self._instances.read(body)
        if not rows:
            return _HEADERS, _NOTHING
        outputs = service.infer_now(feed, rows) if rows <= service.inline_rows else await service.infer(feed, rows)
        return _HEADERS, orjson.dumps({"predictions": self._answers.predictions(outputs, rows)})
