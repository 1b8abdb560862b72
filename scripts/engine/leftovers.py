"""All that an engine leaves in the kernel when it ends, or is killed: processes, mounts, bridges, control groups."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
PATIENCE = 20.0
"""Seconds that a process has to end after it was asked to."""


def control_group(folder: Path) -> str:
    """The name of the control group that the containers of the engine in ``folder`` run under."""
    return f"mlpack-{_short(folder)}"


def bridge(folder: Path) -> str:
    """The name of the engine's network bridge; the kernel takes 15 characters."""
    return f"mlp-{_short(folder)}"


def _short(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:8]


def clear(folder: Path) -> None:
    """End what runs for the engine in ``folder``, take back what it made, and remove the folder."""
    end(
        contained(folder), signal.SIGKILL, PATIENCE
    )  # before dockerd asks them, and waits ten seconds for each that does not hear
    end(daemons(folder), signal.SIGTERM, PATIENCE)
    end(processes(folder), signal.SIGKILL, PATIENCE)
    names = bridges(folder)  # while its books are there to read
    unmount(folder)
    for name in names:
        subprocess.run(["ip", "link", "delete", name], check=True)
    for group in control_groups(folder):
        group.rmdir()
    shutil.rmtree(folder)


def end(pids: Iterable[int], number: signal.Signals, seconds: float) -> None:
    """Send the signal ``number`` and wait at most ``seconds``."""
    waiting = set(pids)
    for pid in waiting:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    until = time.monotonic() + seconds
    while any(runs(pid) for pid in waiting) and time.monotonic() < until:
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether ``pid`` is a process that has not ended. A zombie has: its parent just has not asked yet."""
    return _read(pid, "stat").rpartition(b")")[2][1:2] not in (b"", b"Z", b"X")


def daemons(folder: Path) -> list[int]:
    """The ``dockerd`` of ``folder``, which ends its containers and its ``containerd`` itself when it can."""
    config = os.fsencode(folder / "daemon.json")
    return _those(lambda pid: config in _read(pid, "cmdline").split(b"\0"))


def contained(folder: Path) -> list[int]:
    """What runs in the containers of the engine in ``folder``."""
    group = os.fsencode(f"/{control_group(folder)}/")
    return _those(lambda pid: group in _read(pid, "cgroup"))


def processes(folder: Path) -> list[int]:
    """Everything that runs for the engine in ``folder``: daemons, shims, and what runs in containers."""
    inside, names = os.fsencode(f"{folder}/"), (b"dockerd", b"containerd", b"runc")  # not who reads its log, or asks it
    ours = _those(lambda pid: inside in _read(pid, "cmdline") and _read(pid, "comm").startswith(names))
    return [*contained(folder), *ours]


def _those(wanted: Callable[[int], bool]) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if pid != os.getpid() and wanted(pid) and runs(pid)]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return b""


def mounts(folder: Path) -> list[str]:
    """The mount points in ``folder``, those on top of others first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in reversed(points) if point.startswith(f"{folder}/")]


def unmount(folder: Path) -> None:
    """Take away every mount in ``folder``, so that removing it removes nothing that was only shown there."""
    for point in mounts(folder):
        subprocess.run(["umount", "--lazy", point], check=True)


def bridges(folder: Path) -> list[str]:
    """The bridges of the engine that are there: its first, and those of networks that it still has in its books."""
    books = folder / "data" / "network" / "files" / "local-kv.db"
    made = re.findall(rb'"BridgeName":"(br-[0-9a-f]{12})"', books.read_bytes()) if books.exists() else []
    names = {bridge(folder), *(name.decode() for name in made)}
    return sorted(name for name in names if Path("/sys/class/net", name).exists())


def control_groups(folder: Path) -> list[Path]:
    """The engine's control groups, in every hierarchy, the innermost first."""
    name = control_group(folder)
    tops = [top for top in (CONTROL_GROUPS / name, *CONTROL_GROUPS.glob(f"*/{name}")) if top.is_dir()]
    return [Path(group) for top in tops for group, _, _ in os.walk(top, topdown=False)]
