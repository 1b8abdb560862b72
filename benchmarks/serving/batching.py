"""What batching gives a network of a thousand inputs and takes where nobody else waits, and latencies at half of the peak."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import Finding

from serving.bodies import Asked, oip_binary, predict
from serving.contenders import Echo
from serving.loads import Load, Target, constant_rate
from serving.ours import Mlpack, wide_asked
from serving.process import NotServingError, started
from serving.rounds import Effort, Results, run_rounds

MANY, ONE = 64, 1
WITH, WITHOUT, ECHO = "batching", "no batching", "echo"
REQUESTS: dict[str, Callable[[Asked], Target]] = {"OIP binary": oip_binary, "/predict": predict}


def measure_batching(bundle: Path, folder: Path, effort: Effort) -> Iterator[Finding]:
    """With batching against without, in turns, at 64 connections and at one; then one run at a constant rate."""
    many = _compared(bundle, MANY, folder / "many", effort)
    one = _compared(bundle, ONE, folder / "one", effort)
    for name in REQUESTS:
        with_, without = (_median(many, side, name) for side in (WITH, WITHOUT))
        detail = f"{with_.rate:,.0f}/s against {without.rate:,.0f}/s"
        promise = f"batching / none, network of 1024 wide layers, {MANY} connections, {name}"
        yield Finding(promise, with_.rate / without.rate, 2.0, "×", detail, larger=True)
    for name in REQUESTS:
        with_, without = (_median(one, side, name) for side in (WITH, WITHOUT))
        detail = f"{with_.p50 * 1000:.2f} ms against {without.p50 * 1000:.2f} ms"
        yield Finding(
            f"batching / none, the same, one connection, p50, {name}", with_.p50 / without.p50, 1.05, "×", detail
        )
    yield _at_half_of_the_peak(bundle, _median(many, WITH, "OIP binary").rate, folder / "half", effort)


def _compared(bundle: Path, connections: int, folder: Path, effort: Effort) -> Results:
    targets = [request(wide_asked(bundle, connections)) for request in REQUESTS.values()]
    sides = [Mlpack(bundle, targets, name=WITH), Mlpack(bundle, targets, ("--batching", "off"), WITHOUT)]
    return run_rounds(sides, folder, effort)


def _median(results: Results, side: str, target: str) -> Load:
    """Raises NotServingError where there is none: these are all ours, and have to run."""
    found = results.median(side, target)
    if found is None:
        raise NotServingError(f"{side}: {results.failures[side]}")
    return found


def _at_half_of_the_peak(bundle: Path, peak: float, folder: Path, effort: Effort) -> Finding:
    """Ours, and a bare echo in turns with it: what the machine itself holds up is in both."""
    target = oip_binary(wide_asked(bundle, MANY))
    contenders = (Mlpack(bundle, [target], name=WITH), Echo([target], ECHO))
    turns: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in contenders}
    folder.mkdir(parents=True)
    for _ in range(effort.rounds):
        for contender in contenders:
            with started(contender.launch(folder)) as serving:
                found = constant_rate(serving, target, peak / 2, effort.seconds * 2, folder)
            turns[contender.name].append(found)
    ours, echo = (statistics.median(p99 / p50 for p50, p99 in turns[name]) for name in (WITH, ECHO))
    p50, p99 = (statistics.median(figures) * 1000 for figures in zip(*turns[WITH], strict=True))
    told = f"{p99:.2f} ms against {p50:.2f} ms, {peak / 2:,.0f} requests/s, OIP binary"
    detail = f"{told}, without those under way while the loader was halted; a bare echo at that rate {echo:.1f} ×"
    return Finding("p99 / p50 at half of the peak, the same", ours, 5.0, "×", detail)
