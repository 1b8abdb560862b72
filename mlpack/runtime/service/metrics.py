"""What is counted, where on the board it stands, and how Prometheus reads it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from .board import COUNTERS, Board

ROUTES = ("predict", "infer", "grpc_predict", "grpc_infer", "other")
PREDICT, INFER, GRPC_PREDICT, GRPC_INFER, OTHER = range(len(ROUTES))
_STATUSES = (200, 400, 401, 404, 408, 413, 422, 429, 499, 500, 503, 504, 0)
"""499 is a client that went away; 0 stands for any other."""
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_REQUESTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

_STATUS_AT = {status: place for place, status in enumerate(_STATUSES)}
_UNKNOWN = _STATUS_AT[0]
_ROUTE_WIDTH = len(_STATUSES) + len(_SECONDS) + 2
_DURATIONS = len(_STATUSES)
_BATCHES = len(ROUTES) * _ROUTE_WIDTH
_ROWS = _BATCHES + len(_REQUESTS) + 2
_MODEL_SECONDS = _ROWS + 1
RESTARTS, RELOADS, FAILED_RELOADS = _MODEL_SECONDS + 1, _MODEL_SECONDS + 2, _MODEL_SECONDS + 3
WAITING = FAILED_RELOADS + 1
assert WAITING < COUNTERS


class Meter:
    """Adds to the counters of one worker; every call is under a microsecond."""

    def __init__(self, board: Board) -> None:
        self._counters = board.counters

    def request(self, route: int, status: int, seconds: float) -> None:
        """One request on ``route``, answered with ``status`` after ``seconds``."""
        counters, start = self._counters, route * _ROUTE_WIDTH
        counters[start + _STATUS_AT.get(status, _UNKNOWN)] += 1.0
        durations = start + _DURATIONS
        counters[durations + bisect_left(_SECONDS, seconds)] += 1.0
        counters[durations + len(_SECONDS) + 1] += seconds

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """The model answered ``requests`` requests of together ``rows`` rows at once, in ``seconds``."""
        counters = self._counters
        counters[_BATCHES + bisect_left(_REQUESTS, requests)] += 1.0
        counters[_BATCHES + len(_REQUESTS) + 1] += requests
        counters[_ROWS] += rows
        counters[_MODEL_SECONDS] += seconds

    def add(self, counter: int, amount: float = 1.0) -> None:
        """Add to one of the counters that have a name here."""
        self._counters[counter] += amount

    def put(self, counter: int, value: float) -> None:
        """Set what goes up and down."""
        self._counters[counter] = value


def exposition(board: Board, model: dict[str, str]) -> bytes:
    """All metrics of all workers in Prometheus' text format; ``model`` are the labels that tell what is served."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(board, model))
    text: bytes = generate_latest(registry)
    return text


class _Collector:
    def __init__(self, board: Board, model: dict[str, str]) -> None:
        self._board = board
        self._model = model

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
            InfoMetricFamily,
        )

        total = self._board.total
        requests = CounterMetricFamily("mlpack_requests", "Requests answered.", labels=["route", "status"])
        durations = HistogramMetricFamily("mlpack_request_seconds", "Time to the answer.", labels=["route"])
        for place, route in enumerate(ROUTES):
            start = place * _ROUTE_WIDTH
            for offset, status in enumerate(_STATUSES):
                if total(start + offset):
                    requests.add_metric([route, str(status or "other")], total(start + offset))
            durations.add_metric([route], *self._histogram(start + _DURATIONS, _SECONDS))
        yield requests
        yield durations
        batches = HistogramMetricFamily("mlpack_batch_requests", "Requests that the model answered together.")
        batches.add_metric([], *self._histogram(_BATCHES, _REQUESTS))
        yield batches
        yield CounterMetricFamily("mlpack_rows", "Rows that the model answered.", total(_ROWS))
        yield CounterMetricFamily("mlpack_model_seconds", "Time that the model took.", total(_MODEL_SECONDS))
        yield CounterMetricFamily("mlpack_worker_restarts", "Workers that were replaced.", total(RESTARTS))
        reloads = CounterMetricFamily("mlpack_reloads", "Bundles that replaced another.", labels=["outcome"])
        reloads.add_metric(["taken over"], total(RELOADS))
        reloads.add_metric(["refused"], total(FAILED_RELOADS))
        yield reloads
        yield GaugeMetricFamily("mlpack_waiting_requests", "Requests that wait for the model.", total(WAITING))
        states = GaugeMetricFamily("mlpack_workers", "Workers by what they are at.", labels=["state"])
        found = [self._board.state_of(slot) for slot in range(self._board.slots)]
        for state in sorted(set(found)):
            states.add_metric([state], found.count(state))
        yield states
        yield InfoMetricFamily("mlpack_model", "The model that is served.", self._model)

    def _histogram(self, start: int, bounds: tuple[float, ...]) -> tuple[list[tuple[str, float]], float]:
        """Prometheus' buckets count all that is at most their bound; those on the board do not add up."""
        running, buckets = 0.0, []
        for offset, bound in enumerate((*bounds, float("inf"))):
            running += self._board.total(start + offset)
            buckets.append(("+Inf" if bound == float("inf") else str(bound), running))
        return buckets, self._board.total(start + len(bounds) + 1)
