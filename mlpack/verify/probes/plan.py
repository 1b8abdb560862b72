"""What all probes are made from: the model's inputs, the sizes of their axes, and rows to change."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlpack.core.framework import InputHints
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.probe import Probe, ProbeKind
from mlpack.verify.probes.axes import Axes
from mlpack.verify.probes.column import Column, columns_of
from mlpack.verify.probes.draw import Style, draw, numpy_dtype

MAX_CELLS = 1 << 20
"""Values in one probe (8 MB as float64): an image model is tried with fewer rows, not with more memory."""
MAX_CHUNKS = 8
"""Feeds that a telling probe becomes where the model takes a fixed number of rows; a cruel one: `FEW_CHUNKS`."""
FEW_CHUNKS = 3


@dataclass(frozen=True)
class Plan:
    """The parts that every kind of probe uses. Equal plans make equal probes."""

    signature: Signature
    hints: InputHints
    data: Feed | None
    axes: Axes
    seed: int = 0

    @classmethod
    def of(cls, signature: Signature, hints: InputHints, data: Feed | None, seed: int) -> Plan:
        """A plan whose dynamic axes have the sizes of ``data`` where there is any."""
        given = None if data is None else {spec.name: _as_spec(data[spec.name], spec) for spec in signature.inputs}
        axes = Axes.of(signature, given)
        if given is not None and axes.rows_in(given) == 0:
            given = None
        return cls(signature, hints, given, axes, seed)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column of every input that has one row a sample."""
        return tuple(
            column
            for spec in self.signature.inputs
            if self.axes.positions[spec.name] == 0
            for column in columns_of(spec, self.signature, self.hints)
        )

    @cached_property
    def stored(self) -> dict[str, Array] | None:
        """The rows that the model itself carries, as a feed; None where it carries none for some input."""
        specs = self.signature.inputs
        carried = {spec.name: self.hints.rows.get(spec.name) for spec in specs}
        if not specs or any(self.axes.positions[spec.name] != 0 for spec in specs):
            return None
        count = min(0 if rows is None else len(rows) for rows in carried.values())
        if count == 0:
            return None
        feed: dict[str, Array] = {}
        for spec in specs:
            rows = carried[spec.name]
            shape = self.axes.shape_of(spec, count)
            if rows is None or rows[:count].size != math.prod(shape):
                return None
            feed[spec.name] = _as_spec(rows[:count], spec).reshape(shape)
        return feed

    @property
    def cells(self) -> int:
        """Values in one row of all inputs together."""
        return max(1, sum(self.axes.cells_of(spec) for spec in self.signature.inputs))

    def affordable(self, rows: int) -> int:
        """At most ``rows``, at least 2: what stays within `MAX_CELLS`."""
        return max(2, min(rows, MAX_CELLS // self.cells))

    def rng(self, label: str) -> np.random.Generator:
        """A generator of its own for each label, so that one probe's draws do not move another's."""
        return np.random.default_rng([self.seed, zlib.crc32(label.encode())])

    def drawn(self, rows: int, style: Style, label: str, sizes: Mapping[str, int] | None = None) -> dict[str, Array]:
        """A feed of ``rows`` rows drawn in ``style``; ``sizes`` overrides sizes of dynamic axes."""
        rng = self.rng(label)
        axes = self.axes.with_sizes(sizes or {})
        return {
            spec.name: draw(spec, axes.shape_of(spec, rows), columns_of(spec, self.signature, self.hints), rng, style)
            for spec in self.signature.inputs
        }

    def base(self, rows: int, label: str = "base") -> dict[str, Array]:
        """``rows`` rows to change: the user's or those that the model stores, from end to end, and drawn ones in turn."""
        feed = self.drawn(rows, "known", label)
        real = self.data if self.data is not None else self.stored
        if real is None or rows == 0:
            return feed
        own = self.take(real, spread(self.axes.rows_in(real), (rows + 1) // 2))
        for spec in self.signature.inputs:
            axis = self.axes.positions[spec.name]
            if axis is None:
                feed[spec.name] = own[spec.name]
                continue
            target, source = np.moveaxis(feed[spec.name], axis, 0), np.moveaxis(own[spec.name], axis, 0)
            target[::2] = np.resize(source, (len(target[::2]), *source.shape[1:]))
        return feed

    def take(self, feed: Feed, rows: Sequence[int] | NDArray[np.intp]) -> dict[str, Array]:
        """A copy of these rows of ``feed``, in this order; inputs without rows as they are."""
        taken: dict[str, Array] = {}
        for spec in self.signature.inputs:
            axis, array = self.axes.positions[spec.name], feed[spec.name]
            taken[spec.name] = array.copy() if axis is None else np.take(array, np.asarray(rows, np.intp), axis=axis)
        return taken

    def emit(
        self, name: str, kind: ProbeKind, feed: Feed, note: str = "", places: NDArray[np.intp] | None = None
    ) -> Iterator[Probe]:
        """The probe, or several of the fixed number of rows that the model takes."""
        fixed = self.axes.fixed_rows
        rows = self.axes.rows_in(feed)
        if fixed is None or rows == fixed:
            yield Probe(name, kind, feed, note, places)
            return
        chunks = -(-rows // fixed)
        chosen = spread(chunks, MAX_CHUNKS if kind in {"data", "drawn", "threshold"} else FEW_CHUNKS)
        left = f"{chunks - len(chosen)} of {chunks} batches of {fixed} left out" if len(chosen) < chunks else ""
        for chunk in chosen:
            rows_of_chunk = np.arange(chunk * fixed, (chunk + 1) * fixed) % rows
            part = self.take(feed, rows_of_chunk)
            own = None if places is None else places[rows_of_chunk]
            yield Probe(f"{name}, batch {chunk + 1}", kind, part, join_notes(note, left), own)


def spread(total: int, wanted: int) -> NDArray[np.intp]:
    """At most ``wanted`` of ``range(total)``, evenly spread, first and last included."""
    if total <= wanted:
        return np.arange(total, dtype=np.intp)
    return np.unique(np.linspace(0, total - 1, wanted).round().astype(np.intp))


def join_notes(*notes: str) -> str:
    """The notes that say something, in one line."""
    return "; ".join(note for note in notes if note)


def _as_spec(array: Array, spec: TensorSpec) -> Array:
    if not spec.is_numeric:
        return array.astype(object, copy=False)
    return array.astype(numpy_dtype(spec), copy=False)
