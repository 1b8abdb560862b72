"""Files that a library opens by their path have to be those that were judged: their identity then, and when it opened them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

Identity = tuple[int, int, int, int, int]
"""Device, inode, size, and the times of the last change to the content and to anything: the last cannot be set back."""


class ChangedFileError(ValueError):
    """A file was replaced or written to after it was judged."""


def identity_of(status: os.stat_result) -> Identity:
    """What tells this state of a file from any other."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def check_unchanged(judged: Mapping[Path, Identity]) -> None:
    """Raises ChangedFileError where one of the paths leads to another file now, or to another state of it."""
    for path, identity in judged.items():
        try:
            found = identity_of(path.stat())
        except OSError as error:
            raise ChangedFileError(f"{path} is gone: {error.strerror}") from error
        if found != identity:
            raise ChangedFileError(f"{path} was replaced or written to after it was scanned")
