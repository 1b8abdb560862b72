"""What the workers of a service share: the state of each, and counters, in memory that all of them map.

A worker writes into its own slot only, so nothing is locked; whoever is asked for metrics adds the slots up. A worker that
takes the place of a dead one goes on counting where that one stopped. Imports nothing heavy: the supervisor has it too.
"""

from __future__ import annotations

import mmap
import os
from typing import Literal, get_args

State = Literal["gone", "starting", "ready", "draining"]
_STATES: tuple[State, ...] = get_args(State)
COUNTERS = 512
"""Counters of a slot, all float64: they are exact up to 2^53."""
_NUMBER = 8


class Board:
    """``slots`` rows of counters, of which ``slot`` is this process's own. ``fd`` is what another process joins by."""

    def __init__(self, fd: int, slots: int, slot: int) -> None:
        self.fd = fd
        self.slots = slots
        self.slot = slot
        self._memory = memoryview(mmap.mmap(fd, slots * (COUNTERS + 1) * _NUMBER)).cast("d")
        start = slot * (COUNTERS + 1)
        self.counters = self._memory[start + 1 : start + 1 + COUNTERS]
        """This process's own; add to them."""

    @classmethod
    def create(cls, slots: int = 1) -> Board:
        """A new board, with every slot ``gone`` and every counter 0. The first slot is this process's own."""
        fd = os.memfd_create("mlpack-board", 0)
        os.ftruncate(fd, slots * (COUNTERS + 1) * _NUMBER)
        return cls(fd, slots, 0)

    def state_of(self, slot: int) -> State:
        """What the worker in ``slot`` is at."""
        return _STATES[int(self._memory[slot * (COUNTERS + 1)])]

    def mark(self, slot: int, state: State) -> None:
        """Say what the worker in ``slot`` is at: it says so itself, or whoever saw it end."""
        self._memory[slot * (COUNTERS + 1)] = float(_STATES.index(state))

    @property
    def all_ready(self) -> bool:
        """Whether every worker is ready."""
        return all(self.state_of(slot) == "ready" for slot in range(self.slots))

    def total(self, counter: int) -> float:
        """The sum of a counter over all workers."""
        return sum(self._memory[counter + 1 :: COUNTERS + 1].tolist())
