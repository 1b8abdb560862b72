"""A session whose model is somewhere else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from mlpack.core.errors import UsageError, WorkerError
from mlpack.runtime.session import ClosingSession, Feed, Outputs, rows_in, take_rows
from mlpack.verify.remote.address import Address
from mlpack.verify.remote.transport import (
    BusyError,
    Described,
    RefusedError,
    TooLargeError,
    Transport,
    UnknownError,
    patiently,
    signature_of,
)


class RemoteSession(ClosingSession):
    """Predicts by asking a service, in batches of a size that it takes.

    ``described`` is what the service says of the model that is asked. Raises UsageError where there is none to ask.
    """

    def __init__(self, transport: Transport, guesses: Sequence[str] = ()) -> None:
        self._transport = transport
        self.described = _find(transport, guesses)
        self.signature = signature_of(self.described, transport.address)
        self._most: int | None = None

    def run(self, feed: Feed) -> Outputs:
        """Predict. Raises RefusedError where the service does not take the values, WorkerError where it does not answer."""
        rows = rows_in(feed, self.signature.inputs)
        if self._most is None or rows <= self._most:
            try:
                return self._ask(feed)
            except TooLargeError as error:
                if rows < 2:
                    raise RefusedError(str(error)) from error
                self._most = (rows + 1) // 2
        parts = [slice(start, start + self._most) for start in range(0, rows, self._most)]
        return self._joined([self.run(take_rows(feed, self.signature.inputs, part)) for part in parts])

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    def _ask(self, feed: Feed) -> Outputs:
        answer = self._asked(feed)
        missing = [spec.name for spec in self.signature.outputs if spec.name not in answer]
        if missing:
            place = self._transport.address.place
            raise WorkerError(
                f"the service at {place} answers without the output {', '.join(missing)} that it declares"
            )
        return answer

    def _asked(self, feed: Feed) -> Outputs:
        def ask() -> Outputs:
            try:
                return self._transport.infer(self.described, feed)
            except UnknownError as error:
                raise BusyError(str(error)) from error  # it was there: it is being replaced

        return patiently(ask, self._transport.address)

    def _joined(self, answers: Sequence[Outputs]) -> Outputs:
        axes = {spec.name: spec.batch_axis for spec in self.signature.outputs}
        joined: Outputs = {}
        for name, first in answers[0].items():
            axis = axes.get(name)
            whole = axis is None or axis >= first.ndim
            joined[name] = first if whole else np.concatenate([answer[name] for answer in answers], axis=axis or 0)
        return joined


def open_session(address: Address, guesses: Sequence[str], timeout: float) -> RemoteSession:
    """Connect to the service at ``address``. ``guesses`` are names that its model may have, where it does not tell.

    Raises UsageError, MissingLibraryError, WorkerError.
    """
    transport: Transport
    if address.is_grpc:
        from mlpack.verify.remote.grpc import GrpcTransport

        transport = GrpcTransport(address, timeout)
    else:
        from mlpack.verify.remote.http import HttpTransport

        transport = HttpTransport(address, timeout)
    try:
        return RemoteSession(transport, guesses)
    except BaseException:
        transport.close()
        raise


def _find(transport: Transport, guesses: Sequence[str]) -> Described:
    """The model that the address names, else the only one that is served, else the first of ``guesses`` that is."""
    address = transport.address
    listed = None if address.model else patiently(transport.models, address)
    if listed is not None and len(listed) > 1:
        raise UsageError(
            f"the service at {address.place} serves {len(listed)} models: {', '.join(listed[:8])}",
            hint=f"name one: {address.naming(listed[0])}",
        )
    names = [address.model] if address.model else listed or list(dict.fromkeys(guesses))
    why = "it does not list its models"
    for name in names:
        try:
            return patiently(partial(transport.describe, name), address)
        except UnknownError as error:
            why = str(error)
    wanted = f"no model {address.model!r}" if address.model else "no model that could be found"
    version = f" in version {address.version!r}" if address.version else ""
    hint = f"name the model: {address.naming('NAME')}"
    raise UsageError(f"the service at {address.place} has {wanted}{version}", why=why, hint=hint)
