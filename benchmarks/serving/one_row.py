"""One row a request: against bare echoes, and against every peer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from measure import Finding, Measured, Sheet

from serving.bodies import Asked
from serving.contenders import Contender, Echo, GrpcEcho
from serving.loads import Load
from serving.ours import PROTOCOLS, Mlpack, cancer_asked, cancer_expected, grpc_answer
from serving.rivals import BATCHING, peers
from serving.rounds import Effort, Results, run_rounds

TITLES = {"linear": "logistic regression", "forest": "forest of 100 trees"}
OF_THE_ECHO = {"/predict": 0.30, "OIP JSON": 0.45, "OIP binary": 0.70, "OIP gRPC": 0.85}
OF_THE_BEST_PEER = {"linear": 5.0, "forest": 20.0}
ECHO, GRPC_ECHO, OURS = "ASGI echo", "grpc.aio echo", "mlpack serve"
HEADS = ("model", "server", "request", "requests/s", "p50 ms", "p99 ms", "processor µs a request", "memory MB")


def measure_rows(bundles: Mapping[str, Path], folder: Path, effort: Effort) -> Iterator[Measured]:
    """The promises for each of ``bundles`` (``linear``, ``forest``), and one sheet of all that was measured."""
    rows: list[Sequence[str]] = [HEADS]
    for model, bundle in bundles.items():
        expected = cancer_expected(model)
        contenders = contenders_of(model, bundle, cancer_asked(bundle, expected), expected)
        results = run_rounds(contenders, folder / model, effort)
        yield from _against_echoes(model, results)
        yield _against_peers(model, [contender.name for contender in contenders[3:]], results)
        rows += [row for contender in contenders for row in rows_of(model, contender, results)]
    yield Sheet("One row of 30 floats, 16 connections, one worker", rows, 3, NOTES)


NOTES = (
    "Each server alone on one core, what loads it on another; medians of rounds in which all took turns.",
    "Latencies are of a server that is kept busy. Memory is of all processes of a server, a page that they share counted once.",
)


def contenders_of(model: str, bundle: Path, asked: Asked, expected: float) -> list[Contender]:
    """The echoes, ours, and the peers, in the order of their turns."""
    targets = [protocol(asked) for protocol in PROTOCOLS]
    return [
        Echo(targets, ECHO),
        GrpcEcho(targets, grpc_answer(bundle), GRPC_ECHO),
        Mlpack(bundle, targets, name=OURS),
        *peers(model, expected),
    ]


def _against_echoes(model: str, results: Results) -> Iterator[Finding]:
    for target, bound in OF_THE_ECHO.items():
        echo = GRPC_ECHO if target == "OIP gRPC" else ECHO
        promise = f"{target} / {'a bare grpc.aio' if echo == GRPC_ECHO else 'a bare ASGI'} echo, {TITLES[model]}"
        yield _ratio(promise, results.median(OURS, target), results.median(echo, target), bound, "", results)


def _against_peers(model: str, names: Sequence[str], results: Results) -> Finding:
    """Against the best as they come; the detail has the best of those with batching, which is an option of some."""
    best = results.best([name for name in names if not name.endswith(BATCHING)])
    name, load = best or ("", None)
    promise = f"/predict / the best peer, {TITLES[model]}"
    ours, batching = results.median(OURS, "/predict"), results.best([name for name in names if name.endswith(BATCHING)])
    finding = _ratio(promise, ours, load, OF_THE_BEST_PEER[model], name, results)
    if ours is None or batching is None:
        return finding
    optional = f"{ours.rate / batching[1].rate:.1f} × of {batching[0]} ({batching[1].rate:,.0f}/s)"
    return replace(finding, detail=f"{finding.detail}; {optional}")


def _ratio(promise: str, ours: Load | None, other: Load | None, bound: float, name: str, results: Results) -> Finding:
    """Requests a second against requests a second; the detail has processor time against processor time as well."""
    if ours is None or other is None:
        return Finding(
            promise, float("nan"), bound, "×", results.failures.get(OURS, "nothing to compare with"), larger=True
        )
    saved = other.processor / ours.processor
    detail = f"{ours.rate:,.0f}/s against {other.rate:,.0f}/s{f' of {name}' if name else ''}; {saved:.2f} × by processor time"
    return Finding(promise, ours.rate / other.rate, bound, "×", detail, larger=True)


def rows_of(model: str, contender: Contender, results: Results) -> Iterator[Sequence[str]]:
    """The figures of ``contender`` as rows under `HEADS`: one a request, or one that says why there are none."""
    failure = results.failures.get(contender.name)
    if failure is not None:
        yield (model, contender.name, f"not measured: {failure}", *[""] * 5)
        return
    for target in contender.targets():
        load = results.median(contender.name, target.name)
        if load is not None:
            yield (model, contender.name, target.name, *_figures(load))


def _figures(load: Load) -> Sequence[str]:
    return (
        f"{load.rate:,.0f}",
        f"{load.p50 * 1000:.2f}",
        f"{load.p99 * 1000:.2f}",
        f"{load.processor * 1e6:,.0f}",
        f"{load.memory / 1e6:,.0f}",
    )
