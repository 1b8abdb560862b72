"""Starts ``dockerd`` in a folder of its own, beside any other engine of the machine, and ends it again.

It touches no firewall rule and no setting of the host: containers reach each other, the host reaches the ports that they
publish, and nothing reaches further.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from engine import leftovers, network
from engine.disk import MEGABYTES, mount_disk
from engine.places import KEPT, alone, engines, held
from mlpack.core.errors import EngineError

MACHINES = "unix:///var/run/docker.sock"
PROGRAMS = {
    "dockerd": "docker.io",
    "containerd": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "setpriv": "util-linux",
}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SECONDS_TO_ANSWER = 60.0


@dataclass(frozen=True)
class Engine:
    """An engine that was started here; ``folder`` holds all that is its own."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """What ``DOCKER_HOST`` has to be."""
        return address_in(self.folder)


@contextmanager
def running() -> Iterator[str]:
    """The address of an engine: one that was there and is left alone, or one that is started, and gone after the block.

    Raises EngineError where there is none and none can be started.
    """
    there = found()
    if there:
        yield there
        return
    with started() as engine:
        yield engine.address


def found() -> str | None:
    """The engine of ``DOCKER_HOST``, or, for a user who could not start one, that of the machine."""
    named = os.environ.get("DOCKER_HOST")
    if named and answers(named):
        return named
    return MACHINES if os.geteuid() != 0 and answers(MACHINES) else None


@contextmanager
def started(megabytes: int = MEGABYTES) -> Iterator[Engine]:
    """An engine for this process alone, empty, with a disk of its own; it ends with the process, however that ends.

    Raises EngineError that says what to install, or ends with the log.
    """
    check_programs()
    with ExitStack() as owned:
        with alone(engines() / "lock"):
            sweep()
            folder = prepared(secrets.token_hex(4), megabytes)
            owned.enter_context(alone(folder / "lock"))
        try:
            process = owned.enter_context(launched(folder, ["setpriv", "--pdeathsig", "TERM"]))
            yield wait_for(Engine(folder, process))
        finally:
            with alone(engines() / "lock"):
                leftovers.clear(folder)


def keep() -> str:
    """The address of the engine that stays until ``drop``, started where it does not run."""
    check_programs()
    with alone(engines() / "lock"):
        sweep()
        folder = engines() / KEPT
        if not folder.exists():
            prepared(KEPT, MEGABYTES)
            try:
                wait_for(Engine(folder, launched(folder, [])))
            except EngineError:
                leftovers.clear(folder)
                raise
    return address_in(folder)


def drop() -> None:
    """End the engine that was kept, and remove what others left that were killed."""
    with alone(engines() / "lock"):
        sweep()
        if (engines() / KEPT).exists():
            leftovers.clear(engines() / KEPT)


def sweep() -> None:
    """Remove what is left of engines whose owner is gone. Only for those who hold the lock of all engines."""
    for folder in [path for path in engines().iterdir() if path.is_dir()]:
        lives = answers(address_in(folder)) if folder.name == KEPT else held(folder / "lock")
        if not lives:
            leftovers.clear(folder)


def check_programs() -> None:
    """Raises EngineError where this user or this machine cannot run an engine."""
    missing = sorted(PROGRAMS[name] for name in PROGRAMS if not shutil.which(name, path=PATH))
    if missing:
        raise EngineError(
            "no container engine to test with",
            why=f"DOCKER_HOST names none that answers, and these Debian packages are missing: {', '.join(missing)}",
            hint=f"apt-get install --no-install-recommends {' '.join(missing)}",
        )
    if os.geteuid() != 0:
        raise EngineError(
            "no container engine to test with",
            why=f"neither DOCKER_HOST nor {MACHINES} answers, and only root can start one",
            hint="start Docker and set DOCKER_HOST, or run as root",
        )


def prepared(name: str, megabytes: int) -> Path:
    """A folder with the settings of an engine, its disk and its bridge."""
    folder = engines() / name
    folder.mkdir(mode=0o711)
    try:
        mount_disk(folder / "disk.img", folder / "data", megabytes)
        networks = network.make_bridge(leftovers.bridge(folder))
        (folder / "daemon.json").write_text(json.dumps(settings(folder, str(networks)), indent=1))
    except BaseException:
        leftovers.clear(folder)
        raise
    return folder


def settings(folder: Path, networks: str) -> dict[str, object]:
    """What ``dockerd`` is told: its own places, its own bridge, and hands off the host's firewall."""
    return {
        "hosts": [address_in(folder)],
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "dockerd.pid"),
        "group": "root",
        "storage-driver": storage_driver(folder / "data"),
        "bridge": leftovers.bridge(folder),
        "default-address-pools": [{"base": networks, "size": 24}],
        "iptables": False,
        "ip-masq": False,
        "ip-forward": False,
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{leftovers.control_group(folder)}",
        "shutdown-timeout": 5,
    }


def storage_driver(data: Path) -> str:
    """``overlay2``, but in a container that has no loop devices: an overlay cannot lie on another."""
    kind = subprocess.run(["stat", "-f", "-c", "%T", data], capture_output=True, text=True, check=True).stdout
    return "vfs" if kind.strip() == "overlayfs" else "overlay2"


def launched(folder: Path, by: list[str]) -> subprocess.Popen[bytes]:
    """``dockerd`` in a process group of its own, started through ``by``; it sees nothing of this environment."""
    with (folder / "dockerd.log").open("wb") as log:
        return subprocess.Popen(
            [*by, "dockerd", "--config-file", str(folder / "daemon.json")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={"PATH": PATH},
            start_new_session=True,
        )


def wait_for(engine: Engine) -> Engine:
    """The same engine, once it answers. Raises EngineError with the end of its log where it ends, or never does."""
    until = time.monotonic() + SECONDS_TO_ANSWER
    while not answers(engine.address):
        if engine.process.poll() is not None or time.monotonic() > until:
            log = (engine.folder / "dockerd.log").read_text(errors="replace").splitlines()
            raise EngineError("dockerd does not start", why=" ".join(log[-1:]), details="\n".join(log[-40:]))
        time.sleep(0.05)
    return engine


def answers(address: str) -> bool:
    """Whether an engine answers at ``address``."""
    place = address.removeprefix("unix://")
    return _socket_answers(place) if place != address else _remote_answers(address)


def _socket_answers(path: str) -> bool:
    """Not through the SDK, whose client leaves a socket open for each time that nobody answers."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(10)
        try:
            asking.connect(path)
            asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in asking.recv(100)
        except OSError:
            return False


def _remote_answers(address: str) -> bool:
    import docker
    from requests.exceptions import RequestException

    try:
        with closing(docker.DockerClient(base_url=address, timeout=10)) as client:
            return bool(client.ping())
    except (docker.errors.DockerException, RequestException):
        return False


def address_in(folder: Path) -> str:
    """The address of the engine in ``folder``."""
    return f"unix://{folder}/docker.sock"
