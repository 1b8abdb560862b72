"""The Python that a service will run on, and which wheels fit it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_OLDEST_GLIBC, _OLDEST_MUSL = 5, 0
_ALIASES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""Names that platforms of these glibc versions had before PEP 600."""


@dataclass(frozen=True)
class Target:
    """A Python: its version, the machine's name as ``platform.machine()`` has it, and the C library by name and version."""

    python: tuple[int, int]
    machine: str
    libc: str
    libc_version: tuple[int, int]

    @property
    def version(self) -> str:
        """``"3.11"``."""
        return f"{self.python[0]}.{self.python[1]}"

    @property
    def text(self) -> str:
        """How messages name it."""
        return f"CPython {self.version} on Linux {self.machine} with {self.libc} {self.libc_version[0]}.{self.libc_version[1]}"

    @property
    def markers(self) -> Mapping[str, str]:
        """What requirements may depend on (PEP 508)."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.version}.0",
            "python_version": self.version,
            "sys_platform": "linux",
        }

    @cached_property
    def platforms(self) -> list[str]:
        """The platforms of wheels that run there, the best first (PEP 600, PEP 656)."""
        major, minor = self.libc_version
        if self.libc == "musl":
            return [f"musllinux_{major}_{one}_{self.machine}" for one in range(minor, _OLDEST_MUSL - 1, -1)]
        found: list[str] = []
        for one in range(minor, _OLDEST_GLIBC - 1, -1):
            found.append(f"manylinux_{major}_{one}_{self.machine}")
            if one in _ALIASES:
                found.append(f"{_ALIASES[one]}_{self.machine}")
        return [*found, f"linux_{self.machine}"]

    @cached_property
    def ranks(self) -> Mapping[Any, int]:
        """Every tag of a wheel that fits, with its place in the order of preference."""
        from packaging.tags import compatible_tags, cpython_tags

        interpreter = f"cp{self.python[0]}{self.python[1]}"
        tags = [
            *cpython_tags(self.python, platforms=self.platforms),
            *compatible_tags(self.python, interpreter, self.platforms),
        ]
        return {tag: place for place, tag in enumerate(tags)}


def this_python() -> Target:
    """The Python that mlpack runs on."""
    name, version = platform.libc_ver()
    parts = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    known = (parts[0], parts[1]) if len(parts) == 2 else (2, 17)
    return Target(sys.version_info[:2], platform.machine(), name or "glibc", known)
