"""ONNX models: data in other files, operators of other libraries, and graphs that unfold."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.corpus import Harm, Hostile
from hostile.format_loaders import secret_weights


def field(number: int, payload: bytes) -> bytes:
    """A field of bytes on the wire."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    """A number on the wire."""
    encoded = b""
    while value >= 0x80:
        encoded, value = encoded + bytes([value & 0x7F | 0x80]), value >> 7
    return encoded + bytes([value])


def model(nodes: list[Any], weights: list[Any] | None = None, functions: list[Any] | None = None, **more: Any) -> Any:
    """A model with the input ``x`` and the output ``y``."""
    from onnx import helper

    shown = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [shown("x", 1, [4])], [shown("y", 1, None)], weights or [], **more)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=functions or [], ir_version=10)


def node(kind: str, inputs: str = "x", output: str = "y", **attributes: Any) -> Any:
    """A node; the names of its inputs are apart by blanks."""
    from onnx import helper

    return helper.make_node(kind, inputs.split(), [output], name=f"the-{kind}", **attributes)


def outside(**entries: Any) -> Any:
    """The weight ``w``, whose four values lie in another file."""
    from onnx import TensorProto

    tensor = TensorProto(name="w", data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def written(make: Callable[[Path], Any]) -> Callable[[Path, Path], Path]:
    """Writes what ``make`` gives for the folder: a model, or bytes."""

    def write(folder: Path, canary: Path) -> Path:
        made = make(folder)
        (folder / "model.onnx").write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return folder / "model.onnx"

    return write


def elsewhere(folder: Path) -> Path:
    """A file that the model has no business reading, outside of its folder."""
    secret = folder.parent / "secret.bin"
    secret.write_bytes(secret_weights())
    return secret


def adding(place: Callable[[Path], Any]) -> Callable[[Path, Path], Path]:
    """Writes a model that adds the weight that ``place`` gives."""
    return written(lambda folder: model([node("Add", "x w")], [place(folder)]))


def at(location: Callable[[Path], str], **entries: Any) -> Callable[[Path, Path], Path]:
    """Writes a model whose weight lies at ``location``."""
    return adding(lambda folder: outside(location=location(folder), **entries))


def soft_link(folder: Path) -> str:
    """A link beside the model to the other file."""
    (folder / "weights").symlink_to(elsewhere(folder))
    return "weights"


def hard_link(folder: Path) -> str:
    """A second name of the other file."""
    os.link(elsewhere(folder), folder / "weights")
    return "weights"


def beside(folder: Path) -> str:
    """Four values in a file of their own."""
    (folder / "weights").write_bytes(bytes(16))
    return "weights"


def in_constant(folder: Path) -> Any:
    """The weight is the value of a constant."""
    elsewhere(folder)
    return model([node("Constant", "", "w", value=outside(location="../secret.bin")), node("Add", "x w")])


def in_branch(folder: Path) -> Any:
    """The weight belongs to a branch."""
    from onnx import TensorProto, helper

    elsewhere(folder)
    branch = helper.make_graph(
        [node("Add", "x w", "z")],
        "b",
        [],
        [helper.make_tensor_value_info("z", 1, [4])],
        [outside(location="../secret.bin")],
    )
    flag = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    return model([node("If", "c", then_branch=branch, else_branch=branch)], [flag])


def in_function(folder: Path) -> Any:
    """The weight is a constant of a function."""
    from onnx import helper

    elsewhere(folder)
    body = [node("Constant", "", "w", value=outside(location="../secret.bin")), node("Add", "x w")]
    function = helper.make_function("own", "F", ["x"], ["y"], body, [helper.make_opsetid("", 21)])
    return model([node("F", domain="own")], functions=[function])


def merged(folder: Path) -> bytes:
    """Two values of one attribute: apart they are harmless, and protobuf makes one of them."""
    from onnx import TensorProto

    elsewhere(folder)
    flagged = TensorProto(data_type=1, dims=[4], data_location=TensorProto.EXTERNAL).SerializeToString()
    placed = TensorProto()
    placed.external_data.add(key="location", value="../secret.bin")
    value = field(1, b"value") + field(5, flagged) + field(5, placed.SerializeToString()) + bytes([0xA0, 1, 4])
    constant = node("Constant", "", "w").SerializeToString() + field(5, value)
    whole = model([node("Add", "x w")])
    return bytes(whole.SerializeToString() + field(7, field(1, constant)))


def laughing(depth: int, calls: int) -> Callable[[Path, Path], Path]:
    """Functions each of which calls the next several times."""

    def make(_: Path) -> Any:
        from onnx import helper

        functions = []
        for index in range(depth):
            kind, domain = (f"F{index + 1}", "own") if index < depth - 1 else ("Relu", "")
            body = [node(kind, "x", f"t{number}", domain=domain) for number in range(calls)]
            opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
            functions.append(helper.make_function("own", f"F{index}", ["x"], ["t0"], body, opsets))
        return model([node("F0", domain="own")], functions=functions)

    return written(make)


def circular(_: Path) -> Any:
    """A function that calls itself."""
    from onnx import helper

    body = [node("F", domain="own")]
    return model([node("F", domain="own")], functions=[helper.make_function("own", "F", ["x"], ["y"], body, [])])


def nested(depth: int) -> Callable[[Path, Path], Path]:
    """Branches within branches."""

    def make(_: Path) -> bytes:
        graph = b""
        for _ in range(depth):
            graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
        return bytes([8, 10]) + field(7, graph) + field(8, bytes([16, 21]))

    return written(make)


def empty(dims: list[int], element: int = 1) -> Callable[[Path, Path], Path]:
    """Writes a model whose weight has a shape and no values."""

    def make(_: Path) -> Any:
        from onnx import TensorProto

        return TensorProto(name="w", data_type=element, dims=dims)

    return adding(make)


def filled(kind: str, shape: list[int]) -> Callable[[Path, Path], Path]:
    """Writes a model that makes ``shape`` values of nothing."""

    def make(_: Path) -> Any:
        if kind == "RandomNormal":
            return model([node(kind, "", "w", shape=shape), node("Add", "x w")])
        first = "" if kind == "ConstantOfShape" else "x "
        return model([node("Constant", "", "s", value_ints=shape), node(kind, f"{first}s", "w"), node("Add", "x w")])

    return written(make)


def foreign(kind: str, domain: str) -> Callable[[Path, Path], Path]:
    """Writes a model that runs an operator of another library."""
    return written(lambda _: model([node(kind, domain=domain)]))


def twice(_: Path) -> Any:
    """Two weights of one name."""
    import numpy as np
    from onnx import numpy_helper

    weight = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    return model([node("Add", "x w")], [weight, weight])


def hiding(_: Path) -> bytes:
    """A megabyte in a field that no reader knows."""
    return bytes(model([node("Relu")]).SerializeToString() + field(99, bytes(1 << 20)))


def hostile(
    name: str,
    write: Callable[[Path, Path], Path],
    *says: str,
    rule: str = "onnx/external-data",
    harm: Harm = "reads",
    proof: str = "",
    unscanned: str = "onnx",
) -> Hostile:
    """An entry of this file."""
    return Hostile(f"onnx/{name}", "ONNX", write, says, (rule,), harm=harm, proof=proof, unscanned=unscanned)


def secret_path(folder: Path) -> str:
    """The whole path of the other file."""
    return str(elsewhere(folder))


def up(folder: Path) -> str:
    """The other file by way of the folder above."""
    return f"../{elsewhere(folder).name}"


# The installed ONNX Runtime refuses paths and links that lead out of the folder; its older releases read all of these.
# A second name of a file is a file like any other to it: nothing but the scan tells it from an honest one.
HOSTILE = (
    hostile("path-upwards", at(up), "'../secret.bin'"),
    hostile("absolute-path", at(secret_path), "secret.bin'", "no plain file name"),
    hostile("soft-link", at(soft_link), "weights beside it is a link"),
    hostile("hard-link", at(hard_link), "a second name elsewhere", proof="onnxruntime", unscanned=""),
    hostile("folder-in-between", at(lambda _: "sub/weights"), "'sub/weights'"),
    hostile("memory-of-the-process", at(lambda _: "*/_ORT_MEM_ADDR_/*", offset=4096, length=16), "_ORT_MEM_ADDR_"),
    hostile("device", at(lambda _: "/dev/zero"), "'/dev/zero'"),
    hostile("in-a-constant", written(in_constant), "'../secret.bin'"),
    hostile("in-a-branch", written(in_branch), "'../secret.bin'"),
    hostile("in-a-function", written(in_function), "'../secret.bin'"),
    hostile("in-two-halves", written(merged), "two graphs", rule="onnx/twice"),
    hostile("negative-offset", at(beside, offset=-4, length=16), "'-4'"),
    hostile("offset-that-overflows", at(beside, offset=(1 << 63) - 8, length=16), str((1 << 63) - 8)),
    hostile("shorter-than-its-shape", at(beside, offset=8, length=8), "takes 16 bytes", rule="onnx/size"),
    hostile(
        "python-operator", foreign("PyOp", "ai.onnx.contrib"), "ai.onnx.contrib.PyOp", "Python", rule="onnx/operator"
    ),
    hostile(
        "vendor-library",
        foreign("EPContext", "com.microsoft"),
        "com.microsoft.EPContext",
        "vendor",
        rule="onnx/operator",
    ),
    hostile("unknown-library", foreign("Op", "mine"), "mine.Op", rule="onnx/operator"),
    hostile(
        "functions-that-unfold",
        laughing(40, 4),
        "unfold to",
        rule="onnx/function",
        harm="costs",
        proof="onnxruntime",
        unscanned="",
    ),
    hostile("function-that-calls-itself", written(circular), "own.F calls itself", rule="onnx/function"),
    hostile("graphs-within-graphs", nested(60), "graphs within graphs", rule="onnx/depth"),
    hostile("weight-without-values", empty([1 << 20, 1 << 20]), "1,048,576 × 1,048,576", rule="onnx/size"),
    hostile("text-without-values", empty([1 << 40], 8), "1,099,511,627,776 values", rule="onnx/size"),
    hostile("constant-of-shape", filled("ConstantOfShape", [1 << 40]), "the-ConstantOfShape", rule="onnx/size"),
    hostile("expanded", filled("Expand", [1 << 38, 4]), "the-Expand", rule="onnx/size"),
    hostile("noise", filled("RandomNormal", [1 << 40]), "the-RandomNormal", rule="onnx/size"),
    hostile("weight-twice", written(twice), "'w'", rule="onnx/twice", unscanned=""),
    hostile("hidden-bytes", written(hiding), "1,048,576 bytes", rule="onnx/hidden", unscanned=""),
)
