"""What an XGBoost booster says of itself inside a pickle: the end of its serialised form, which is UBJSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.scan.pickles.describe import parts_shown
from mlpack.scan.pickles.reader import Payload
from mlpack.scan.pickles.symbols import Call, Name, attributes_of, class_of

_END = 1 << 16
_VERSION = re.compile(rb"version\[#L\0{7}\x03i(.)i(.)i(.)\}+\Z", re.DOTALL)
_FEATURES = re.compile(rb"learner_model_param\{.*?num_featureSL\0{7}.(\d{1,9})L", re.DOTALL)


@dataclass(frozen=True)
class BoosterFacts:
    """``version`` is empty and ``features`` None where the bytes do not tell."""

    version: str = ""
    features: int | None = None


def booster_facts(root: Any, path: Path | None) -> BoosterFacts:
    """Version and width of the first booster in a pickle. ``path`` is where long values lie, None where out of reach."""
    for part in parts_shown(root):
        booster = attributes_of(part).get("_Booster", part)
        kind = class_of(booster)
        if kind is not None and kind.qualified == "xgboost.core.Booster":
            return _facts(_end_of(attributes_of(booster).get("handle"), path))
    return BoosterFacts()


def _facts(end: bytes) -> BoosterFacts:
    version = _VERSION.search(end)
    features = list(_FEATURES.finditer(end))
    return BoosterFacts(
        ".".join(str(part[0]) for part in version.groups()) if version else "",
        int(features[-1][1]) if features else None,
    )


def _end_of(handle: Any, path: Path | None) -> bytes:
    """The last 64 KiB of a bytearray: of its own before protocol 5 a call with bytes."""
    if isinstance(handle, Call) and isinstance(handle.target, Name) and handle.target.qualified == "builtins.bytearray":
        handle = handle.arguments[0] if handle.arguments else b""
    if isinstance(handle, bytes | bytearray):
        return bytes(handle[-_END:])
    if not isinstance(handle, Payload) or handle.kind == "text" or path is None:
        return b""
    with path.open("rb") as file:
        file.seek(handle.offset + max(0, handle.length - _END))
        return file.read(min(handle.length, _END))
