"""What `mlpack advise` does, from answers and perhaps a model to an advice."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlpack.advise.advice import Advice
from mlpack.advise.answers import Answers, answers_of
from mlpack.advise.commands import Named, commands_of
from mlpack.advise.decide import decide
from mlpack.advise.measure import facts_of, measure
from mlpack.advise.measurements import Measurements, ModelFacts
from mlpack.core.errors import UsageError
from mlpack.core.trust import Trust
from mlpack.scaffold.cache import Judged, Packing, bundle_for

LARGE = 1000
"""Numbers in a row from which on it counts as an image."""
_LONGEST_SECONDS = 60.0


def run_advise(
    path: Path | None,
    given: Mapping[str, Any],
    *,
    seconds: float,
    packing: Packing,
    trust: Trust,
    vouching: Sequence[str],
    tell: Callable[[str], None],
) -> Advice:
    """See `mlpack.advise`. Answers that cannot be are refused before anything is packed."""
    answers, assumed = answers_of(given, {})
    if path is None:
        if packing.given or vouching:
            option = [*packing.given, *vouching][0].partition("=")[0]
            raise UsageError(f"{option} is about a model, and none is named", hint=f"mlpack advise MODEL {option} ...")
        return _advice(answers, assumed, Named())
    if not 0 < seconds <= _LONGEST_SECONDS or not math.isfinite(seconds):
        raise UsageError(
            f"--seconds has to be above 0 and up to {_LONGEST_SECONDS:g}, and is {seconds:g}",
            hint="--seconds 2 is the usual",
        )
    judged = _bundle(path, trust, packing, tell)
    model = facts_of(judged.manifest)
    answers, assumed = answers_of(given, {"images": model.values >= LARGE})
    measured = measure(
        judged.manifest,
        rows=answers.rows_per_request,
        clients=answers.clients,
        seconds=seconds,
        vouching=vouching,
        tell=tell,
    )
    return _advice(answers, assumed, Named(path, _typed(packing), tuple(vouching)), model, measured)


def _bundle(path: Path, trust: Trust, packing: Packing, tell: Callable[[str], None]) -> Judged:
    from mlpack.scaffold.launch import check_extras

    check_extras()
    return bundle_for(path, trust, packing, tell)


def _advice(
    answers: Answers,
    assumed: tuple[str, ...],
    named: Named,
    model: ModelFacts | None = None,
    measured: Measurements | None = None,
) -> Advice:
    verdict = decide(answers, model, measured)
    return Advice(answers, assumed, verdict, commands_of(verdict, answers, named, model), model, measured)


def _typed(packing: Packing) -> tuple[str, ...]:
    """The options that shape a bundle, as they are typed."""
    options = {"--data": packing.data, "--name": packing.name, "--format": packing.format}
    return tuple(f"{option}={value}" for option, value in options.items() if value is not None)
