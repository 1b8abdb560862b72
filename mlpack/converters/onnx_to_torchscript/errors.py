"""What the conversion refuses, and why.

ValueError
└── UnsupportedOperator    one or more nodes of the graph have no exact TorchScript equivalent
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """One node (or graph input) that cannot be converted without changing what the model answers."""

    op_type: str
    domain: str
    node_name: str
    reason: str

    def __str__(self) -> str:
        operator = f"{self.domain}.{self.op_type}" if self.domain else self.op_type
        return f"{operator} (node {self.node_name!r}): {self.reason}"


class UnsupportedOperator(ValueError):  # noqa: N818 -- the project's own error, which wraps it, has the suffix
    """The graph holds operators that have no exact TorchScript equivalent.

    The attributes describe the first one; ``refusals`` lists all of them, so that one run tells everything.
    """

    def __init__(self, op_type: str, domain: str, node_name: str, reason: str, also: tuple[Refusal, ...] = ()) -> None:
        self.op_type = op_type
        self.domain = domain
        self.node_name = node_name
        self.reason = reason
        self.refusals = (Refusal(op_type, domain, node_name, reason), *also)
        listed = "\n".join(f"  - {refusal}" for refusal in self.refusals)
        super().__init__(
            f"{len(self.refusals)} node(s) of the ONNX graph have no exact TorchScript equivalent:\n{listed}\n"
            "Serve the ONNX file itself instead, or re-export the model without these operators."
        )

    @classmethod
    def from_refusals(cls, refusals: tuple[Refusal, ...]) -> UnsupportedOperator:
        """One error for all refusals of a graph; `refusals` must not be empty."""
        first, *rest = refusals
        return cls(first.op_type, first.domain, first.node_name, first.reason, tuple(rest))


class NoEquivalent(Exception):  # noqa: N818 -- internal signal, always caught and collected by graph.py
    """Raised while one node is being emitted; carries the reason only, the emitter adds which node it was."""
