"""What the machine offers: Python, processors, memory, and a container engine."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CGROUP = Path("/sys/fs/cgroup")
_PING_SECONDS = 2


@dataclass(frozen=True)
class Machine:
    """Python and the limits it runs under. ``memory`` is in bytes; ``cpus`` may be a fraction in a container."""

    python: str
    executable: str
    system: str
    cpus: float
    memory: int

    def to_json(self) -> dict[str, Any]:
        """The machine as JSON-ready values."""
        return {
            "python": self.python,
            "executable": self.executable,
            "system": self.system,
            "cpus": self.cpus,
            "memory": self.memory,
        }


@dataclass(frozen=True)
class Engine:
    """The container engine: its version, or the reason why there is none."""

    version: str
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The engine as JSON-ready values."""
        return {"present": bool(self.version), "version": self.version or None, "reason": self.reason}


def this_machine() -> Machine:
    """Python, and the processors and memory that this process may use, by affinity and cgroup."""
    return Machine(
        python=platform.python_version(),
        executable=sys.executable,
        system=f"{platform.system()} {platform.machine()}",
        cpus=_cpus(),
        memory=_memory(),
    )


def container_engine() -> Engine:
    """Ask the engine that the environment names for its version, within 2 seconds."""
    try:
        import docker
    except ImportError:
        return Engine("", "the Docker SDK for Python is not installed")
    try:
        client = docker.from_env(timeout=_PING_SECONDS)
        try:
            return Engine(client.version()["Version"])
        finally:
            client.close()
    except (docker.errors.DockerException, OSError) as error:
        return Engine("", _reason(str(error)))


def _reason(text: str) -> str:
    """The SDK wraps what happened in layers of its own words: what happened, in ours."""
    address = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if "ermission denied" in text:
        return f"no permission to use {address}"
    if "timed out" in text:
        return f"{address} did not answer within {_PING_SECONDS} s"
    return f"nothing answers at {address}"


def _cpus() -> float:
    here = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    return min(here, int(quota) / int(period)) if quota.isdigit() and period.isdigit() else here


def _memory() -> int:
    here = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(_CGROUP / "memory.max")
    return min(here, int(limit)) if limit.isdigit() else here


def _read(path: Path) -> str:
    """The text of a cgroup file, empty where this system has none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
