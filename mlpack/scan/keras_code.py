"""What code in a Keras configuration would do, as far as its texts tell: it is never unmarshalled, let alone run."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

_WORDS = re.compile(rb"[A-Za-z_/~.][\w./:@~ -]{2,79}")
_MAX_WORDS = 8
_MAX_CODE = 1 << 20
_BY_NAME = frozenset(
    {"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceMethod", "InstanceProperty"}
)
"""Layers of Keras 2 that call a function of TensorFlow, or a method, by its name. Keras 3 has none of them."""
_HARMLESS = re.compile(
    r"(?:(?:compat\.v1\.)?(?:math|nn|linalg|image|strings|bitwise|signal|sets|sparse|ragged|random)|__operators__|keras\.backend)"
    r"\.\w+|(?!py_func|numpy_function|load_|import_|function|eval|print)\w+"
)


def described_code(config: Any) -> str:
    """`` that mentions os, system``: the words in what looks like code, and paths that stand in plain sight."""
    words: dict[str, None] = {}
    for text in _texts(config):
        for word in _words_of(text):
            words.setdefault(word)
    shown = list(words)[:_MAX_WORDS]
    return f" that mentions {', '.join(shown)}" if shown else ""


def tensorflow_function(kind: str, config: Any) -> str | None:
    """What a layer of Keras 2 calls by name: empty where that only computes, None where ``kind`` is no such layer."""
    if kind not in _BY_NAME:
        return None
    settings = config if isinstance(config, dict) else {}
    name = settings.get("function", settings.get("symbol", ""))
    if kind in {"TFOpLambda", "SlicingOpLambda"} and isinstance(name, str) and _HARMLESS.fullmatch(name):
        return ""
    named = name or settings.get("node_def") or settings.get("attr_name") or settings.get("method_name") or kind
    return f"a function of TensorFlow by its name: {str(named)[:200]}"


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            yield part[:_MAX_CODE]
        elif isinstance(part, dict):
            pending.extend(reversed([one for key, one in part.items() if key not in {"name", "class_name", "dtype"}]))
        elif isinstance(part, list):
            pending.extend(reversed(part))


def _words_of(text: str) -> Iterator[str]:
    packed = re.sub(r"\s", "", text)
    if len(packed) >= 40 and len(packed) % 4 == 0:
        try:
            content = base64.b64decode(packed, validate=True)
        except (binascii.Error, ValueError):
            content = b""
        for word in _WORDS.findall(content):
            yield word.decode()
    elif "/" in text:
        yield repr(text[:200])
