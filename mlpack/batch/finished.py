"""What was noted of a run that wrote one file, once that is there: it goes to the user's cache, away from the file.

By it `--resume` knows that there is nothing to do. Where the cache cannot be written, the checkpoint stays where it is. So it
does in a store: the run that asks may be on another machine.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from mlpack.batch.checkpoint import Noted, noted_in
from mlpack.batch.output import Output
from mlpack.batch.parts import is_there
from mlpack.core.errors import MlpackError
from mlpack.scaffold.store import cache_folder, key_of


class Finished(Noted):
    """What was noted of a run that is done, of which nothing is beside its file."""


def put_away(output: Output, noted: Noted) -> bool:
    """Keep what was noted of the run that wrote ``output``; whether that went."""
    path = _path(output)
    if path is None:
        return False
    other = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        other.write_text("".join(f"{json.dumps(line)}\n" for line in noted.lines))
        other.replace(path)
    except OSError:
        other.unlink(missing_ok=True)
        return False
    return True


def finished(output: Output) -> Finished | None:
    """What was noted of the run that wrote the file which is at ``output`` now; None where no run is known that did."""
    noted = last_finished(output)
    return noted if noted and noted.single and is_there(output.place.sibling(""), noted.single) else None


def last_finished(output: Output) -> Finished | None:
    """What was noted of the run that last wrote ``output``, whatever became of its file; None where none is known."""
    path = _path(output)
    if path is None or not path.exists():
        return None
    return Finished(noted_in(path.read_bytes(), str(path)).lines)


def _path(output: Output) -> Path | None:
    if not output.place.local:
        return None
    try:
        return cache_folder("batch") / f"{key_of(os.path.realpath(output.place.path))}.jsonl"
    except (MlpackError, RuntimeError):  # others may write to it, it is full or read-only, or there is no home
        return None
