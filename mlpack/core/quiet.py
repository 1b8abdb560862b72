"""Silence for libraries that print while they work."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import IO


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is printed, logged or warned inside, from Python or from native code; what is raised comes out as it is."""
    with tempfile.TemporaryFile("w+") as sink, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            with redirect_stdout(sink), redirect_stderr(sink), _descriptors(sink):
                yield
        finally:
            logging.disable(level)


@contextmanager
def _descriptors(sink: IO[str]) -> Iterator[None]:
    """Point the process's own stdout and stderr elsewhere: C++ does not ask Python where to print."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    kept = [os.dup(1), os.dup(2)]
    try:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        yield
    finally:
        for descriptor, saved in enumerate(kept, start=1):
            os.dup2(saved, descriptor)
            os.close(saved)
