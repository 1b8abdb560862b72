"""Changes JSON documents: values, keys, depth; and now and then their text."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from fuzz.mutators.chance import changed_bytes, number, times

_KEYS = (
    "class_name",
    "config",
    "module",
    "registered_name",
    "build_config",
    "layers",
    "layer",
    "function",
    "vocabulary",
    "units",
)
_KEYS += (
    "batch_shape",
    "dtype",
    "name",
    "input_layers",
    "output_layers",
    "inbound_nodes",
    "function_type",
    "defaults",
    "closure",
)
_KEYS += (
    "files",
    "path",
    "sha256",
    "model",
    "version",
    "format_version",
    "signature",
    "inputs",
    "shape",
    "uses",
    "use",
    "size",
)
_WORDS = (
    "Lambda",
    "Dense",
    "TFSMLayer",
    "TorchModuleWrapper",
    "Functional",
    "Sequential",
    "InputLayer",
    "StringLookup",
    "__lambda__",
)
_WORDS += (
    "keras.layers",
    "keras.src.layers.core.dense",
    "builtins",
    "os",
    "system",
    "exec",
    "keras.utils",
    "get_file",
    "__tensor__",
)
_WORDS += (
    "keras",
    "custom>Mine",
    "my.module",
    "\ud800",
    "",
    "a" * 300,
    "f" * 64,
    "posix:system:called",
    "../canary",
    "1" * 5000,
)


def changed_json(data: bytes, rng: Random, seeds: Sequence[bytes] = ()) -> bytes:
    """The mutation of a target that reads JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return changed_bytes(data, rng, seeds)
    if rng.random() < 0.05:
        return changed_bytes(data, rng, seeds)
    for _ in times(rng):
        document = _changed(document, rng)
    try:
        return json.dumps(document).encode()
    except (ValueError, RecursionError):
        return data


def _changed(document: Any, rng: Random) -> Any:
    """``document`` with one value changed, somewhere in it."""
    places: list[Callable[[Any], None]] = []
    values: list[Any] = [document]
    root = [document]
    places.append(lambda value: root.__setitem__(0, value))
    pending: list[Any] = [document]
    while pending and len(values) < 2000:
        part = pending.pop()
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        for key in keys:
            places.append(lambda value, part=part, key=key: part.__setitem__(key, value))
            values.append(part[key])
            pending.append(part[key])
    at = rng.randrange(len(values))
    kind = rng.randrange(6)
    if kind == 0 and isinstance(values[at], dict):
        values[at][rng.choice(_KEYS)] = _value(rng, values)
    elif kind == 1 and isinstance(values[at], dict) and values[at]:
        del values[at][rng.choice(list(values[at]))]
    elif kind == 2 and isinstance(values[at], list):
        values[at].insert(rng.randrange(len(values[at]) + 1), _value(rng, values))
    elif kind == 3:
        places[at]([values[at]] if rng.random() < 0.5 else {rng.choice(_KEYS): values[at]})
    elif kind == 4 and rng.random() < 0.1:
        deep = values[at]
        for _ in range(rng.choice((40, 400, 3000))):
            deep = {"config": deep} if rng.random() < 0.5 else [deep]
        places[at](deep)
    else:
        places[at](_value(rng, values))
    return root[0]


def _value(rng: Random, values: Sequence[Any]) -> Any:
    kind = rng.randrange(8)
    if kind == 0:
        return rng.choice((None, True, False, [], {}, 0.5, float("inf"), float("nan"), 1e308, -1))
    if kind == 1:
        return number(rng)
    if kind < 5:
        return rng.choice(_WORDS)
    # A copy, so that nothing lies within itself.
    try:
        return json.loads(json.dumps(rng.choice(values)))
    except (ValueError, RecursionError):
        return None
