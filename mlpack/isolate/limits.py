"""What a worker process may use."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import asdict, dataclass
from typing import Any

_SIGNAL_SECONDS = 5


@dataclass(frozen=True)
class Limits:
    """Limits of one worker; None leaves the machine's own.

    ``memory_bytes`` bounds the data segment (RLIMIT_DATA: libraries map far more address space than they use),
    ``cpu_seconds`` the processor time, ``file_bytes`` the size of one written file, ``open_files`` how many are open at once.
    """

    memory_bytes: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None
    open_files: int | None = None

    @classmethod
    def usual(cls) -> Limits:
        """What a worker gets when nothing else is said: as much data as the machine has memory, so that a model that asks for
        more is told so and does not bring the machine down; files of twice that size, for what it writes it has made there or
        copied; and more open files than any library keeps. Nobody can say how long a good model computes.
        """
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(memory_bytes=memory, file_bytes=2 * memory, open_files=4096)

    def to_json(self) -> dict[str, Any]:
        """The limits as JSON-ready values."""
        return asdict(self)

    def apply(self) -> None:
        """Bind the calling process to these limits, for good. It never dumps core, which could hold a model's data."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for kind, limit in (
            (resource.RLIMIT_DATA, self.memory_bytes),
            (resource.RLIMIT_CPU, self.cpu_seconds),
            (resource.RLIMIT_FSIZE, self.file_bytes),
            (resource.RLIMIT_NOFILE, self.open_files),
        ):
            if limit is not None:
                _, hard = resource.getrlimit(kind)
                most = sys.maxsize if hard == resource.RLIM_INFINITY else hard
                bound = min(limit, most)
                # At the soft limit of processor time a signal names what happened; at the hard one the process is just killed.
                spare = _SIGNAL_SECONDS if kind == resource.RLIMIT_CPU else 0
                resource.setrlimit(kind, (bound, min(bound + spare, most)))
