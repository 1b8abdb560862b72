"""Hostile files, made when a test asks for them and never stored.

A file ``tests/hostile/NAME.py`` declares ``HOSTILE``, a tuple of `Hostile`, and is found by being there (`all_hostile`). One
entry is one file that does one bad thing. `tests/hostile/test_*.py` hold every entry, whoever wrote it, to the same five:

1. `identify`, or what it raises, gives the verdict that the entry expects, with a finding that says each of ``says``
   (and by one of ``rules``, where the entry names any);
2. nothing of it ran: the canary is not there;
3. with the scan switched off (`scan_off.UNSCANNED[entry.unscanned]`) something is raised and the canary is still not there;
4. ``Format.load`` without trust refuses it;
5. it is no straw man: `proof.LOADERS[entry.proof]`, the way a careless program loads such a file, does the harm.

``write(folder, canary)`` writes into ``folder``, an empty folder of its own, and returns the file to load. Code in the file
may do one thing only: create the empty file ``canary`` (a Path that is not there yet). Files beside the model that an entry
needs (external data, a link) go into ``folder`` too. It must be quick (milliseconds), small (kilobytes) and repeatable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Literal

from mlpack.core.finding import Verdict

Harm = Literal["runs", "crashes", "costs", "reads"]
"""``runs``: creates the canary. ``crashes``: the process dies of a signal. ``costs``: it takes memory or time without end.
``reads``: the file makes the loader read (or write) another file; the proof is the loader's own, see `proof`."""


@dataclass(frozen=True)
class Hostile:
    """One hostile file.

    ``name`` is unique and says what is special (``"pickle/pip-main"``). ``bypass`` is the class that it is counted under.
    ``says`` are parts of what the findings have to tell, such as ``"posix.system"``. ``proof`` and ``unscanned`` name loaders;
    empty where there is none (a container that no careless program opens; a format whose loader is the scan).
    """

    name: str
    bypass: str
    write: Callable[[Path, Path], Path]
    says: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ("unsafe",)
    harm: Harm = "runs"
    proof: str = "pickle"
    unscanned: str = "pickle"


_NO_ENTRIES = {"assembler", "conftest", "corpus", "proof", "scan_off", "zip_builder"}


@cache
def all_hostile() -> tuple[Hostile, ...]:
    """Every entry of every file beside this one."""
    here = Path(__file__)
    files = sorted({path.stem for path in here.parent.glob("*.py")} - _NO_ENTRIES)
    files = [file for file in files if not file.startswith("test_")]
    found = [
        entry
        for file in files
        for entry in getattr(import_module(f"{__name__.rpartition('.')[0]}.{file}"), "HOSTILE", ())
    ]
    twice = [name for name, count in Counter(entry.name for entry in found).items() if count > 1]
    assert not twice, f"two entries of one name: {twice}"
    return tuple(found)
