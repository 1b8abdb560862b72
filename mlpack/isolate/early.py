"""A worker that is started before it is known for certain that it will be needed, because to start one takes long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlpack.isolate.sandbox import Sandbox
from mlpack.isolate.worker import Worker


@dataclass(frozen=True)
class _Early:
    worker: Worker
    target: str
    sandbox: Sandbox


_waiting: list[_Early] = []


def start_early(target: str, sandbox: Sandbox, libraries: Sequence[str]) -> None:
    """Start a worker for ``target`` in ``sandbox`` that imports ``libraries`` by its method ``warm_up``.

    Who needs such a worker `take_early`s it; one that nobody takes ends with `end_early`, or with this process.
    """
    worker = Worker(target, sandbox=sandbox)
    worker.tell("warm_up", libraries=list(libraries))
    _waiting.append(_Early(worker, target, sandbox))


def take_early(target: str, sandbox: Sandbox) -> Worker | None:
    """The worker that was started early for just that, once; it is the caller's from then on."""
    for early in _waiting:
        if (early.target, early.sandbox.to_json()) == (target, sandbox.to_json()):
            _waiting.remove(early)
            return early.worker
    return None


def end_early() -> None:
    """End the workers that nobody has taken."""
    while _waiting:
        _waiting.pop().worker.close()
