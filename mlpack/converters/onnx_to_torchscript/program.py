"""The TorchScript program under construction: its lines, its buffers, its names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mlpack.converters.onnx_to_torchscript.errors import NoEquivalent, Refusal

Kind = Literal["Tensor", "List[Tensor]"]


@dataclass(frozen=True)
class Variable:
    """A TorchScript expression that stands for an ONNX value."""

    text: str
    kind: Kind = "Tensor"


@dataclass(frozen=True)
class Expression:
    """What a node becomes: source text that yields one value, or several to unpack."""

    text: str
    kinds: tuple[Kind, ...] = ("Tensor",)


@dataclass
class Program:
    """Shared by the graph and all its subgraphs."""

    opsets: dict[str, int]
    lines: list[str] = field(default_factory=list)
    buffers: dict[str, np.ndarray] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    depth: int = 1
    taken: set[str] = field(default_factory=set)

    def write(self, line: str) -> None:
        """Append one line of source at the current depth."""
        self.lines.append("    " * self.depth + line)

    def fresh(self, wish: str) -> str:
        """A TorchScript identifier, unused so far, that reads like `wish`."""
        clean = "v_" + re.sub(r"\W+", "_", wish, flags=re.ASCII).strip("_")
        name, suffix = clean, 1
        while name in self.taken:
            suffix += 1
            name = f"{clean}_{suffix}"
        self.taken.add(name)
        return name

    def add_buffer(self, wish: str, array: np.ndarray) -> str:
        """Register an array on the module and return the expression that reads it."""
        name = self.fresh(wish)
        self.buffers[name] = array
        return f"self.{name}"


class Scope:
    """The ONNX names visible in one (sub)graph; a subgraph sees those of the graphs around it."""

    def __init__(self, program: Program, parent: Scope | None = None) -> None:
        self.program = program
        self.parent = parent
        self._variables: dict[str, Variable] = {}
        self._constants: dict[str, np.ndarray] = {}

    def define(self, name: str, variable: Variable) -> None:
        """Bind an ONNX name to a TorchScript variable."""
        self._variables[name] = variable

    def declare(self, name: str, kind: Kind = "Tensor") -> str:
        """Bind an ONNX name to a new TorchScript variable and return the latter."""
        text = self.program.fresh(name)
        self.define(name, Variable(text, kind))
        return text

    def define_constant(self, name: str, array: np.ndarray) -> None:
        """Bind an ONNX name to an array known at conversion time; it becomes a buffer when first read as a tensor."""
        self._constants[name] = array

    def constant(self, name: str) -> np.ndarray | None:
        """The array behind a name, if it is known at conversion time."""
        if name in self._constants:
            return self._constants[name]
        if name in self._variables or self.parent is None:
            return None
        return self.parent.constant(name)

    def variable(self, name: str) -> Variable:
        """The TorchScript variable behind a name."""
        if name in self._variables:
            return self._variables[name]
        if name in self._constants:
            text = self.program.add_buffer(name, self._constants[name])
            self._variables[name] = Variable(text)
            return self._variables[name]
        if self.parent is None:
            raise NoEquivalent(f"the value {name!r} is produced by a node that was refused, or by none")
        return self.parent.variable(name)
