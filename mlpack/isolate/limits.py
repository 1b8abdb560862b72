"""What a worker process may use."""

from __future__ import annotations

import os
import resource
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Limits of one worker; None leaves the machine's own.

    ``memory_bytes`` bounds the data segment (RLIMIT_DATA: libraries map far more address space than they use),
    ``cpu_seconds`` the processor time, ``file_bytes`` the size of one written file.
    """

    memory_bytes: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None

    @classmethod
    def usual(cls) -> Limits:
        """What a worker gets when nothing else is said: as much data as the machine has memory, so that a model that asks for
        more is told so and does not bring the machine down.
        """
        return cls(memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))

    def to_json(self) -> dict[str, Any]:
        """The limits as JSON-ready values."""
        return asdict(self)

    def apply(self) -> None:
        """Bind the calling process to these limits. It never dumps core, which could hold a model's data."""
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for kind, limit in (
            (resource.RLIMIT_DATA, self.memory_bytes),
            (resource.RLIMIT_CPU, self.cpu_seconds),
            (resource.RLIMIT_FSIZE, self.file_bytes),
        ):
            if limit is not None:
                _, hard = resource.getrlimit(kind)
                bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
                resource.setrlimit(kind, (bound, hard))
