"""Shows that a hostile file is one: loads it the way a careless program would, in a process of its own.

``python -m hostile.proof FOLDER`` reads names of entries from stdin, writes and loads each in a fork of this process, and
prints what came of it as JSON: ``runs``, ``crashes``, ``costs``, ``reads``, or what was raised instead.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile import format_loaders
from hostile.corpus import Hostile, all_hostile

SECONDS = 60
_SECONDS_OF_A_BOMB = 0.5
_MOST_BYTES = 6 << 30
_MOST_BYTES_OF_A_BOMB = 3 << 30
_MOST_FILE = 256 << 20


def by_pickle(path: Path) -> Any:
    """``pickle.load(file)``: the C unpickler on a buffered file."""
    import pickle

    with path.open("rb") as file:
        return pickle.load(file)


def by_pickle_of_bytes(path: Path) -> Any:
    """``pickle.loads(content)``."""
    import pickle

    return pickle.loads(path.read_bytes())


def by_pickle_unbuffered(path: Path) -> Any:
    """``pickle.load`` of a file without a buffer, as of a BytesIO: each value is read from the file itself."""
    import pickle

    with path.open("rb", buffering=0) as file:
        return pickle.load(file)


def by_python_pickle(path: Path) -> Any:
    """The unpickler that is written in Python."""
    import pickle

    with path.open("rb") as file:
        return pickle._Unpickler(file).load()


def by_rows_of_pickles(path: Path) -> Any:
    """``pickle.load`` until the end, as a program does that wrote several objects into one file."""
    import pickle

    found = []
    with path.open("rb") as file:
        while file.read(1):
            file.seek(-1, os.SEEK_CUR)
            found.append(pickle.load(file))
    return found


def by_joblib(path: Path) -> Any:
    """``joblib.load(path)``."""
    import joblib

    return joblib.load(path)


def by_torch(path: Path) -> Any:
    """``torch.load(path, weights_only=False)``: what every program wrote before torch 2.6."""
    import torch

    return torch.load(path, map_location="cpu", weights_only=False)


def by_numpy(path: Path) -> Any:
    """``numpy.load(path, allow_pickle=True)``, every array of it."""
    import numpy as np

    loaded = np.load(path, allow_pickle=True)
    return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else loaded


def by_pickle_and_use(path: Path) -> Any:
    """Load the model and transform a row with it."""
    return by_pickle(path).transform(["x"])


def by_pickle_and_look(path: Path) -> Any:
    """Load an array and look at what is in it."""
    loaded = by_pickle(path)
    return repr(loaded) + repr(loaded.tolist())


LOADERS: dict[str, Callable[[Path], Any]] = {
    "pickle": by_pickle,
    "pickle of bytes": by_pickle_of_bytes,
    "pickle unbuffered": by_pickle_unbuffered,
    "python pickle": by_python_pickle,
    "rows of pickles": by_rows_of_pickles,
    "joblib": by_joblib,
    "torch": by_torch,
    "numpy": by_numpy,
    "pickle and use": by_pickle_and_use,
    "pickle and look": by_pickle_and_look,
    **format_loaders.LOADERS,
}


def outcome_of(entry: Hostile, folder: Path) -> str:
    """Write ``entry`` and load it in a fork: one of the harms, or the error that was raised instead."""
    inside, canary = folder / "file", folder / "canary"
    inside.mkdir(parents=True)
    path = entry.write(inside, canary)
    report = folder / "report"
    child = os.fork()
    if not child:
        _limit(bomb=entry.harm == "costs")
        _load(LOADERS[entry.proof], path, report)
    _, status = os.waitpid(child, 0)
    if canary.exists():
        return "runs"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGALRM, signal.SIGPROF, signal.SIGKILL}:
        return "costs"
    if os.WIFSIGNALED(status):
        return "crashes"
    return report.read_text() if report.exists() else "ended"


def _limit(*, bomb: bool) -> None:
    """Where time or memory is the harm, a little of both will show it."""
    memory = _MOST_BYTES_OF_A_BOMB if bomb else _MOST_BYTES
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE, _MOST_FILE))
    signal.alarm(SECONDS)
    if bomb:
        signal.setitimer(signal.ITIMER_PROF, _SECONDS_OF_A_BOMB)


def _load(loader: Callable[[Path], Any], path: Path, report: Path) -> None:
    """In the fork: it never returns."""
    os.setsid()
    os.chdir(path.parent)
    sys.path.insert(0, str(path.parent))  # as for a script that lies beside its model
    os.environ.update(HOME=str(path.parent), TMPDIR=str(path.parent))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    try:
        told = loader(path)
        report.write_text("reads" if told == "reads" else "loaded")
    except MemoryError:
        report.write_text("costs")
    except BaseException:
        report.write_text(traceback.format_exc()[-600:])
    # As a program ends: what was left for its end to do is done, then nothing of this fork goes on.
    import atexit
    import threading

    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)


def main() -> None:
    """Prove the entries whose names stand on stdin."""
    folder = Path(sys.argv[1])
    wanted = set(sys.stdin.read().split("\n"))
    for library in sys.argv[2:]:
        __import__(library)
    outcomes = {
        entry.name: outcome_of(entry, folder / str(number))
        for number, entry in enumerate(all_hostile())
        if entry.name in wanted
    }
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
