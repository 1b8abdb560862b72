"""The service of one model: what REST and gRPC ask, and all that they share."""

from __future__ import annotations

import asyncio
import time

from ..coerce.answers import Answers
from ..coerce.rows import Rows
from ..errors import NotReadyError, OverloadedError
from ..manifest import Manifest
from ..session import Feed, Outputs
from ..settings import Settings
from .batcher import Batcher, inference_error
from .board import Board
from .metrics import WAITING, Meter
from .model import Model


class Service:
    """A model being served by one worker. Lives on one event loop; nothing here is locked.

    ``rows`` and ``answers`` turn values into arrays and back, ``meter`` counts. How many requests are taken and not answered
    REST and gRPC know, each of its own.
    """

    def __init__(self, settings: Settings, model: Model, board: Board) -> None:
        self.settings = settings
        self.board = board
        self.meter = Meter(board)
        self.signature = model.signature
        self.rows = Rows(model.signature)
        self.answers = Answers(model.signature)
        self.draining = False
        self.model = model
        self._batcher = self._batcher_of(model)

    @property
    def manifest(self) -> Manifest:
        """The manifest of the bundle that is served now."""
        return self.model.manifest

    @property
    def inline_rows(self) -> int:
        """Requests with up to that many rows are answered by `infer_now`; 0 where none is."""
        return self.model.plan.inline_rows

    @property
    def ready(self) -> bool:
        """Whether every worker has given its golden predictions, and none is ending."""
        return not self.draining and self.board.all_ready

    def infer_now(self, feed: Feed, rows: int) -> Outputs:
        """The answer to ``feed``, which has ``rows`` rows, on the event loop. Raises InferenceError."""
        begun = time.perf_counter()
        try:
            outputs = self.model.session.run(feed)
        except Exception as error:
            raise inference_error(error) from error
        self.meter.batch(1, rows, time.perf_counter() - begun)
        return outputs

    def infer_soon(self, feed: Feed, rows: int) -> asyncio.Future[Outputs]:
        """The answer to ``feed``, which has ``rows`` rows, from the thread of the model and together with others.

        Raises OverloadedError at once; the future raises DeadlineError, InferenceError.
        """
        return self._batcher.submit(feed, rows)

    def admit(self, waiting: int) -> None:
        """Refuse a request where ``waiting``, itself among them, are more than may wait. Raises OverloadedError."""
        if waiting > self.settings.max_waiting:
            raise OverloadedError

    def check_ready(self) -> None:
        """Raises NotReadyError, saying what is not."""
        if self.draining:
            raise NotReadyError("the service is ending")
        if not self.board.all_ready:
            states = [self.board.state_of(slot) for slot in range(self.board.slots)]
            raise NotReadyError(f"{states.count('ready')} of {len(states)} workers are ready")

    def replace(self, model: Model) -> Batcher:
        """Let ``model``, whose signature is the same, answer from now on; the old one's batcher is given, to be closed.

        What it has taken it still answers: close it, and the model before, once it `Batcher.is_idle`.
        """
        old = self._batcher
        self.model, self._batcher = model, self._batcher_of(model)
        return old

    def close(self) -> None:
        """Free the model."""
        self._batcher.close()
        self.model.close()

    def _batcher_of(self, model: Model) -> Batcher:
        return Batcher(
            model.session.run,
            best_batch=model.plan.best_batch,
            most=self.settings.max_waiting,
            timeout=self.settings.timeout,
            batched=self._batched,
        )

    def _batched(self, requests: int, rows: int, seconds: float) -> None:
        self.meter.batch(requests, rows, seconds)
        self.meter.put(WAITING, self._batcher.waiting)
