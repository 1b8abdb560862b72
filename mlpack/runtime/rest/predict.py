"""``POST /predict``: rows in, predictions out."""

from __future__ import annotations

from functools import partial

import orjson
from pydantic import BaseModel

from ..service.service import Service
from ..session import Outputs
from .asgi import JSON, Scope
from .handler import Awaited, Reply, settled
from .instances import Instances

_HEADERS = (JSON,)
_NOTHING = orjson.dumps({"predictions": []})


class Predict:
    """Answers ``{"instances": […]}`` with ``{"predictions": […]}``; ``model`` is the typed form of the request."""

    def __init__(self, service: Service, model: type[BaseModel]) -> None:
        self._service = service
        self._answers = service.answers
        self._instances = Instances(service.rows, model, service.settings.max_rows)

    def at_once(self, _length: int, body: bytes) -> Reply | Awaited | None:
        """The predictions, or what will become them where the model is asked in its thread; None where there are no instances.

        Raises ServiceError.
        """
        service = self._service
        feed, rows = self._instances.read(body)
        if not rows:
            return None
        if rows <= service.inline_rows:
            return self._reply(service.infer_now(feed, rows), rows)
        return Awaited(service.infer_soon(feed, rows), partial(self._reply, rows=rows))

    async def __call__(self, _scope: Scope, body: bytes) -> Reply:
        """The predictions of the instances in ``body``. Raises ServiceError."""
        return await settled(self.at_once(-1, body) or (_HEADERS, _NOTHING))

    def _reply(self, outputs: Outputs, rows: int) -> Reply:
        return _HEADERS, orjson.dumps({"predictions": self._answers.predictions(outputs, rows)})
