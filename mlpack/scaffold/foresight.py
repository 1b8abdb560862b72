"""A guess at what a command line will need, before it was read. Imports nothing heavy."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mlpack.core.errors import MlpackError
from mlpack.scaffold.store import was_packed

_HEAD_BYTES = 4096
_MOST_BYTES = 16 << 20
"""A larger file takes longer to hash and to load than what loads it takes to start."""


def start_original(arguments: Sequence[str]) -> bool:
    """Start the process that opens the original if ``arguments`` name a model of scikit-learn that was not packed yet.

    It is in its sandbox, and nothing is loaded there before the file was judged. A wrong guess costs time alone. Returns
    whether there is such a process now.
    """
    if "--require-sandbox" in arguments:
        return False
    for path in map(Path, arguments):
        if _is_new_original(path):
            from mlpack.convert import SOURCE
            from mlpack.isolate.early import start_early
            from mlpack.isolate.sandbox import Sandbox
            from mlpack.scan.provenance import place_beside

            with suppress(MlpackError, OSError):  # it will be told of where it is needed
                start_early(SOURCE, Sandbox((path, place_beside(path))), ["sklearn"])
                return True
    return False


def _is_new_original(path: Path) -> bool:
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            return False
        with path.open("rb") as file:
            if b"sklearn" not in file.read(_HEAD_BYTES):
                return False
            file.seek(0)
            return not was_packed(hashlib.file_digest(file, "sha256").hexdigest())
    except (OSError, RuntimeError, ValueError):  # no home for the cache; a name that no file can have
        return False
