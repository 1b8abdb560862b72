"""A request that was read whole, and waits for the model alone: no task and no ASGI stand between it and its answer."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from ..rest.answer import Answer, Later


class Connection(Protocol):
    """Where the answer goes."""

    def deliver(self, pending: Pending, answer: Answer) -> None:
        """Write it, and go on to the next request."""
        ...


class Pending:
    """In the place of an `Exchange`, for the connection that it takes place on: what it asks of one stands here, too."""

    __slots__ = ("_connection", "_later", "complete", "keep_alive")
    more_body = False
    started = False

    def __init__(self, connection: Connection, later: Later) -> None:
        self.complete = False
        self.keep_alive = True
        self._connection = connection
        self._later = later
        later.outputs.add_done_callback(self._answer)

    def lost(self) -> None:
        """The client went away: where the model was not asked yet it need not be."""
        self.complete = True
        self._later.outputs.cancel()

    def _answer(self, _outputs: asyncio.Future[Any]) -> None:
        answer = self._later.finish()
        if answer is not None and not self.complete:
            self.complete = True
            self._connection.deliver(self, answer)
