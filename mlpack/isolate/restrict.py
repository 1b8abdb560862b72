"""What a worker does first: give up all that its work does not take."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from mlpack.isolate.landlock import restrict_files
from mlpack.isolate.protection import Gap, Protection
from mlpack.isolate.python_paths import python_paths
from mlpack.isolate.sandbox import Sandbox
from mlpack.isolate.seccomp import refuse_calls

_USUAL = {"c": "libc.so.6", "seccomp": "libseccomp.so.2"}


def restrict(sandbox: Sandbox, scratch: Path, homes: Iterable[Path]) -> Protection:
    """Put the calling process into its sandbox for good. It must have no thread but this one yet.

    ``homes`` are folders that are private as a whole. What this machine does not offer stands in the answer.
    """
    python = python_paths(homes)
    with _libraries_by_name():
        with contextlib.suppress(ImportError, RuntimeError):
            import pyseccomp  # noqa: F401 - it looks for its library when it is imported, which takes reading and running
        if sys.platform == "linux":
            # Landlock knows /proc/self by its inode: the kernel must not forget it and make a new one.
            os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)
        abi = restrict_files((*python.reads, *sandbox.reads), (scratch, *sandbox.writes), python.lists)
    unfiltered = refuse_calls()
    gaps = tuple(gap for gap in (abi, unfiltered) if isinstance(gap, Gap))
    return Protection(abi if isinstance(abi, int) else None, unfiltered is None, gaps)


@contextlib.contextmanager
def _libraries_by_name() -> Iterator[None]:
    """Have ``find_library`` try the usual name of a library before it runs ldconfig, for 4 ms each of three times."""
    search = ctypes.util.find_library

    def find(name: str) -> str | None:
        try:
            ctypes.CDLL(_USUAL[name])
        except (KeyError, OSError):
            return search(name)
        return _USUAL[name]

    ctypes.util.find_library = find
    try:
        yield
    finally:
        ctypes.util.find_library = search
