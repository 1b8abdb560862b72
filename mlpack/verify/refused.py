"""What a running service may refuse, though the original answers it.

A service keeps a contract that a library does not: it takes no NaN where nothing is meant by it, no infinities, which JSON
has no word for, and no ids beyond a table. Such rows bind nobody, and are left out of what is compared; the refusal of any
other row that the original answers is a FAIL.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlpack.verify.align import Alignment
from mlpack.verify.compare import Rows
from mlpack.verify.peer import Answer, Peer
from mlpack.verify.probes.column import columns_of
from mlpack.verify.trial import Asked, Reference, ask_again

_MESSAGE = (
    "the service refuses rows that bind nobody: a value or the original's own answer is not finite, or an id is beyond "
    "its table"
)


def without_refused(asked: Asked, reference: Reference, candidate: Peer, alignment: Alignment) -> Asked:
    """``asked`` as it is where the service answered it, else asked again without the rows that bind nobody.

    Where it refuses what is left, that is narrowed down to one row, which its refusal then names. Raises WorkerError.
    """
    if asked.candidate.outputs is not None or asked.reference.outputs is None or not asked.rows:
        return asked
    binding = _binding(asked, reference, alignment)
    places = np.flatnonzero(binding)
    if not places.size or (places.size < asked.rows and not _is_free(alignment)):
        return replace(asked, refused=_MESSAGE)
    if places.size < asked.rows:
        again = ask_again(asked, places, candidate, alignment)
        if again.candidate.outputs is not None:
            return replace(again, refused=_MESSAGE)
    return _narrowed(asked, places, candidate, alignment) if _is_free(alignment) else asked


def _narrowed(asked: Asked, places: NDArray[np.intp], candidate: Peer, alignment: Alignment) -> Asked:
    """One of the rows at ``places``, which are refused together, that is refused alone; all of them where none is."""
    while len(places) > 1:
        half = places[: len(places) // 2]
        answered = ask_again(asked, half, candidate, alignment).candidate.outputs is not None
        places = places[len(half) :] if answered else half
    alone = ask_again(asked, places, candidate, alignment)
    if alone.candidate.outputs is not None:
        return asked
    return replace(
        alone, candidate=Answer(None, f"row {asked.probe.place_of(int(places[0]))}: {alone.candidate.raised}")
    )


def _binding(asked: Asked, reference: Reference, alignment: Alignment) -> Rows:
    """The rows to which the original's answer is one that a service has to give."""
    assert asked.reference.outputs is not None
    binding = np.ones(asked.rows, dtype=bool)
    for array in asked.reference.outputs.values():
        if array.dtype.kind in "fV" and array.ndim and len(array) == asked.rows:
            binding &= _each_row(np.isfinite(array.astype(np.float64)))
    if not reference.hints.takes_missing:
        for rows in asked.input_rows("f"):
            binding &= ~np.isnan(rows).any(axis=1)
    for array in alignment.to_candidate(asked.probe.feed).values():
        if array.dtype.kind == "f" and array.ndim and len(array) == asked.rows:
            binding &= _each_row(~np.isinf(array))
    return binding & _within_tables(asked, reference)


def _within_tables(asked: Asked, reference: Reference) -> Rows:
    """The rows without an id below the first or beyond the last of a table that it indexes."""
    within = np.ones(asked.rows, dtype=bool)
    signature, axes = reference.signature, dict(asked.batch_axes)
    for spec in signature.inputs:
        if axes.get(spec.name) != 0:
            continue
        for column in columns_of(spec, signature, reference.hints):
            hint = column.hint
            if not hint.integral or hint.categories or hint.low is None or hint.high is None:
                continue
            array = asked.probe.feed[spec.name]
            values = array if column.index is None else array[..., column.index]
            within &= _each_row((values >= hint.low) & (values <= hint.high))
    return within


def _each_row(holds: NDArray[np.bool_]) -> Rows:
    return np.asarray(holds.reshape(len(holds), -1).all(axis=1))


def _is_free(alignment: Alignment) -> bool:
    """Whether the service takes any number of rows."""
    return any(spec.batch_axis is not None for spec in alignment.candidate.inputs)
