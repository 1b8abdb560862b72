"""What `mlpack convert` does, from a path to a proven file."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlpack.convert import SOURCE
from mlpack.convert.attempts import Attempts, Kept, Terms, warm_candidate
from mlpack.convert.destination import check_beside, check_destination, replaced_at
from mlpack.convert.result import ConversionResult
from mlpack.convert.routes import Route, find_routes, target_format
from mlpack.core.errors import NoRouteError, ParityError, UnsupportedOperatorError, UsageError
from mlpack.core.format import Format
from mlpack.core.model_file import sha256_of
from mlpack.core.publish import publish_file
from mlpack.core.trust import Trust
from mlpack.verify.probes import example
from mlpack.verify.report import ParityReport
from mlpack.verify.subject import Subject, open_subject, start, subject_of
from mlpack.verify.trial import Reference

LARGE = 256 << 20
"""Bytes from which on two of a model in memory are one too many, and a second of waiting is none."""


def run_convert(
    model: Any,
    output: Path,
    *,
    to: str | None,
    data: Any,
    opset: int | None,
    wish: tuple[float | None, float | None],
    trust: Trust,
    verify: bool,
    budget: float,
    require_sandbox: bool,
    force: bool,
) -> ConversionResult:
    """See `mlpack.convert`."""
    started = time.monotonic()
    subject = subject_of(model)
    check_destination(subject, output)
    target = target_format(output, to)
    replaced = replaced_at(output, force=force)
    _check_opset(opset)
    terms = Terms(wish, trust, opset, verify, budget, require_sandbox)
    with ExitStack() as stack:
        route, attempts, kept = prove(subject, target, output.name, data, terms, stack, frugal=True)
        result = result_of(subject, attempts, route, kept, output, time.monotonic() - started)
        beside = [place for place in map(Path, result.files) if place != output]
        check_beside(beside, known=bool(replaced) or force)
        _publish(kept, output)
        return replace(result, replaced=replaced)


def prove(
    subject: Subject,
    target: Format,
    name: str,
    data: Any,
    terms: Terms,
    stack: ExitStack,
    *,
    frugal: bool = False,
) -> tuple[Route, Attempts, Kept]:
    """Open the original, convert it to ``target``, and prove the result; ``name`` is what the file will be called.

    With ``frugal`` a large original is not kept in memory beside what it was only saved anew as.

    The staged file is gone when ``stack`` ends. Raises NoRouteError, UnsupportedOperatorError, and ParityError with
    the ConversionResult as its ``result``.
    """
    started = time.monotonic()
    found = _routes(subject.framework, subject, target) if subject.framework else []
    worker = start(subject, SOURCE, "reference", require_sandbox=terms.require_sandbox)
    stack.enter_context(worker)
    frugal = frugal and subject.path is not None and subject.path.stat().st_size > LARGE
    warm = None
    if found and terms.verify and not frugal:
        warm = stack.enter_context(warm_candidate(found[0], subject.framework or "", worker.scratch, terms))
    peer = open_subject(subject, worker, terms.trust, subject.sample(data), terms.hang)
    found = found or _routes(peer.framework, subject, target)
    hints = peer.hints()
    reference = Reference(peer, hints, subject.feed(data, peer.signature))
    shown = example(peer.signature, hints, reference.data)
    attempts = Attempts(subject, reference, shown, terms, stack, name, frugal, warm)
    if terms.verify:
        reference.answer_all(terms.budget)
    for route in found:
        kept = attempts.run(route)
        if kept is not None:
            return route, attempts, kept
        if attempts.hopeless:
            break
    if attempts.last_report is None:
        raise _unsupported(attempts, found[0])
    failed = result_of(subject, attempts, found[0], None, None, time.monotonic() - started)
    raise ParityError(
        f"no conversion to {found[0].target.title} answers like the original: {attempts.last_report.reason}",
        hint=_advice(attempts.last_report),
        result=failed,
    )


def _advice(report: ParityReport) -> str:
    """What to do where nothing was written."""
    if report.verdict == "VACUOUS" and not report.probes:
        return "nothing was written; give it more time: --budget 60"
    return "nothing was written; --no-verify writes it all the same and marks it UNVERIFIED"


def result_of(
    subject: Subject,
    attempts: Attempts,
    route: Route,
    kept: Kept | None,
    output: Path | None,
    seconds: float,
) -> ConversionResult:
    """The result that a command prints; ``output`` is where ``kept`` is about to be put."""
    staged = kept.files if kept and output else []
    return ConversionResult(
        source=str(subject.path) if subject.path else type(subject.model).__qualname__,
        source_format=subject.format.name if subject.format else "object",
        framework=attempts.reference.peer.framework,
        target_format=route.target.name,
        route=_described(subject, route),
        output=str(output) if output else None,
        sha256=sha256_of(kept.path) if kept else "",
        files=tuple(str(_place(path, kept.path, output)) for path in staged if kept and output),
        size=sum(path.stat().st_size for path in staged),
        variant=kept.variant if kept else "",
        summary=kept.summary if kept else "",
        report=kept.report if kept else attempts.last_report,
        refused=tuple(attempts.refused),
        sandbox=attempts.sandbox,
        seconds=seconds,
    )


def _check_opset(opset: int | None) -> None:
    if opset is None:
        return
    from onnx.defs import onnx_opset_version

    if opset > onnx_opset_version():
        raise UsageError(
            f"there is no opset {opset}",
            why=f"the highest that this onnx knows is {onnx_opset_version()}",
            hint="leave --opset out, and one that the model needs is taken",
        )


def _described(subject: Subject, route: Route) -> str:
    """The formats at both ends and the frameworks between them: ``joblib → sklearn → onnx``."""
    steps = [subject.format.name if subject.format else "object", *str(route).split(" → "), route.target.name]
    return " → ".join(step for place, step in enumerate(steps) if place == 0 or step != steps[place - 1])


def _routes(framework: str, subject: Subject, target: Format) -> list[Route]:
    """The routes to ``target``. Raises NoRouteError."""
    from mlpack.frameworks import all_frameworks

    if framework not in all_frameworks():
        raise NoRouteError(f"{subject.path} holds no model that mlpack knows", hint="mlpack inspect says what it holds")
    return find_routes(framework, subject.format.title if subject.format else "an object", target)


def _unsupported(attempts: Attempts, route: Route) -> UnsupportedOperatorError:
    """Why nothing could be built at all: the word of the most exact variant, with all of them as details."""
    first = attempts.failures[-1]
    return UnsupportedOperatorError(
        f"{route.target.title} cannot express this model: {first.message}",
        why=first.why,
        hint=first.hint or "mlpack formats shows what else it can become",
        details="\n".join(f"{refusal.variant}: {refusal.reason}" for refusal in attempts.refused),
    )


def _publish(kept: Kept, output: Path) -> None:
    """Put the staged file and what belongs to it in place, the file itself last. Raises OutputError."""
    for path in reversed(kept.files):
        publish_file(path, _place(path, kept.path, output))


def _place(path: Path, staged: Path, output: Path) -> Path:
    """Where a file beside the staged one goes: named after the output as it is named after the staged file."""
    return output.with_name(path.name.replace(staged.name, output.name, 1))
