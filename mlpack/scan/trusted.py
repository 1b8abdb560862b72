"""Opens a file whose load runs code from it: only when the user named the SHA-256 of the very bytes that are loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import TrustError


@contextmanager
def open_trusted(path: Path, trusted: Sequence[str]) -> Iterator[BinaryIO]:
    """The file at ``path``, opened once, hashed, and rewound: what was hashed is what the caller reads.

    Raises TrustError with the flag to type when ``trusted`` names no hash, and another when it names different ones.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest not in {one.strip().lower() for one in trusted}:
            raise _refusal(path, digest, trusted)
        file.seek(0)
        yield file


def _refusal(path: Path, digest: str, trusted: Sequence[str]) -> TrustError:
    if not trusted:
        return TrustError(
            f"loading {path} needs your trust",
            why="unpickling runs code chosen by whoever wrote the file",
            hint=f"if you know where it comes from: --trust {digest}",
        )
    named = ", ".join(trusted)
    return TrustError(
        f"{path} is not the file that you trusted",
        why=f"its SHA-256 is {digest}, and --trust named {named}",
        hint=f"find out who changed it; if this file is the right one: --trust {digest}",
    )
