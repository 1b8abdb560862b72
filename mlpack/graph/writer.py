"""Writes an ONNX graph node by node, with names that depend on the order of writing alone: equal models, equal bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpack.core.errors import UnsupportedOperatorError, UsageError
from mlpack.graph.rename import Renamer, used_names
from mlpack.runtime.signature import TensorSpec

if TYPE_CHECKING:
    import onnx

DEFAULT_OPSET = 21
OLDEST_OPSET = 15
ML_OPSET = 5
"""The version of ``ai.onnx.ml`` that brought ``TreeEnsemble``, the one tree operator that computes in float64."""
VOTES_ML_OPSET = 3
"""The last version in which a leaf may add to several targets."""

_IR_VERSION = 10
_REDUCE_AXES_AS_INPUT = 18


class OlderOpsetError(Exception):
    """The graph is written for an older ``ai.onnx.ml`` than one of its nodes is."""


class GraphWriter:
    """An ONNX graph in the making.

    Every method that adds a node returns the name of its output. `scope` puts a name in front of the nodes written
    inside it, so that a node can be traced to the step it came from.
    """

    def __init__(self, opset: int | None = None, *, ml_opset: int = ML_OPSET) -> None:
        self.opset = DEFAULT_OPSET if opset is None else opset
        self.ml_opset = ml_opset
        if self.opset < OLDEST_OPSET:
            raise UsageError(
                f"opset {self.opset} is too old for this model",
                why=f"its operators are written for opset {OLDEST_OPSET} and above",
                hint=f"--opset {DEFAULT_OPSET}",
            )
        self._nodes: list[Any] = []
        self._inputs: list[TensorSpec] = []
        self._outputs: list[TensorSpec] = []
        self._initializers: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}
        self._functions: dict[tuple[str, str], Any] = {}
        self._domains: dict[str, int] = {"": self.opset}
        self._scope = ""
        self._count = 0

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Nodes written inside carry ``name`` in front of theirs."""
        outer, self._scope = self._scope, f"{self._scope}/{name}"
        try:
            yield
        finally:
            self._scope = outer

    def input(self, spec: TensorSpec) -> str:
        """Declare a graph input."""
        self._inputs.append(spec)
        return spec.name

    def output(self, spec: TensorSpec, value: str) -> None:
        """Declare a graph output that is the tensor ``value``. Raises UnsupportedOperatorError where an input has its name."""
        if any(declared.name == spec.name for declared in self._inputs):
            raise UnsupportedOperatorError(
                f"an input and an output of the model are both called {spec.name!r}",
                why="names are unique in an ONNX graph",
                hint="rename the column before training",
            )
        self._append("Identity", [value], [spec.name], "", {})
        self._outputs.append(spec)

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A tensor that never changes; equal ones are stored once. Strings are object arrays."""
        from onnx import numpy_helper

        array = np.asarray(value, dtype=dtype)
        if array.dtype.kind in "US":
            array = array.astype(object)
        content = repr(array.tolist()).encode() if array.dtype.kind == "O" else np.ascontiguousarray(array).tobytes()
        key = (array.dtype.str, array.shape, content)
        if key not in self._constants:
            name = self._fresh("Constant")
            self._initializers.append(numpy_helper.from_array(array, name))
            self._constants[key] = name
        return self._constants[key]

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output."""
        return self.nodes(operator, 1, *inputs, domain=domain, **attributes)[0]

    def nodes(self, operator: str, outputs: int, *inputs: str, domain: str = "", **attributes: Any) -> tuple[str, ...]:
        """Add a node of several outputs."""
        name = self._fresh(operator)
        names = (name,) if outputs == 1 else tuple(f"{name}:{index}" for index in range(outputs))
        self._append(operator, list(inputs), list(names), domain, attributes)
        return names

    def reduce(self, operator: str, value: str, axis: int, *, keepdims: bool = False) -> str:
        """A reduction (``ReduceSum``, ``ReduceMax``...) over one axis, as the opset wants its axes."""
        if operator == "ReduceSum" or self.opset >= _REDUCE_AXES_AS_INPUT:
            return self.node(operator, value, self.constant([axis], np.int64), keepdims=int(keepdims))
        return self.node(operator, value, axes=[axis], keepdims=int(keepdims))

    def cast(self, value: str, dtype: str) -> str:
        """``value`` as a NumPy dtype by name."""
        return self.node("Cast", value, to=element_type(dtype))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """``value`` in a new shape; -1 is the rest, 0 keeps an axis (also one of size zero)."""
        return self.node("Reshape", value, self.constant(list(shape), np.int64))

    def loop(self, most: int, start: str, body: Callable[[GraphWriter, str], tuple[str, str]]) -> str:
        """Apply ``body`` to a float64 tensor, ``start`` at first, ``most`` times or until it says stop.

        ``body`` writes into the graph it is given and returns whether to go on (a bool scalar) and the next tensor; it
        may read any tensor of this graph.
        """
        from onnx import TensorProto, helper

        inner = GraphWriter(self.opset, ml_opset=self.ml_opset)
        inner._scope, inner._count = self._scope, self._count
        inner._constants, inner._initializers, inner._domains = self._constants, self._initializers, self._domains
        turn, asked, state = (inner._fresh(kind) for kind in ("Turn", "Asked", "State"))
        goes_on, following = (inner.node("Identity", value) for value in body(inner, state))
        self._count = inner._count
        graph = helper.make_graph(
            inner._nodes,
            "body",
            [
                helper.make_tensor_value_info(turn, TensorProto.INT64, []),
                helper.make_tensor_value_info(asked, TensorProto.BOOL, []),
                helper.make_tensor_value_info(state, TensorProto.DOUBLE, None),
            ],
            [
                helper.make_tensor_value_info(goes_on, TensorProto.BOOL, []),
                helper.make_tensor_value_info(following, TensorProto.DOUBLE, None),
            ],
        )
        return self.node("Loop", self.constant(most, np.int64), "", start, body=graph)

    def splice(self, model: onnx.ModelProto, inputs: Mapping[str, str]) -> dict[str, str]:
        """Copy the nodes of ``model`` into this graph, fed by ``inputs`` (its input names to tensors here).

        Returns its output names with the tensors that hold them here. Raises OlderOpsetError.
        """
        graph = model.graph
        renamer = Renamer(self._fresh("Graph"), inputs)
        used = used_names(graph.node) | {output.name for output in graph.output}
        for initializer in graph.initializer:
            if initializer.name in used:
                self._initializers.append(type(initializer)())
                self._initializers[-1].CopyFrom(initializer)
                self._initializers[-1].name = renamer.name(initializer.name)
        self._nodes += [renamer.node(node) for node in graph.node]
        for opset in model.opset_import:
            self._use_domain(opset.domain, opset.version)
        for function in model.functions:
            self._functions[(function.domain, function.name)] = function
        return {output.name: renamer.name(output.name) for output in graph.output}

    def finish(self, name: str = "model") -> onnx.ModelProto:
        """The checked model. Raises UnsupportedOperatorError when onnx refuses it."""
        import onnx
        from onnx import helper

        graph = helper.make_graph(
            self._nodes, name, [_value_info(spec) for spec in self._inputs],
            [_value_info(spec) for spec in self._outputs], self._initializers,
        )  # fmt: skip
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid(domain, version) for domain, version in sorted(self._domains.items())],
            functions=list(self._functions.values()),
            ir_version=_IR_VERSION,
            producer_name="mlpack",
        )
        try:
            onnx.checker.check_model(model)
        except onnx.checker.ValidationError as error:
            raise UnsupportedOperatorError(
                "the ONNX graph is not valid", why=str(error).strip().splitlines()[0], hint="try another --opset"
            ) from error
        return model

    def _append(
        self, operator: str, inputs: list[str], outputs: list[str], domain: str, attributes: dict[str, Any]
    ) -> None:
        from onnx import helper

        if domain:
            self._use_domain(domain, self.ml_opset if domain == "ai.onnx.ml" else 1)
        self._nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], domain=domain, **attributes))

    def _use_domain(self, domain: str, version: int) -> None:
        name = "" if domain == "ai.onnx" else domain
        if name == "ai.onnx.ml" and version > self.ml_opset:
            raise OlderOpsetError
        if name:
            self._domains[name] = max(version, self._domains.get(name, 0))

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{self._scope}/{kind}_{self._count}"


def element_type(dtype: str) -> int:
    """The number of ``onnx.TensorProto`` for a dtype of a TensorSpec."""
    from onnx import TensorProto, helper

    if dtype == "string":
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _value_info(spec: TensorSpec) -> onnx.ValueInfoProto:
    from onnx import helper

    return helper.make_tensor_value_info(spec.name, element_type(spec.dtype), list(spec.shape))
