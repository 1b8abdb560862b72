"""What a process and its children cost, as Linux tells it: https://man7.org/linux/man-pages/man5/proc.5.html."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12
"""Places of utime and stime among the fields behind the name."""


def processor_seconds(pid: int) -> float:
    """Seconds of processor time that ``pid`` and its children have used so far."""
    return sum(_seconds(one) for one in _tree(pid))


def resident_memory(pid: int) -> int:
    """Bytes that ``pid`` and its children hold resident."""
    return sum(_resident(one) for one in _tree(pid))


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:  # a thread that has ended meanwhile
            continue
        for child in children:
            yield from _tree(int(child))


def _seconds(pid: int) -> float:
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[_USER]) + int(told[_SYSTEM])) / _TICKS


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmRSS:")), 0)
