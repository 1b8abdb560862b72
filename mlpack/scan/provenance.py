"""What mlpack writes about the making of a file, and the ``.json`` beside it where the format has no room."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlpack.core.errors import OutputError

PREFIX = "mlpack."
_END = 1 << 16
_MAX_BYTES = 1 << 20


def prefixed(provenance: Mapping[str, str]) -> dict[str, str]:
    """Every key begins with ``mlpack.``, so that it is told from what others write into the same place."""
    return {key if key.startswith(PREFIX) else PREFIX + key: value for key, value in provenance.items()}


def to_json(provenance: Mapping[str, str]) -> bytes:
    """The provenance as sorted JSON."""
    return json.dumps(prefixed(provenance), indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def from_json(document: bytes) -> dict[str, str]:
    """The inverse of `to_json`; empty for what is no provenance. A stranger's file may say anything here."""
    try:
        found: Any = json.loads(document)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {key: value for key, value in found.items() if key.startswith(PREFIX) and isinstance(value, str)}


def write_beside(path: Path, provenance: Mapping[str, str]) -> None:
    """Write ``<path>.json``, and keep what it says of this file already. Raises OutputError."""
    document = {**read_beside(path), **prefixed(provenance), "file": _fingerprint(path)}
    beside = place_beside(path)
    try:
        beside.write_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{beside} cannot be written", why=str(error), hint="choose another place with -o") from error


def read_beside(path: Path) -> dict[str, str]:
    """The provenance in ``<path>.json``; empty where there is none, or where it was written for another file."""
    content = _content(place_beside(path))
    found = from_json(content)
    return found if found and json.loads(content).get("file") == _fingerprint(path) else {}


def is_provenance(beside: Path) -> bool:
    """Whether mlpack wrote the file ``beside``, for whatever model."""
    return bool(from_json(_content(beside)))


def _content(beside: Path) -> bytes:
    """The bytes of a document; none for a link, or for what is too large to be one."""
    if beside.is_symlink() or not beside.is_file() or beside.stat().st_size > _MAX_BYTES:
        return b""
    return beside.read_bytes()


def place_beside(path: Path) -> Path:
    """Where the provenance of a file lies that cannot hold it itself."""
    return path.with_name(f"{path.name}.json")


def _fingerprint(path: Path) -> str:
    """The SHA-256 of a file's size, first and last 64 KiB: enough to see that a file was replaced, at any size."""
    size = path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256(str(size).encode() + file.read(_END))
        file.seek(max(0, size - _END))
        digest.update(file.read(_END))
    return digest.hexdigest()
