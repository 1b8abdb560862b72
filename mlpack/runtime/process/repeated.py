"""A client that repeats itself: requests whose heads are the same, to the byte, as the one before on their connection.

Most that keep their connection send the same lines with every request, and with inputs of one size the same length, too. What
such a head says was read before.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..rest.answer import Header

_MOST = 2048
"""Bytes of a head that is remembered, one for each connection."""
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Repeated:
    """The bytes of a head, the target and the headers in it, and the bytes of a request with a body of the length it says."""

    head: bytes
    target: bytes
    headers: list[Header]
    size: int

    def body_of(self, data: bytes) -> bytes | None:
        """The body, where ``data`` is just one request with this head."""
        if len(data) == self.size and data.startswith(self.head):
            return data[len(self.head) :]
        return None


def remembered(data: bytes, target: bytes, headers: list[Header], length: int) -> Repeated | None:
    """What is to be remembered of ``data``, which ended with a body of ``length`` bytes; None where there is more in it."""
    head = data[: len(data) - length]
    if len(head) > _MOST or not head.endswith(_END) or head.count(_END) > 1:
        return None
    if (b"content-length", b"%d" % length) not in headers:  # it came in chunks
        return None
    return Repeated(head, target, headers, len(data))
