"""Who is measured: how each is started and what it is asked; the echoes, which do nothing but answer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from serving.loads import Target
from serving.process import HOST, Launch, NotServingError, free_port

HERE = Path(__file__).parent
UVICORN = (
    "--host", HOST, "--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools",
    "--timeout-keep-alive", "75",
)  # fmt: skip


class Contender(Protocol):
    """A service of one model."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def prepare(self, folder: Path) -> None:
        """Put into ``folder``, which is empty and its own, what the service starts from. Raises NotServingError."""
        ...

    def launch(self, folder: Path) -> Launch:
        """How to start it, on ports that are free now."""
        ...

    def targets(self) -> Sequence[Target]:
        """What to ask it, once it is prepared."""
        ...


@dataclass(frozen=True)
class Echo:
    """A bare ASGI application that reads the body: what uvicorn itself costs, for each of the bodies of ``asked``."""

    asked: Sequence[Target]
    name: str = "ASGI echo"

    def prepare(self, folder: Path) -> None:
        """Nothing to prepare."""

    def launch(self, folder: Path) -> Launch:
        """In the environment of the benchmark."""
        port = free_port()
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(HERE), "echo:app", "--port", str(port), *UVICORN]
        return Launch(command, folder, port, "/")

    def targets(self) -> Sequence[Target]:
        """The bodies that ours is asked with."""
        return [replace(target, expected=None) for target in self.asked if target.protocol == "http"]


@dataclass(frozen=True)
class GrpcEcho:
    """A bare grpc.aio server that answers ``answer`` to every message of ``asked``."""

    asked: Sequence[Target]
    answer: bytes
    name: str = "grpc.aio echo"

    def prepare(self, folder: Path) -> None:
        """Write what it answers."""
        (folder / "answer").write_bytes(self.answer)

    def launch(self, folder: Path) -> Launch:
        """In the environment of the benchmark."""
        port = free_port()
        command = [sys.executable, str(HERE / "grpc_echo.py"), str(port), str(folder / "answer")]
        return Launch(command, folder, port, "", grpc_port=port)

    def targets(self) -> Sequence[Target]:
        """The messages that ours is asked with."""
        return [target for target in self.asked if target.protocol == "grpc"]


def run_once(command: Sequence[str], folder: Path) -> str:
    """The output of a command that has to succeed. Raises NotServingError with the end of what it said."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NotServingError(f"{Path(command[0]).name} {command[1]}: {(ended.stderr or ended.stdout).strip()[-300:]}")
    return ended.stdout
