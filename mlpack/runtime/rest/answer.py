"""What an application gives a connection: the answer to a request, or what will become one. Imports nothing heavy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

Header = tuple[bytes, bytes]
Answer = tuple[int, Sequence[Header], bytes]
"""Status, headers without the length, body."""

CLOSE: Header = (b"connection", b"close")


class Later:
    """An answer that is there once ``outputs`` are: ``finish`` gives it then, or None where nobody waits for it any more."""

    __slots__ = ("finish", "outputs")

    def __init__(self, outputs: asyncio.Future[Any], finish: Callable[[], Answer | None]) -> None:
        self.outputs = outputs
        self.finish = finish
