"""The golden predictions of a bundle: what a service is held against before it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlpack.core.errors import ParityError
from mlpack.runtime.session import Array, rows_in
from mlpack.runtime.signature import Signature
from mlpack.verify.align import align
from mlpack.verify.probes.axes import Axes
from mlpack.verify.trial import ORDINARY, Reference

GOLDEN_ROWS = 16


@dataclass(frozen=True)
class Golden:
    """Ordinary rows that the original answers: ``rows`` as it takes them, ``arrays`` as they stand in the bundle.

    Keys of ``arrays`` are ``input/NAME``, the rows as the packed model takes them, and ``output/NAME``, the original's answers
    to those very values.
    """

    rows: Mapping[str, Array]
    arrays: Mapping[str, Array]


def golden_of(reference: Reference, packed: Signature) -> Golden:
    """At most 16 rows, or the number that the model takes. Raises ParityError when the original answers no ordinary row."""
    alignment = align(reference.signature, packed)
    most = Axes.of(reference.signature, None).fixed_rows or GOLDEN_ROWS
    for probe in reference.probes():
        feed = reference.first_rows(probe, most)
        if probe.kind not in ORDINARY or not rows_in(feed, reference.signature.inputs):
            continue
        taken = alignment.to_candidate(feed)
        rows = alignment.as_candidate_sees(feed, taken) or feed
        answer = reference.peer.run(rows)
        if answer.outputs is None:
            continue
        outputs = {ours.name: answer.outputs[theirs.name] for theirs, ours in alignment.outputs}
        arrays = {f"input/{name}": array for name, array in taken.items()}
        return Golden(rows, arrays | {f"output/{name}": array for name, array in outputs.items()})
    raise ParityError("the original answers no ordinary row, so there is nothing to hold a service against")
