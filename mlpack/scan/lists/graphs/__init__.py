"""The layers, functions and operators that a graph may be made of, a data file for each kind of graph.

The files are written by ``scripts/list_graph_names.py`` from the libraries themselves, and reviewed as a diff.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class KerasNames:
    """``(module, name)`` of Keras's own classes and functions; ``bare`` are the names of classes without their module."""

    versions: tuple[str, ...]
    classes: frozenset[tuple[str, str]]
    functions: frozenset[tuple[str, str]]
    bare: frozenset[str]
    bare_functions: frozenset[str]


@dataclass(frozen=True)
class TorchOperators:
    """``(namespace, name)`` of operators. ``kept_off`` are those that torch has and that no model may call."""

    versions: tuple[str, ...]
    listed: frozenset[tuple[str, str]]
    kept_off: frozenset[tuple[str, str]]


@cache
def keras_names() -> KerasNames:
    """What a Keras configuration may name."""
    document = _read("keras_layers")
    classes, functions = _pairs(document["classes"]), _pairs(document["functions"])
    return KerasNames(
        versions=tuple(document["versions"]),
        classes=classes,
        functions=functions,
        bare=frozenset(name for _, name in classes),
        bare_functions=frozenset(name for _, name in functions),
    )


@cache
def torchscript_operators() -> TorchOperators:
    """What TorchScript code may call."""
    document = _read("torchscript_operators")
    return TorchOperators(tuple(document["versions"]), _pairs(document["operators"]), _pairs(document["kept_off"]))


@cache
def onnx_operators() -> Mapping[str, frozenset[str]]:
    """The operators of each domain that ONNX Runtime has built in; ONNX's own is the empty one."""
    return {domain: frozenset(names) for domain, names in _read("onnx_operators")["operators"].items()}


def _read(name: str) -> Any:
    return json.loads((files(__name__) / f"{name}.json").read_text(encoding="utf-8"))


def _pairs(by_module: Mapping[str, list[str]]) -> frozenset[tuple[str, str]]:
    return frozenset((module, name) for module, names in by_module.items() for name in names)
