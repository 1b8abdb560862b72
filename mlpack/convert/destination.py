"""Where a conversion may write: nowhere that cannot be written, and never over what only the user could make again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from mlpack.core.errors import MlpackError, OutputError, UsageError
from mlpack.formats import told_by_content
from mlpack.scan.provenance import is_provenance
from mlpack.verify.subject import Subject

_FORCE = "write over it with --force, or name another file with -o"


def check_destination(subject: Subject, output: Path) -> None:
    """Refuse a destination that cannot be written, before any work is done. Raises UsageError, OutputError."""
    if output.is_dir():
        raise UsageError(f"{output} is a folder", hint="name the file to write with -o")
    if output.is_symlink() or (output.exists() and not output.is_file()):
        raise OutputError(
            f"{output} is no regular file",
            why="it would be replaced: a device, a pipe or a link would be gone",
            hint="name another place with -o",
        )
    if not output.parent.is_dir():
        raise OutputError(
            f"the folder {output.parent} does not exist", hint=f"mkdir -p {shlex.quote(str(output.parent))}"
        )
    if not os.access(output.parent, os.W_OK):
        raise OutputError(f"the folder {output.parent} cannot be written", hint="choose another place with -o")
    if subject.path is not None and output.exists() and output.samefile(subject.path):
        raise UsageError(f"{output} is the model itself", hint="name another file with -o")


def replaced_at(output: Path, *, force: bool) -> str:
    """What a conversion to ``output`` replaces, in words; empty where nothing is lost.

    What mlpack converted before can be converted again. Anything else may be the only one there is, such as a model that
    was trained for a week: raises UsageError, unless ``force``.
    """
    if not output.exists() or not output.stat().st_size:
        return ""
    source = _source_of(output)
    if source is None and not force:
        raise UsageError(
            f"{output} is there already", why="mlpack did not write it, or it was changed since", hint=_FORCE
        )
    return "a file that mlpack did not write" if source is None else f"a former conversion of {source}"


def check_beside(places: Iterable[Path], *, known: bool) -> None:
    """Refuse ``places`` of files beside the output that are taken, unless what was there before is ``known`` to be ours.

    What mlpack wrote of an output that is gone says so itself. Raises UsageError.
    """
    taken = [place for place in places if not known and os.path.lexists(place) and not is_provenance(place)]
    if taken:
        raise UsageError(
            f"{taken[0]} is there already", why="it would be replaced by what belongs to the output", hint=_FORCE
        )


def _source_of(file: Path) -> str | None:
    """The name of what mlpack converted ``file`` from; None where it did not."""
    try:
        return told_by_content(file).read_header(file).provenance.get("mlpack.source")
    except (MlpackError, OSError):
        return None  # no model, or one that is damaged
