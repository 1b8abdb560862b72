"""Where a worker serves: its sockets, its slot on the board, and how it hears of its supervisor. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..service.board import Board
from ..settings import Settings
from .sockets import listen, reserve

VARIABLE = "MLPACK_PLACE"
"""Of the environment: what the supervisor tells a worker. It is no option: nobody else sets it."""


@dataclass(frozen=True)
class Place:
    """The place of one worker.

    ``reservation`` holds the gRPC port for the server, None without gRPC. ``reports`` and ``alive`` are pipes: what is
    written to the one the supervisor reads; the other ends when the supervisor does. None where there is no supervisor.
    """

    listener: socket.socket
    reservation: socket.socket | None
    board: Board
    reports: int | None = None
    alive: int | None = None
    replaces: bool = False

    @property
    def supervised(self) -> bool:
        """Whether this worker is one of several."""
        return self.reports is not None

    @property
    def port(self) -> int:
        """The port of REST."""
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def grpc_port(self) -> int:
        """The port of gRPC, -1 for none."""
        return -1 if self.reservation is None else int(self.reservation.getsockname()[1])

    def report(self, what: Mapping[str, Any]) -> None:
        """Tell the supervisor, in one line, if it is there to hear it."""
        if self.reports is None:
            return
        rest = memoryview(json.dumps(what).encode() + b"\n")
        with contextlib.suppress(BrokenPipeError):
            while rest:
                rest = rest[os.write(self.reports, rest) :]

    def variables(self) -> dict[str, str]:
        """The environment by which another process takes this place."""
        told = {
            "listener": self.listener.fileno(),
            "reservation": None if self.reservation is None else self.reservation.fileno(),
            "board": (self.board.fd, self.board.slots, self.board.slot),
            "reports": self.reports,
            "alive": self.alive,
            "replaces": self.replaces,
        }
        return {VARIABLE: json.dumps(told)}

    def descriptors(self) -> list[int]:
        """What that process has to inherit."""
        found = [self.listener.fileno(), self.board.fd, self.reports, self.alive]
        if self.reservation is not None:
            found.append(self.reservation.fileno())
        return [one for one in found if one is not None]


def own_place(settings: Settings) -> Place:
    """That of a worker without a supervisor. Raises StartError where a port cannot be had."""
    listener = listen(settings.host, settings.port)[0]
    reservation = None if settings.grpc_port < 0 else reserve(settings.host, settings.grpc_port)
    return Place(listener, reservation, Board.create())


def own_places(settings: Settings) -> tuple[list[socket.socket], socket.socket | None, Board]:
    """What several workers share: a socket for each, the gRPC port of all, and a board. Raises StartError."""
    listeners = listen(settings.host, settings.port, settings.workers)
    reservation = None if settings.grpc_port < 0 else reserve(settings.host, settings.grpc_port)
    return listeners, reservation, Board.create(settings.workers)


def given_place(environment: Mapping[str, str] = os.environ) -> Place | None:
    """The place that a supervisor has given to this process; None where there is none."""
    text = environment.get(VARIABLE)
    if not text:
        return None
    told = json.loads(text)
    reservation = told["reservation"]
    for descriptor in (told["listener"], reservation, told["board"][0], told["reports"], told["alive"]):
        if descriptor is not None:
            os.set_inheritable(descriptor, False)  # noqa: FBT003 - for what this process starts in its turn
    return Place(
        socket.socket(fileno=told["listener"]),
        None if reservation is None else socket.socket(fileno=reservation),
        Board(*told["board"]),
        told["reports"],
        told["alive"],
        told["replaces"],
    )
