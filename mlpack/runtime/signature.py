"""The signature of a model: which tensors go in, which come out, and what the model knows about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Dim = int | str
"""A fixed size, or the name of a dynamic axis (``"batch"``)."""

Scalar = str | int | float | bool
"""A category or class label, as JSON holds it."""

Role = Literal["tensor", "label", "probabilities", "decision"]
"""What an output means: ``label`` is a class, ``probabilities`` has one column a class."""


_BY_NAME = ("columns", "categories", "classes", "ranges")
_NAMES = ("missing", "closed")


@dataclass(frozen=True)
class TensorSpec:
    """One named tensor.

    ``dtype`` is a NumPy name (``"float32"``, ``"int64"``, ``"bool"``) or ``"string"``.
    ``shape`` holds sizes and named dims; the batch axis is called ``"batch"``.
    """

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    role: Role = "tensor"

    @property
    def batch_axis(self) -> int | None:
        """Where the batch axis is; None for a tensor that has none."""
        return self.shape.index("batch") if "batch" in self.shape else None

    @property
    def is_numeric(self) -> bool:
        """True unless the tensor holds strings."""
        return self.dtype != "string"

    @property
    def is_floating(self) -> bool:
        """True for float16, bfloat16, float32 and float64."""
        return "float" in self.dtype

    def to_json(self) -> dict[str, Any]:
        """The specification as JSON-ready values; ``role`` only where it says something."""
        document: dict[str, Any] = {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}
        if self.role != "tensor":
            document["role"] = self.role
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TensorSpec:
        """The inverse of `to_json`. Raises KeyError when a field is missing."""
        return cls(document["name"], document["dtype"], tuple(document["shape"]), document.get("role", "tensor"))

    def __str__(self) -> str:
        """``name: dtype[dim, dim]``, as tables show it."""
        return f"{self.name}: {self.dtype}[{', '.join(str(dim) for dim in self.shape)}]"


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a model, in the order in which the model takes and gives them.

    ``columns`` names the columns (last axis) of an input; ``categories`` lists the values that a column (by column
    name, or by input name where an input is one column) may take; ``classes`` lists the class labels behind a
    ``label`` or ``probabilities`` output, in the order of the probability columns.

    What a service refuses on the strength of it, by column name, or by input name where columns have none: values may be
    missing (NaN) in those of ``missing`` and in no others; those of ``closed`` take their categories and nothing else;
    ``ranges`` are bounds, both included, beyond which the model reads what is not its own (the ids of an embedding).

    Text that is missing is read as an empty one in a column of ``missing``, and in a column of ``fill`` as the text that it has
    there: what the original answers to a missing text is what it answers to that one.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    categories: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    classes: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)

    @property
    def nulls(self) -> dict[str, str]:
        """The text that a missing one is read as, by column; a column that is not among them has to have text."""
        return {**dict.fromkeys(self.missing, ""), **self.fill}

    def has_names(self, spec: TensorSpec) -> bool:
        """Whether the columns of the input ``spec`` have names of their own: ``x0``, ``x1`` only stand for their places."""
        names = self.columns.get(spec.name, ())
        return bool(names) and any(name != f"x{place}" for place, name in enumerate(names))

    def input(self, name: str) -> TensorSpec:
        """The input called ``name``. Raises KeyError."""
        return next_named(self.inputs, name)

    def output(self, name: str) -> TensorSpec:
        """The output called ``name``. Raises KeyError."""
        return next_named(self.outputs, name)

    def scores_of(self, label: TensorSpec) -> TensorSpec | None:
        """The probabilities or decision values that ``label`` was decided by; of several, those with the same ending."""
        scores = [spec for spec in self.outputs if spec.role in {"probabilities", "decision"}]
        ending = label.name.rpartition("_")[2] if "_" in label.name else ""
        matching = [spec for spec in scores if ending and spec.name.endswith("_" + ending)]
        if matching:
            return matching[0]
        return scores[0] if len(scores) == 1 else None

    def to_json(self) -> dict[str, Any]:
        """The signature as JSON-ready values; empty parts are left out."""
        document: dict[str, Any] = {
            "inputs": [spec.to_json() for spec in self.inputs],
            "outputs": [spec.to_json() for spec in self.outputs],
        }
        for part in _BY_NAME:
            mapping = getattr(self, part)
            if mapping:
                document[part] = {name: list(values) for name, values in mapping.items()}
        for part in _NAMES:
            if getattr(self, part):
                document[part] = list(getattr(self, part))
        if self.fill:
            document["fill"] = dict(self.fill)
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Signature:
        """The inverse of `to_json`. Raises KeyError when a field is missing."""
        by_name: dict[str, Any] = {
            part: {name: tuple(values) for name, values in document.get(part, {}).items()} for part in _BY_NAME
        }
        names: dict[str, Any] = {part: tuple(document.get(part, ())) for part in _NAMES}
        return cls(
            inputs=tuple(TensorSpec.from_json(spec) for spec in document["inputs"]),
            outputs=tuple(TensorSpec.from_json(spec) for spec in document["outputs"]),
            fill=dict(document.get("fill", {})),
            **by_name,
            **names,
        )


def next_named(specs: tuple[TensorSpec, ...], name: str) -> TensorSpec:
    """The specification called ``name``. Raises KeyError naming those there are."""
    for spec in specs:
        if spec.name == name:
            return spec
    raise KeyError(f"no tensor called {name!r}; there are {[spec.name for spec in specs]}")
