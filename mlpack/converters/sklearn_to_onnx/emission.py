"""What flows between the steps of an exact graph, and who writes the nodes of which estimator.

An emitter is a function of one file in ``emit/``, registered under the names of the classes of scikit-learn that it
writes. All arithmetic is float64, as scikit-learn's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from mlpack.core.errors import UnsupportedOperatorError
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.session import Array

Kind = Literal["number", "string", "text"]


@dataclass(frozen=True)
class Block:
    """A tensor of ``width`` columns: float64 or string of shape ``[batch, width]``; a text is ``[batch]``."""

    tensor: str
    width: int
    kind: Kind = "number"


@dataclass(frozen=True)
class Table:
    """The columns that a step takes or gives, in order."""

    blocks: tuple[Block, ...]

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(block.width for block in self.blocks)

    def matrix(self, graph: GraphWriter) -> str:
        """All columns as one tensor ``[batch, width]``. Raises UnsupportedOperatorError when kinds are mixed."""
        if len({block.kind for block in self.blocks}) != 1:
            raise UnsupportedOperatorError(
                "a step takes numbers and strings in one matrix", why="a tensor of ONNX holds one kind of value"
            )
        if len(self.blocks) == 1:
            return self.blocks[0].tensor
        return graph.node("Concat", *(block.tensor for block in self.blocks), axis=1)

    def select(self, graph: GraphWriter, positions: Sequence[int]) -> Table:
        """The columns at ``positions``, in that order."""
        if list(positions) == list(range(self.width)):
            return self
        located = [self._locate(position) for position in positions]
        chosen: list[Block] = []
        while located:
            block, _ = located[0]
            run = [offset for other, offset in _leading(located, block)]
            chosen.append(_take(graph, block, run))
            located = located[len(run) :]
        return Table(tuple(chosen))

    def _locate(self, position: int) -> tuple[Block, int]:
        for block in self.blocks:
            if position < block.width:
                return block, position
            position -= block.width
        raise IndexError(position)


def numbers(tensor: str, width: int) -> Table:
    """A table of one float64 matrix."""
    return Table((Block(tensor, width),))


def _leading(located: list[tuple[Block, int]], block: Block) -> Iterator[tuple[Block, int]]:
    for other, offset in located:
        if other is not block:
            return
        yield other, offset


def _take(graph: GraphWriter, block: Block, offsets: list[int]) -> Block:
    if offsets == list(range(block.width)):
        return block
    import numpy as np

    return Block(
        graph.node("Gather", block.tensor, graph.constant(offsets, np.int64), axis=1), len(offsets), block.kind
    )


@dataclass(frozen=True)
class Values:
    """A regression: a float64 tensor ``[batch]``, or ``[batch, width]`` where ``width`` is not None."""

    tensor: str
    width: int | None = None


@dataclass(frozen=True)
class Classes:
    """A classification: ``index`` is the int64 position ``[batch]`` in ``labels``.

    ``probabilities`` is ``[batch, classes]``; ``decision`` what decision_function gives: ``[batch]`` for two classes.
    """

    labels: Array
    index: str
    probabilities: str | None = None
    decision: str | None = None


@dataclass(frozen=True)
class MultiClasses:
    """A classification of several outputs."""

    outputs: tuple[Classes, ...]


Prediction = Values | Classes | MultiClasses
Transform = Callable[[GraphWriter, Any, Table], Table]
Predict = Callable[[GraphWriter, Any, Table], Prediction]

_TRANSFORMS: dict[str, Transform] = {}
_PREDICTS: dict[str, Predict] = {}


def transforms(*names: str) -> Callable[[Transform], Transform]:
    """Register the emitter of `transform` for classes of scikit-learn."""

    def register(emitter: Transform) -> Transform:
        _TRANSFORMS.update(dict.fromkeys(names, emitter))
        return emitter

    return register


def predicts(*names: str) -> Callable[[Predict], Predict]:
    """Register the emitter of `predict` (with its probabilities or decision function) for classes of scikit-learn."""

    def register(emitter: Predict) -> Predict:
        _PREDICTS.update(dict.fromkeys(names, emitter))
        return emitter

    return register


def emit_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Write what ``model.transform`` computes. Raises UnsupportedOperatorError."""
    emitter: Transform = _lookup(_TRANSFORMS, model, ("transform",))
    return emitter(graph, model, table)


def emit_predict(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """Write what ``model.predict`` and its probabilities or decision function compute.

    An estimator of another library is written by that library's own converter. Raises UnsupportedOperatorError.
    """
    from mlpack.converters.sklearn_to_onnx.foreign import emit_foreign, is_foreign

    if is_foreign(model):
        return emit_foreign(graph, model, table)
    emitter: Predict = _lookup(_PREDICTS, model, ("predict", "predict_proba", "decision_function"))
    return emitter(graph, model, table)


def emit_classes(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """Write a classifier of one output. Raises UnsupportedOperatorError for anything else."""
    prediction = emit_predict(graph, model, table)
    if not isinstance(prediction, Classes):
        raise unsupported(model, "it should give one class a row")
    return prediction


def emit_values(graph: GraphWriter, model: Any, table: Table) -> Values:
    """Write a regressor. Raises UnsupportedOperatorError for anything else."""
    prediction = emit_predict(graph, model, table)
    if not isinstance(prediction, Values):
        raise unsupported(model, "it should give a number a row")
    return prediction


def unsupported(model: Any, why: str) -> UnsupportedOperatorError:
    """The refusal of ``model``, for a reason that its user can act on."""
    return UnsupportedOperatorError(
        f"{type(model).__name__} cannot be converted",
        why=why,
        hint="keep this model in its own format: mlpack pack MODEL --format native",
    )


@contextmanager
def within(graph: GraphWriter, what: str, name: str, model: Any) -> Iterator[None]:
    """Write nodes under ``name``; a refusal from inside tells where it stands: ``step 2 'svd' (TruncatedSVD)``."""
    try:
        with graph.scope(name):
            yield
    except UnsupportedOperatorError as error:
        inner = error.message
        own = f"{type(model).__name__} cannot be converted"
        place = f"{what} '{name}' ({type(model).__name__})"
        message = f"{place} cannot be converted" if inner == own else f"{place} > {inner}"
        raise UnsupportedOperatorError(message, why=error.why, hint=error.hint, details=error.details) from error


def _lookup(emitters: dict[str, Any], model: Any, methods: tuple[str, ...]) -> Any:
    """The emitter of the nearest class of scikit-learn, unless a class derived from it has methods of its own."""
    for kind in type(model).__mro__:
        if kind.__module__.startswith("sklearn."):
            if kind.__name__ in emitters:
                return emitters[kind.__name__]
            break
        if any(method in vars(kind) for method in methods):
            raise unsupported(model, f"its class {kind.__qualname__} has a {methods[0]} of its own, in Python")
    else:
        raise unsupported(model, "its class is not one of scikit-learn's")
    raise unsupported(model, "mlpack has no ONNX form for it")
