"""The file that holds the input of a target, in the working folder."""

from __future__ import annotations

from pathlib import Path


def a_file(data: bytes, name: str = "model") -> Path:
    """``data`` as the file ``name`` in the working folder, whatever it held before."""
    path = Path(name)
    path.write_bytes(data)
    return path
