"""What a worker does first: give up all that its work does not take."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from mlpack.isolate.landlock import restrict_files
from mlpack.isolate.protection import Gap, Protection
from mlpack.isolate.python_paths import python_paths
from mlpack.isolate.sandbox import Sandbox
from mlpack.isolate.seccomp import refuse_calls


def restrict(sandbox: Sandbox, scratch: Path, homes: Iterable[Path]) -> Protection:
    """Put the calling process into its sandbox for good. It must have no thread but this one yet.

    ``homes`` are folders that are private as a whole. What this machine does not offer stands in the answer.
    """
    with contextlib.suppress(ImportError, RuntimeError):
        import pyseccomp  # noqa: F401 - looks for its library by running ldconfig, which nobody can from here on
    if sys.platform == "linux":
        # Landlock knows /proc/self by its inode: the kernel must not forget it and make a new one.
        os.open("/proc/self", os.O_PATH | os.O_CLOEXEC)
    python = python_paths(homes)
    abi = restrict_files((*python.reads, *sandbox.reads), (scratch, *sandbox.writes), python.lists)
    unfiltered = refuse_calls()
    gaps = tuple(gap for gap in (abi, unfiltered) if isinstance(gap, Gap))
    return Protection(abi if isinstance(abi, int) else None, unfiltered is None, gaps)
