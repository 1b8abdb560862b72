"""Which input and output of a candidate stands for which of the reference, and what the way between them costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mlpack.core.errors import ParityError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.absent import with_text


@dataclass(frozen=True)
class Alignment:
    """The inputs and outputs of two signatures, paired.

    ``inputs`` holds, for each input of the candidate, the names of the reference's inputs it is made of: one name, or
    several single columns to be joined. ``splits`` are (candidate's input, reference's matrix, column) triples for a
    candidate that takes a matrix column by column. ``fill`` is what the candidate reads as text where one is missing, by the
    reference's column.
    """

    reference: Signature
    candidate: Signature
    inputs: tuple[tuple[str, tuple[str, ...]], ...]
    splits: tuple[tuple[str, str, int], ...]
    outputs: tuple[tuple[TensorSpec, TensorSpec], ...]
    fill: Mapping[str, str] = field(default_factory=dict)

    def to_candidate(self, feed: Feed) -> dict[str, Array]:
        """The feed as the candidate takes it: renamed, joined or split, and cast to the candidate's dtypes."""
        taken: dict[str, Array] = {}
        feed = with_text(feed, self.reference, self.fill) if self.fill else feed
        for name, sources in self.inputs:
            spec = self.candidate.input(name)
            parts = [np.asarray(feed[source]) for source in sources]
            joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
            taken[name] = _cast(_with_rank(joined, len(spec.shape)), spec)
        for name, matrix, column in self.splits:
            spec = self.candidate.input(name)
            taken[name] = _cast(_with_rank(np.asarray(feed[matrix])[:, [column]], len(spec.shape)), spec)
        return taken

    def as_candidate_sees(self, feed: Feed, taken: Mapping[str, Array]) -> dict[str, Array] | None:
        """``feed`` in the reference's own dtypes with the values that are left of it after the cast to the candidate's.

        None where the cast changes no value.
        """
        seen: dict[str, Array] = {}
        changed = False
        for spec in self.reference.inputs:
            original = np.asarray(feed[spec.name])
            if original.dtype.kind in "OUS":
                seen[spec.name] = original
                continue
            with np.errstate(all="ignore"):
                back = self._back(spec.name, original, taken).astype(original.dtype)
            changed = changed or not np.array_equal(back, original, equal_nan=original.dtype.kind == "f")
            seen[spec.name] = back
        return seen if changed else None

    def _back(self, name: str, original: Array, taken: Mapping[str, Array]) -> Array:
        pieces = [(column, taken[target]) for target, matrix, column in self.splits if matrix == name]
        if pieces:
            ordered = [array.reshape(len(original), 1) for _, array in sorted(pieces, key=lambda piece: piece[0])]
            return np.concatenate(ordered, axis=1)
        target, sources = next((target, sources) for target, sources in self.inputs if name in sources)
        if len(sources) == 1:
            return taken[target].reshape(original.shape)
        return taken[target][:, [sources.index(name)]].reshape(original.shape)


def align(reference: Signature, candidate: Signature) -> Alignment:
    """Pair the inputs and outputs of two models: by name where the names agree, else by position.

    A matrix pairs with single columns, either way round. Raises ParityError where the inputs do not correspond.
    """
    inputs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    splits: tuple[tuple[str, str, int], ...] = ()
    names, targets = [spec.name for spec in reference.inputs], [spec.name for spec in candidate.inputs]
    if set(names) == set(targets):
        inputs = tuple((name, (name,)) for name in targets)
    elif len(names) == len(targets):
        inputs = tuple((target, (name,)) for target, name in zip(targets, names, strict=True))
    elif len(targets) == 1 and all(spec.shape[1:] == (1,) for spec in reference.inputs):
        inputs = ((targets[0], tuple(names)),)
    elif len(names) == 1 and _width(reference.inputs[0]) == len(targets):
        splits = tuple((target, names[0], at) for target, at in _columns(reference, names[0], targets).items())
    else:
        raise ParityError(
            "the inputs of the two models do not correspond",
            why=f"the reference takes {_listed(reference.inputs)}; the candidate takes {_listed(candidate.inputs)}",
            hint="compare the two with: mlpack inspect",
        )
    return Alignment(reference, candidate, inputs, splits, _pair_outputs(reference, candidate))


def _pair_outputs(reference: Signature, candidate: Signature) -> tuple[tuple[TensorSpec, TensorSpec], ...]:
    theirs = {spec.name: spec for spec in candidate.outputs}
    if any(spec.name in theirs for spec in reference.outputs):
        return tuple((spec, theirs[spec.name]) for spec in reference.outputs if spec.name in theirs)
    return tuple(zip(reference.outputs, candidate.outputs, strict=False))


def _columns(reference: Signature, matrix: str, targets: list[str]) -> dict[str, int]:
    known = list(reference.columns.get(matrix, ()))
    if set(known) == set(targets):
        return {target: known.index(target) for target in targets}
    return {target: position for position, target in enumerate(targets)}


def _width(spec: TensorSpec) -> int | None:
    last = spec.shape[-1] if len(spec.shape) == 2 else None
    return last if isinstance(last, int) else None


def _with_rank(array: Array, rank: int) -> Array:
    if array.ndim == rank + 1 and array.shape[-1] == 1:
        return array[..., 0]
    if array.ndim == rank - 1:
        return array[..., np.newaxis]
    return array


def _cast(array: Array, spec: TensorSpec) -> Array:
    if spec.dtype == "string":
        return array.astype(object)
    if array.dtype.kind in "OUS":
        raise ParityError(f"the candidate's input {spec.name} takes {spec.dtype} where the reference takes strings")
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(array.astype(np.dtype(spec.dtype)))


def _listed(specs: tuple[TensorSpec, ...]) -> str:
    return ", ".join(str(spec) for spec in specs)
