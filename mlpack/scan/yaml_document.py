"""Reads a small YAML document from anybody: plain values alone, within bounds, from the events of PyYAML's parser.

YAML has aliases (a few lines that unfold to gigabytes), tags (names of Python classes) and keys that are given twice: nothing
that describes a model needs them, and none of them is let through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.rules import Rule

MOST_BYTES = 4 << 20
_MOST_EVENTS = 200_000
_MOST_DEPTH = 32
_HINT = "save the model again, or get it from where it was made"
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


def read_yaml(path: Path, rule: Rule) -> Any:
    """The document as dicts, lists, strings, integers, booleans and None; any other plain scalar stays a string.

    Raises UnsafeFileError by ``rule`` for an alias, an anchor, a tag, nesting or size beyond what a description needs;
    CorruptFileError for what is no YAML, for a key that is given twice and for one that is no string.
    """
    text = _text(path, rule)
    import yaml

    events = iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    try:
        return _Reader(path, rule, events).document()
    except yaml.YAMLError as error:
        said = str(error).partition("\n")[0]
        raise CorruptFileError(f"{path} is no YAML", why=said, hint=_HINT) from error


def _text(path: Path, rule: Rule) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CorruptFileError(f"{path} cannot be read", why=error.strerror or str(error), hint=_HINT) from error
    if len(content) > MOST_BYTES:
        raise rule.error(str(path), f"it has more than {MOST_BYTES >> 20} MiB")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise CorruptFileError(f"{path} is no UTF-8", why=str(error), hint=_HINT) from error


class _Reader:
    """Builds the values of one document, event by event."""

    def __init__(self, path: Path, rule: Rule, events: Iterator[Any]) -> None:
        self._path = path
        self._rule = rule
        self._events = events
        self._left = _MOST_EVENTS

    def document(self) -> Any:
        """The one document of the stream."""
        from yaml import DocumentStartEvent, StreamEndEvent

        self._next()
        if not isinstance(self._next(), DocumentStartEvent):
            return None
        value = self._value(self._next(), 0)
        self._next()
        if not isinstance(self._next(), StreamEndEvent):
            raise self._damaged("it holds more than one document")
        return value

    def _next(self) -> Any:
        self._left -= 1
        if self._left < 0:
            raise self._refused(f"it has more than {_MOST_EVENTS:,} parts")
        return next(self._events)

    def _value(self, event: Any, depth: int) -> Any:
        from yaml import AliasEvent, MappingStartEvent, ScalarEvent

        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise self._refused("it has an alias or an anchor", event)
        if event.tag is not None:
            raise self._refused(f"it has the tag {event.tag}", event)
        if depth > _MOST_DEPTH:
            raise self._refused(f"it is nested more than {_MOST_DEPTH} deep", event)
        if isinstance(event, ScalarEvent):
            return _plain(event.value) if event.implicit[0] and not event.style else event.value
        return self._mapping(depth) if isinstance(event, MappingStartEvent) else self._sequence(depth)

    def _mapping(self, depth: int) -> dict[str, Any]:
        from yaml import MappingEndEvent

        found: dict[str, Any] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._value(event, depth + 1)
            key = str(key) if isinstance(key, int) else key
            if not isinstance(key, str) or key in found:
                raise self._damaged(f"the key {key!r} is given twice, or is no text")
            found[key] = self._value(self._next(), depth + 1)
        return found

    def _sequence(self, depth: int) -> list[Any]:
        from yaml import SequenceEndEvent

        found: list[Any] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            found.append(self._value(event, depth + 1))
        return found

    def _refused(self, message: str, event: Any = None) -> UnsafeFileError:
        where = "" if event is None else f", in line {event.start_mark.line + 1}"
        return self._rule.error(str(self._path), f"{message}{where}")

    def _damaged(self, message: str) -> CorruptFileError:
        return CorruptFileError(f"{self._path} is damaged", why=message, hint=_HINT)


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
