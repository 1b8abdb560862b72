"""``mlpack serve`` as two processes: the one that was started becomes the service at once, its child prepares the model.

Imports nothing heavy: whatever stands before the split is waited for by both.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from mlpack.isolate.early import end_early
from mlpack.isolate.watch import end_with_parent
from mlpack.scaffold import waiting

_PATHS = frozenset({"MLPACK_API_KEY_FILE", "MLPACK_TLS_CERT", "MLPACK_TLS_KEY", "MLPACK_TLS_CLIENT_CA"})


class Successor:
    """What serves once the model is prepared: the same process, where it was not started for that alone."""

    def begin(self) -> None:
        """There is time to import what will be needed; nothing is, beside the work of this process."""

    def options(self, options: Sequence[str]) -> None:
        """The options of the service, as soon as they are known."""

    def expect(self, format: str) -> None:
        """The format that the model will most likely have."""

    def serve(self, folder: Path, arguments: Sequence[str]) -> NoReturn:
        """Run the project in ``folder`` with ``arguments``: this process, its terminal and its signals are the service's."""
        sys.stdout.flush()
        sys.stderr.flush()
        environment = _environment(os.environ)
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-m", "runtime", *arguments], environment)  # noqa: S606 - no shell


class Waiting(Successor):
    """The service that waits in another process, as its child sees it. It imports nothing before it is told to `begin`."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def begin(self) -> None:
        """Have it import what it will need."""
        self._tell({"begun": True})

    def options(self, options: Sequence[str]) -> None:
        """Tell it the options of the service, so that it can import what stands on them."""
        self._tell({"options": list(options)})

    def expect(self, format: str) -> None:
        """Tell it the format that the model will most likely have, so that it can import what opens it."""
        self._tell({"format": format})
        gc.freeze()
        gc.enable()  # what was imported until here is no garbage

    def serve(self, folder: Path, arguments: Sequence[str]) -> NoReturn:
        """Have it run the project in ``folder`` with ``arguments``, and end this process."""
        sys.stdout.flush()
        sys.stderr.flush()
        end_early()
        self._tell({"folder": str(folder), "arguments": list(arguments)})
        os._exit(0)  # at once: the service waits for it

    def _tell(self, piece: dict[str, object]) -> None:
        os.write(self._pipe, json.dumps(piece).encode() + b"\n")


def split() -> Waiting:
    """Let this process become the service that waits, and return in a child of it that is to prepare the model.

    Its terminal, its number and its signals are the service's; the child hears of signals from it, and ends with it.
    """
    ours, theirs = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, waiting.SIGNALS)
    child = os.fork()
    if child:
        os.close(theirs)
        os.set_inheritable(ours, True)  # noqa: FBT003 - its signature
        command = [sys.executable, "-P", waiting.__file__, str(ours), str(child)]
        os.execve(sys.executable, command, _environment(os.environ))  # noqa: S606 - no shell: each argument stays one
    gc.disable()  # until `Waiting.expect`
    os.close(ours)
    os.setpgid(0, 0)  # Ctrl-C in a terminal goes to all of a group, and this process hears of it from the other
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # it goes on to write there
    end_with_parent()
    if os.getppid() != parent:
        os._exit(1)  # it has ended already
    signal.pthread_sigmask(signal.SIG_UNBLOCK, waiting.SIGNALS)
    return Waiting(theirs)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the service, which runs in another folder: paths in it still lead where they led."""
    found = {name: str(Path(value).absolute()) if name in _PATHS else value for name, value in given.items() if value}
    found.pop("PYTHONSAFEPATH", None)  # with it `-m` does not find the runtime that lies in the folder
    return found
