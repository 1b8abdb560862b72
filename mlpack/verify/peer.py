"""The near end of a `Side`: what one model says of itself and answers, through its worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.isolate import Worker
from mlpack.isolate.local import LocalWorker
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.remote.address import Address


@dataclass(frozen=True)
class Answer:
    """What a model answered to one feed: its outputs, or what it raised."""

    outputs: Mapping[str, Array] | None
    raised: str = ""


@dataclass
class Peer:
    """A model opened in a worker. ``seconds`` adds up what its predictions took; ``hang`` is the longest wait for one.

    ``wire`` says that it is a running service, which may refuse values that bind nobody (`mlpack.verify.refused`).
    """

    worker: Worker | LocalWorker
    hang: float = 120.0
    seconds: float = 0.0
    framework: str = ""
    signature: Signature = field(default_factory=lambda: Signature(()))
    versions: Mapping[str, str] = field(default_factory=dict)
    wire: bool = False

    def open(self, path: Path, format: str, trust: Trust = NO_TRUST, sample: Feed | None = None) -> None:
        """Load the file in the worker and open a session. Raises what loading raises, and WorkerError."""
        self.begin_open(path, format, trust, sample)
        self.finish_open()

    def begin_open(self, path: Path, format: str, trust: Trust = NO_TRUST, sample: Feed | None = None) -> None:
        """Start `open` and return at once."""
        self.worker.begin(
            "open",
            path=str(path.absolute()),
            format=format,
            trust=trust.to_json(),
            sample=dict(sample) if sample else None,
        )

    def adopt(self, model: Any, sample: Feed | None = None) -> None:
        """Take a model of this process; the worker is one in this process then."""
        self.begin_adopt(model, sample)
        self.finish_open()

    def begin_adopt(self, model: Any, sample: Feed | None = None) -> None:
        """Start `adopt`; `finish_open` ends it."""
        self.worker.begin("adopt", model=model, sample=dict(sample) if sample else None)

    def begin_connect(self, address: Address, guesses: Sequence[str]) -> None:
        """Take a running service for the model; `finish_open` connects to it."""
        self.wire = True
        self.worker.begin("connect", address=address, guesses=list(guesses), timeout=self.hang)

    def finish_open(self) -> None:
        """Wait for what `begin_open`, `begin_adopt` or `begin_connect` started."""
        opened = self.worker.finish(timeout=max(600.0, self.hang))
        self.framework = opened["framework"]
        self.signature = Signature.from_json(opened["signature"])
        self.versions = opened["versions"]

    def begin(self, feed: Feed) -> None:
        """Start a prediction; `finish` waits for its answer."""
        self.worker.begin("run", feed=dict(feed))

    def finish(self) -> Answer:
        """The answer to the feed that was begun. Raises WorkerError."""
        answer = self.worker.finish(timeout=self.hang)
        self.seconds += answer["seconds"]
        return Answer(answer.get("outputs"), answer.get("raised", ""))

    def run(self, feed: Feed) -> Answer:
        """Predict. Raises WorkerError."""
        self.begin(feed)
        return self.finish()

    def hints(self) -> InputHints:
        """What the model knows of its inputs."""
        found = self.worker.call("hints", timeout=self.hang)
        return InputHints(
            columns={name: tuple(_hint(column) for column in columns) for name, columns in found["columns"].items()},
            rows=found["rows"],
            takes_missing=found["takes_missing"],
        )

    def noise(self, feed: Feed) -> dict[str, dict[str, float]]:
        """The model's own noise on ``feed``, see `Side.noise`."""
        found: dict[str, dict[str, float]] = self.worker.call("noise", feed=dict(feed), timeout=self.hang * 4)
        return found

    def stages(self, feed: Feed) -> list[dict[str, Any]]:
        """Fingerprints of the layers' outputs on ``feed``."""
        found: list[dict[str, Any]] = self.worker.call("stages", feed=dict(feed), timeout=self.hang * 4)
        return found


def _hint(document: Mapping[str, Any]) -> ColumnHint:
    thresholds = document["thresholds"]
    return ColumnHint(
        **{
            **document,
            "thresholds": None if thresholds is None else np.asarray(thresholds, dtype=np.float64),
            "categories": tuple(document["categories"]),
        }
    )
