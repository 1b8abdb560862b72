"""What the connections of one worker share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..rest.answer import Answer, Later
from .exchange import App
from .outbox import Outbox

if TYPE_CHECKING:
    from .protocol import HttpConnection

MOST_AT_ONCE = 16 << 10
"""Bytes of a body that may be answered without a task: reading more of them in one piece would keep others waiting."""

AtOnce = Callable[[bytes, list[tuple[bytes, bytes]], bytes], Answer | Later | None]
"""Given the target, the headers and the body of a ``POST``: its answer, or what will become it, or None."""


@dataclass(eq=False)
class Door:
    """What the connections of one worker share. ``date`` is a whole header line, or nothing; times are in seconds.

    ``at_once`` is asked first for the answer to a ``POST`` that arrived in one piece, with a body of ``most_at_once`` bytes
    or less: no task is made for what it answers.
    """

    app: App
    header_timeout: float
    most: int
    at_once: AtOnce | None = None
    most_at_once: int = MOST_AT_ONCE
    draining: bool = False
    date: bytes = b""
    outbox: Outbox = field(default_factory=Outbox)
    connections: set[HttpConnection] = field(default_factory=set)
