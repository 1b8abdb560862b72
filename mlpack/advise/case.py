"""What the rules look at: answers, measurements, and what was decided before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from mlpack.advise.amounts import money
from mlpack.advise.answers import Answers
from mlpack.advise.capacity import Figures
from mlpack.advise.measurements import UTILISATION, Measurements, ModelFacts, Way

Topic = Literal["mode", "protocol", "format", "hardware", "spare", "place", "engine", "contradiction", "note"]
MANY_ROWS = 100
"""Rows of a request from which on JSON is most of its cost."""
ROUND_TRIP_MS = 0.5
"""From one machine to another of the same data centre, and back."""


@dataclass(frozen=True)
class Case:
    """The facts of one decision. ``decided`` has the choices of the topics before; ``figures`` come after some of them."""

    answers: Answers
    model: ModelFacts | None = None
    measured: Measurements | None = None
    decided: Mapping[Topic, str] = field(default_factory=dict)
    figures: Figures | None = None

    @property
    def is_served(self) -> bool:
        """Whether a service answers."""
        return self.decided.get("mode") != "batch"

    @property
    def is_batch(self) -> bool:
        """Whether there are runs over files."""
        return self.decided.get("mode") in {"batch", "both"}

    @property
    def has_grpc(self) -> bool:
        """Whether callers use gRPC."""
        return self.decided.get("protocol") in {"grpc", "both"}

    @property
    def large_requests(self) -> bool:
        """Whether a request is thousands of numbers."""
        return self.answers.images or self.answers.rows_per_request >= MANY_ROWS

    @property
    def wants_grpc(self) -> bool:
        """Whether gRPC is worth it for those who can speak it."""
        return (self.large_requests or self.answers.streaming) and bool(self.answers.with_grpc)

    @property
    def rows_in_bulk(self) -> int:
        """Rows of a nightly run: what is there at once, and those of the day where nobody is answered before."""
        bulk, day = self.answers.bulk_rows, self.answers.rows_per_day
        return {"batch": bulk + day, "both": bulk}.get(self.decided.get("mode", ""), day)

    @property
    def replicas(self) -> int:
        """Replicas in all."""
        return self.figures.replicas if self.figures else 0

    def lateness(self, way: Way) -> float:
        """How many times the time that a caller waits an answer of a busy replica takes, by the median of an idle one.

        Not by the slowest: on a machine that does other things as well these say more of the others than of the model.
        """
        if self.measured is None or not self.answers.somebody_waits:
            return 0.0
        return 1000 * self.measured.alone[way].p50 / (1 - UTILISATION) / self.answers.latency_ms

    @property
    def between_requests_ms(self) -> float:
        """The time that each caller has from one request to the next, at the peak."""
        return 1000 * self.answers.clients / self.answers.peak_rate

    @property
    def soonest_ms(self) -> float:
        """Before that no answer is back: a round trip, or what an idle service took."""
        idle = 1000 * self.measured.alone[self.way].p50 if self.measured else 0.0
        return max(ROUND_TRIP_MS, idle)

    @property
    def is_slow_now_and_then(self) -> bool:
        """Whether answers are in time, and one in a hundred is not."""
        if self.measured is None or not self.is_served or self.lateness(self.way) > 1:
            return False
        return 1000 * self.measured.alone[self.way].p99 > self.answers.latency_ms

    @property
    def way(self) -> Way:
        """The way in which most callers ask, by the protocol that was decided."""
        return way_of(self.decided.get("protocol", "rest"))

    @cached_property
    def words(self) -> Mapping[str, Any]:
        """What reasons may name."""
        answers = self.answers
        said = {
            "languages": ", ".join(answers.without_grpc),
            "speak": ", ".join(answers.languages),
            "latency": answers.latency_ms,
            "rows": answers.rows_per_request,
            "bulk": answers.bulk_rows,
            "day": answers.rows_per_day,
            "clients": answers.clients,
            "requests": answers.requests_per_day,
            "between": self.between_requests_ms,
            "round_trip": ROUND_TRIP_MS,
            "format": self.model.format if self.model else "",
            "replicas": self.replicas,
            "utilisation": UTILISATION,
        }
        return {**said, **self._measured_words()}

    def _measured_words(self) -> Mapping[str, Any]:
        if self.measured is None:
            return {}
        rest, grpc, way = self.measured.together["/predict"], self.measured.together["gRPC"], self.way
        alone = self.measured.alone[way]
        return {
            "rest_rate": rest.capacity,
            "grpc_rate": grpc.capacity,
            "rest_p50": 1000 * self.measured.alone["/predict"].p50,
            "grpc_p50": 1000 * self.measured.alone["gRPC"].p50,
            "way": way,
            "binary_cost": 1000 * self.measured.together["OIP binary"].processor,
            "grpc_cost": 1000 * grpc.processor,
            "p50": 1000 * alone.p50,
            "when_busy": 1000 * alone.p50 / (1 - UTILISATION),
            "p99": 1000 * alone.p99,
            "late": self.lateness(way),
            "busy": self.measured.together[way].busy,
            **self._priced_words(),
        }

    def _priced_words(self) -> Mapping[str, Any]:
        if self.figures is None:
            return {}
        hours = self.figures.batch_hours or 0.0
        return {
            "hours": hours,
            "service": money(self.figures.service_per_day or 0.0),
            "nightly": money(self.figures.batch_per_day or 0.0),
        }


def way_of(protocol: str) -> Way:
    """How a service with this protocol is asked. Whoever has both is counted by the costlier one, which is JSON."""
    ways: Mapping[str, Way] = {"grpc": "gRPC", "binary": "OIP binary"}
    return ways.get(protocol, "/predict")
