"""Runs contenders in turns, each alone: started, asked for a right answer, warmed, loaded, stopped."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from serving.contenders import Contender
from serving.loads import Load, Target, load, median_load
from serving.process import NotServingError, Serving, call, post, started

_NUMBER = re.compile(rb"-?\d+\.\d+(?:[eE][-+]?\d+)?")
_CLOSE = 1e-4


@dataclass(frozen=True)
class Effort:
    """How long each load lasts, in seconds, and how often every contender has its turn."""

    seconds: float = 4.0
    rounds: int = 3


@dataclass
class Results:
    """What each contender did, by the names of contender and target; and why one did nothing."""

    loads: dict[str, dict[str, list[Load]]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def median(self, contender: str, target: str) -> Load | None:
        """The medians of its rounds; None where it failed in one."""
        found = self.loads.get(contender, {}).get(target)
        return median_load(found) if found and contender not in self.failures else None

    def best(self, contenders: Sequence[str]) -> tuple[str, Load] | None:
        """The one of ``contenders`` that answered most requests a second."""
        medians = [(name, self.median(name, target)) for name in contenders for target in self.loads.get(name, {})]
        found = [(name, median) for name, median in medians if median is not None]
        return max(found, key=lambda pair: pair[1].rate) if found else None


def run_rounds(contenders: Sequence[Contender], folder: Path, effort: Effort) -> Results:
    """Every contender once a round. Whoever fails in one has no further turn."""
    results = Results()
    for contender in contenders:
        place = _place(folder, contender)
        place.mkdir(parents=True)
        with _noted(results, contender.name):
            contender.prepare(place)
    for turn in range(effort.rounds):
        for contender in contenders:
            if contender.name in results.failures:
                continue
            print(f"  {contender.name}, round {turn + 1}", file=sys.stderr, flush=True)
            with _noted(results, contender.name):
                _turn(contender, _place(folder, contender), effort.seconds, results)
    return results


@contextmanager
def _noted(results: Results, name: str) -> Iterator[None]:
    """Takes a failure down rather than let it end the others' turns."""
    try:
        yield
    except NotServingError as error:
        results.failures[name] = str(error)
        print(f"  {name}: {error}", file=sys.stderr, flush=True)


def _place(folder: Path, contender: Contender) -> Path:
    return folder / re.sub(r"\W+", "-", contender.name)


def _turn(contender: Contender, place: Path, seconds: float, results: Results) -> None:
    with started(contender.launch(place)) as serving:
        for target in contender.targets():
            check_answer(serving, target)
            measured = load(serving, target, seconds, place)
            results.loads.setdefault(contender.name, {}).setdefault(target.name, []).append(measured)


def check_answer(serving: Serving, target: Target) -> None:
    """Raises NotServingError unless what ``target`` expects is one of the numbers in the answer, or a call of gRPC succeeds."""
    if target.protocol == "grpc":
        call(serving.grpc_port, target.path, target.body)
    elif target.expected is not None:
        answer = post(serving.port, target.path, target.body, target.headers)
        if not any(abs(float(number) - target.expected) < _CLOSE for number in _NUMBER.findall(answer)):
            told = answer[:200].decode(errors="replace")
            raise NotServingError(f"{target.path} answered {told!r}, and not {target.expected:.4f}")
