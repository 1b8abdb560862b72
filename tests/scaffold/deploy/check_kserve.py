"""Holds InferenceServices against KServe's own models. Runs in the environment of requirements-kserve.txt.

Reads a list of documents as JSON from stdin, and prints a list with what is wrong in each.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import kserve
from kubernetes import client

PLAIN = {"str": str, "int": int, "bool": bool, "float": (int, float)}
OF_MANY = re.compile(r"([Ll]ist|[Dd]ict)[\[(](?:str, )?(.+)[\])]")


def wrong_in(value: Any, kind: str, where: str) -> Iterator[str]:
    """What in ``value`` is not as ``kind`` is declared: unknown keys, other types, required parts that are missing."""
    many = OF_MANY.fullmatch(kind)
    if kind in PLAIN:
        if not isinstance(value, PLAIN[kind]) or (isinstance(value, bool) and kind != "bool"):
            yield f"{where}: {value!r} is no {kind}"
    elif many and many[1].lower() == "list":
        yield from _wrong_in_parts(value, list, many[2], where)
    elif many:
        yield from _wrong_in_parts(value, dict, many[2], where)
    elif kind != "object":
        model = getattr(kserve, kind, None) or getattr(client, kind)
        yield from _wrong_in_object(value, model, where)


def _wrong_in_parts(value: Any, kind: type, part: str, where: str) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{where}: {value!r} is no {kind.__name__}"
        return
    for key, item in value.items() if kind is dict else enumerate(value):
        yield from wrong_in(item, part, f"{where}.{key}")


def _wrong_in_object(value: Any, model: Any, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no {model.__name__}"
        return
    attributes = {key: name for name, key in model.attribute_map.items()}
    for key in sorted(value.keys() - attributes.keys()):
        yield f"{where}: {model.__name__} has no {key}"
    known = {attributes[key]: item for key, item in value.items() if key in attributes}
    for name, item in known.items():
        yield from wrong_in(item, model.openapi_types[name], f"{where}.{model.attribute_map[name]}")
    try:
        model(**known)
    except ValueError as error:
        yield f"{where}: {error}"


if __name__ == "__main__":
    documents = json.load(sys.stdin)
    found = [[*wrong_in(document, "V1beta1InferenceService", "InferenceService")] for document in documents]
    print(json.dumps(found))
