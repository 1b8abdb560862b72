"""A running service as a `Side`: it answers, and shows nothing else of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from mlpack.runtime.session import Array
from mlpack.verify.remote.address import Address
from mlpack.verify.remote.session import RemoteSession, open_session
from mlpack.verify.remote.transport import RefusedError


class RemoteSide:
    """The other end of a `Peer` that asks over a network; it lives in this process, for it loads nothing."""

    def __init__(self) -> None:
        self._session: RemoteSession | None = None

    def connect(self, address: Address, guesses: Sequence[str], timeout: float) -> dict[str, Any]:
        """Find the service and its model. Raises UsageError, MissingLibraryError, WorkerError."""
        self._session = open_session(address, guesses, timeout)
        described = self._session.described
        return {
            "framework": described.platform or "unknown",
            "signature": self._session.signature.to_json(),
            "versions": dict(described.server),
        }

    def run(self, feed: Mapping[str, Array]) -> dict[str, Any]:
        """Predict: ``outputs``, or why the service ``raised``, and the ``seconds`` it took. Raises WorkerError."""
        assert self._session is not None
        start = time.monotonic()
        try:
            outputs = self._session.run(feed)
        except RefusedError as refusal:
            return {"raised": str(refusal), "seconds": time.monotonic() - start}
        return {"outputs": outputs, "seconds": time.monotonic() - start}

    def close(self) -> None:
        """End the connection."""
        if self._session is not None:
            self._session.close()
