"""One ONNX node as its emitter sees it: inputs as source text, attributes as Python values.

Every attribute and input must be read by the emitter: what nobody read nobody implements, and the node is refused
rather than converted to something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from mlpack.converters.onnx_to_torchscript.errors import NoEquivalent
from mlpack.converters.onnx_to_torchscript.values import array_of, literal

if TYPE_CHECKING:
    import onnx

    from mlpack.converters.onnx_to_torchscript.program import Kind, Scope


class Call:
    """A node, the scope it stands in, and the version of the operator set it is written against."""

    def __init__(self, node: onnx.NodeProto, scope: Scope) -> None:
        self.node = node
        self.scope = scope
        self.domain = "" if node.domain == "ai.onnx" else node.domain
        self.opset = scope.program.opsets.get(self.domain, 1)
        self._attributes = {attribute.name: attribute for attribute in node.attribute}
        self._unread_attributes = set(self._attributes)
        self._unread_inputs = {index for index, name in enumerate(node.input) if name}

    def refuse(self, reason: str) -> NoReturn:
        """Give up on the node: it cannot be converted exactly."""
        raise NoEquivalent(reason)

    def check_all_read(self) -> None:
        """Refuse when an attribute or input was given that the emitter does not know."""
        if self._unread_attributes:
            self.refuse(f"attribute {min(self._unread_attributes)!r} is not implemented")
        if self._unread_inputs:
            self.refuse(f"input number {min(self._unread_inputs)} is not implemented")

    # inputs

    def has(self, index: int) -> bool:
        """Whether the optional input is there."""
        return index < len(self.node.input) and bool(self.node.input[index])

    def count(self) -> int:
        """The number of inputs, absent optional ones in between included."""
        return len(self.node.input)

    def kind(self, index: int) -> Kind:
        """Tensor or sequence of tensors."""
        return self.scope.variable(self.node.input[index]).kind

    def input(self, index: int) -> str:
        """The expression of a required input."""
        if not self.has(index):
            self.refuse(f"required input number {index} is missing")
        self._unread_inputs.discard(index)
        return self.scope.variable(self.node.input[index]).text

    def optional(self, index: int) -> str:
        """The expression of an optional input, or None."""
        return self.input(index) if self.has(index) else "None"

    def inputs(self) -> list[str]:
        """All inputs, of a variadic operator."""
        return [self.input(index) for index in range(self.count())]

    def constant(self, index: int) -> np.ndarray | None:
        """The input's array, when it is known at conversion time."""
        if not self.has(index):
            return None
        array = self.scope.constant(self.node.input[index])
        if array is not None:
            self._unread_inputs.discard(index)
        return array

    def ignore_input(self, index: int) -> None:
        """The input is there, and does not matter to the result."""
        self._unread_inputs.discard(index)

    def int_list(self, index: int) -> str:
        """An integer tensor input as a List[int]: a literal where it is known, else read at run time."""
        array = self.constant(index)
        if array is not None:
            return literal([int(item) for item in array.ravel()])
        return f"ops_shape.int_list({self.input(index)})"

    def axes(self, index: int, name: str = "axes") -> str | None:
        """Axes that older operator sets give as an attribute and newer ones as an input; None when absent."""
        if self.has_attribute(name):
            return literal(self.integers(name))
        return self.int_list(index) if self.has(index) else None

    # attributes

    def has_attribute(self, name: str) -> bool:
        """Whether the attribute is set on the node."""
        return name in self._attributes

    def ignore(self, *names: str) -> None:
        """These attributes do not change the result of inference."""
        self._unread_attributes -= set(names)

    def attribute(self, name: str) -> onnx.AttributeProto | None:
        """The raw attribute, marked as read."""
        self._unread_attributes.discard(name)
        return self._attributes.get(name)

    def integer(self, name: str, default: int = 0) -> int:
        """An integer attribute."""
        attribute = self.attribute(name)
        return default if attribute is None else int(attribute.i)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A 0/1 attribute."""
        return bool(self.integer(name, int(default)))

    def real(self, name: str, default: float = 0.0) -> float:
        """A float attribute: the float32 value that the file holds, exactly."""
        attribute = self.attribute(name)
        return default if attribute is None else float(attribute.f)

    def text(self, name: str, default: str = "") -> str:
        """A string attribute."""
        attribute = self.attribute(name)
        return default if attribute is None else str(attribute.s.decode())

    def integers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """A list of integers."""
        attribute = self.attribute(name)
        return default if attribute is None else tuple(int(item) for item in attribute.ints)

    def reals(self, name: str) -> tuple[float, ...]:
        """A list of floats."""
        attribute = self.attribute(name)
        return () if attribute is None else tuple(float(item) for item in attribute.floats)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        attribute = self.attribute(name)
        return () if attribute is None else tuple(item.decode() for item in attribute.strings)

    def tensor(self, name: str) -> np.ndarray | None:
        """A tensor attribute."""
        attribute = self.attribute(name)
        return None if attribute is None or not attribute.HasField("t") else array_of(attribute.t)

    def graph(self, name: str) -> onnx.GraphProto:
        """A subgraph."""
        attribute = self.attribute(name)
        if attribute is None:
            self.refuse(f"attribute {name!r} is missing")
        return attribute.g

    # output

    def outputs(self) -> list[str]:
        """The names of the outputs; an empty name is an output nobody reads."""
        return list(self.node.output)

    def wants(self, index: int) -> bool:
        """Whether an optional output is used."""
        return index < len(self.node.output) and bool(self.node.output[index])

    def buffer(self, role: str, array: np.ndarray) -> str:
        """Keep an array of this node's attributes on the module; returns the expression that reads it."""
        owner = self.node.name or self.node.op_type
        return self.scope.program.add_buffer(f"{owner}_{role}", array)
