"""Finds the first layer where two models part, from fingerprints of every layer on both sides.

No names are compared: a Keras layer, a torch module and an ONNX node have none in common. A layer of the reference
counts as reproduced when some output inside the candidate has the same values in any order of the axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mlpack.core.framework import Framework
from mlpack.core.view import Block, Facts, Line
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.fingerprint import Fingerprint, fingerprint

__all__ = ["Fingerprint", "Parting", "collect", "first_difference"]

TOLERANCES = (1e-4, 1e-5, 1e-6)
"""Relative to the scale of a layer's output, tried in turn until something differs. Float32 rounding in deep networks
stays under the first, a wrong weight does not; the others are for models that part by little.
"""
RESEMBLES = 0.5
"""A candidate's output this close, and not reproduced, is the same layer gone wrong rather than another layer."""
MAX_NODES = 6


@dataclass(frozen=True)
class Parting:
    """Where two models part.

    ``stage`` is the reference's first layer that the candidate does not reproduce, ``after`` the last one that it does;
    ``nodes`` are the candidate's between there and its next agreement. ``not_visible`` are layers of the reference that
    the candidate computes in one with others. ``reordered`` are layers whose values agree but for their order.
    """

    verdict: Literal["parted", "agree", "unknown"]
    message: str
    stage: str | None = None
    after: str | None = None
    nodes: tuple[str, ...] = ()
    distance: float | None = None
    reproduced: int = 0
    stages: int = 0
    not_visible: tuple[str, ...] = ()
    reordered: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The parting as JSON-ready values."""
        document = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in document.items()}

    def view(self) -> Sequence[Block]:
        """What happened, then where."""
        blocks: list[Block] = [Line(self.message, "good" if self.verdict == "agree" else "warn")]
        if self.verdict == "parted":
            pairs = [
                ("first layer that differs", self.stage or ""),
                ("last layer that agrees", self.after or "none"),
                ("in the candidate", ", ".join(self.nodes) or "no layer of that size"),
                ("layers reproduced", f"{self.reproduced} of {self.stages}"),
            ]
            blocks.append(Facts(pairs, "Where they part"))
        return blocks


@dataclass(frozen=True)
class _Match:
    """The candidate stage nearest to a reference stage: its position, and how far away it is."""

    place: int | None
    distance: float


def collect(framework: Framework, model: Any, signature: Signature, feed: Feed) -> list[Fingerprint]:
    """A fingerprint of each layer's output, in the order of execution; each output is dropped once it is taken.

    The model's own outputs come last: what a torch module computes outside its parts shows nowhere else.
    """
    found: list[Fingerprint] = []

    def visit(name: str, array: Array) -> None:
        taken = fingerprint(name, array)
        if taken is not None:
            found.append(taken)

    framework.stages(model, signature, feed, visit)
    seen = {stage.name for stage in found}
    with framework.session(model, signature) as session:
        for name, array in session.run(feed).items():
            if name not in seen:
                visit(f"output {name}", array)
    return found


def first_difference(
    reference: Sequence[Fingerprint], candidate: Sequence[Fingerprint], tolerance: float | None = None
) -> Parting:
    """The first stage of ``reference`` from which on ``candidate`` computes something else.

    ``tolerance`` is relative to the scale of each stage; without it the `TOLERANCES` are tried in turn. A stage that is not
    reproduced though later ones are counts as not visible (fused with its neighbour), unless the candidate has a stage in
    its place that resembles it and differs: that is a damaged branch beside a sound one.
    """
    wanted = TOLERANCES if tolerance is None else (tolerance,)
    parting = _first_difference(reference, candidate, wanted[0])
    for tighter in wanted[1:]:
        if parting.verdict != "agree":
            break
        parting = _first_difference(reference, candidate, tighter)
    return parting


def _first_difference(reference: Sequence[Fingerprint], candidate: Sequence[Fingerprint], tolerance: float) -> Parting:
    telling = [stage for stage in reference if stage.tells]
    if not telling or not candidate:
        side = "reference" if not telling else "candidate"
        return Parting("unknown", f"the {side} shows no layer whose values could be compared", stages=len(telling))
    matches = _match(telling, candidate, tolerance)
    agreeing = [place for place, match in enumerate(matches) if match.distance <= tolerance]
    reordered = _reordered(telling, candidate, matches, agreeing, tolerance)
    start = _damaged_branch(telling, candidate, matches, agreeing)
    if start is None:
        start = agreeing[-1] + 1 if agreeing else 0
    not_visible = tuple(stage.name for place, stage in enumerate(telling[:start]) if place not in agreeing)
    if start == len(telling):
        return Parting(
            "agree",
            f"all layers agree within {tolerance:g} of their scale: {len(agreeing)} of {len(telling)} were reproduced",
            reproduced=len(agreeing),
            stages=len(telling),
            not_visible=not_visible,
            reordered=reordered,
        )
    return _parting(telling, candidate, matches, agreeing, start, not_visible, reordered)


def _match(reference: Sequence[Fingerprint], candidate: Sequence[Fingerprint], tolerance: float) -> list[_Match]:
    """For each reference stage the candidate stage that reproduces it, after the last match if possible; else the nearest."""
    by_size: dict[int, list[int]] = {}
    for place, stage in enumerate(candidate):
        by_size.setdefault(stage.size, []).append(place)
    matches: list[_Match] = []
    reached = 0
    for stage in reference:
        distances = [(stage.distance(candidate[place]), place) for place in by_size.get(stage.size, [])]
        equal = [place for distance, place in distances if distance <= tolerance]
        if equal:
            # Parallel branches may come in another order: an earlier match is taken where there is no later one.
            place = next((place for place in equal if place >= reached), equal[-1])
            reached = max(reached, place)
            matches.append(_Match(place, min(distance for distance, other in distances if other == place)))
            continue
        nearest = min(distances, default=(float("inf"), None))
        matches.append(_Match(nearest[1], nearest[0]))
    return matches


def _damaged_branch(
    reference: Sequence[Fingerprint],
    candidate: Sequence[Fingerprint],
    matches: Sequence[_Match],
    agreeing: Sequence[int],
) -> int | None:
    """The first stage before the last agreement that a stage of the candidate in its place resembles but does not equal."""
    taken = {matches[place].place for place in agreeing}
    for place, match in enumerate(matches[: agreeing[-1]] if agreeing else []):
        if place in agreeing or match.place is None:
            continue
        low, high = _window(matches, agreeing, place, len(candidate))
        rivals = [spot for spot in range(low + 1, high) if spot not in taken]
        distances = [reference[place].distance(candidate[spot]) for spot in rivals]
        if distances and min(distances) < RESEMBLES:
            return place
    return None


def _window(matches: Sequence[_Match], agreeing: Sequence[int], place: int, end: int) -> tuple[int, int]:
    """The candidate's positions of the agreements around a reference stage."""
    before = [matches[other].place for other in agreeing if other < place]
    behind = [matches[other].place for other in agreeing if other > place]
    low = max((spot for spot in before if spot is not None), default=-1)
    high = min((spot for spot in behind if spot is not None and spot > low), default=end)
    return low, high


def _reordered(
    reference: Sequence[Fingerprint],
    candidate: Sequence[Fingerprint],
    matches: Sequence[_Match],
    agreeing: Sequence[int],
    tolerance: float,
) -> tuple[str, ...]:
    """Rows of features (two axes on both sides) whose values agree but stand in another order: a flatten gone wrong."""
    found: list[str] = []
    for place in agreeing:
        spot = matches[place].place
        if spot is None:
            continue
        stage, twin = reference[place], candidate[spot]
        if stage.shape == twin.shape and len(stage.shape) == 2 and not stage.same_order(twin, tolerance):
            found.append(stage.name)
    return tuple(found)


def _parting(
    reference: Sequence[Fingerprint],
    candidate: Sequence[Fingerprint],
    matches: Sequence[_Match],
    agreeing: Sequence[int],
    start: int,
    not_visible: tuple[str, ...],
    reordered: tuple[str, ...],
) -> Parting:
    stage, match = reference[start], matches[start]
    after = next((reference[place].name for place in reversed(agreeing) if place < start), None)
    low, high = _window(matches, agreeing, start, len(candidate))
    shown = _up_to_counterpart(stage, [candidate[spot] for spot in range(low + 1, high)])
    distance = match.distance if match.distance != float("inf") else None
    off = f"the nearest is off by {distance:.2g} of its scale" if distance is not None else "none has its size"
    message = f"they part at {stage.name}" + (f", after {after}" if after else ", from the first layer on")
    if shown:
        message += f"; in the candidate: {', '.join(shown[-MAX_NODES:])}"
    message += f" ({off})"
    if reordered:
        message += f"; the values of {reordered[-1]} are right but in another order"
    return Parting(
        "parted",
        message,
        stage=stage.name,
        after=after,
        nodes=shown[-MAX_NODES:],
        distance=distance,
        reproduced=len(agreeing),
        stages=len(reference),
        not_visible=not_visible,
        reordered=reordered,
    )


def _up_to_counterpart(stage: Fingerprint, nodes: Sequence[Fingerprint]) -> tuple[str, ...]:
    """The nodes up to the first that resembles ``stage`` about as much as any does; all where none has its size."""
    distances = [(stage.distance(node), place) for place, node in enumerate(nodes) if node.size == stage.size]
    nearest = min(distances, default=(0.0, 0))[0]
    end = next((place for distance, place in distances if distance <= 2 * nearest), len(nodes) - 1)
    return tuple(node.name for node in nodes[: end + 1])
