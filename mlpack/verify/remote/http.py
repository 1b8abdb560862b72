"""The Open Inference Protocol over HTTP: tensors as bytes where the service says that it reads them, else as JSON.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from http.client import HTTPMessage
from typing import Any
from urllib.parse import quote

from mlpack.core.errors import UsageError, WorkerError
from mlpack.runtime.errors import ServiceError
from mlpack.runtime.session import Feed, Outputs
from mlpack.verify.remote.address import Address
from mlpack.verify.remote.bodies import HEADER_LENGTH, binary_request, json_request, outputs_of
from mlpack.verify.remote.transport import (
    BusyError,
    Described,
    RefusedError,
    Tensor,
    TooLargeError,
    UnknownError,
    error_text,
    key,
    stranger,
    unauthorized,
    unreachable,
)

BINARY = "binary_tensor_data"
_RAISED = frozenset({400, 422, 500})
"""The values are refused, or the model raised on them, which some servers do not tell apart."""
_ABSENT = frozenset({404, 405, 501})
_LARGE = 1 << 20
_CONNECT_SECONDS = 10.0
_MOST_ANSWER = 256 << 20
"""Bytes of an answer. The rows of one request have far fewer."""


class HttpTransport:
    """A connection that is kept. ``timeout`` is the longest wait for an answer in seconds."""

    def __init__(self, address: Address, timeout: float) -> None:
        self.address = address
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._binary: bool | None = None
        self._server: dict[str, str] = {}

    def models(self) -> list[str] | None:
        """See `Transport.models`: by Triton's extension, which others have taken over."""
        self._meet()
        try:
            listed = self._json("POST", "/v2/repository/index", b"{}")
        except (UnknownError, RefusedError):
            return None
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            return None
        return list(dict.fromkeys(str(one["name"]) for one in listed if "name" in one))

    def describe(self, model: str) -> Described:
        """See `Transport.describe`."""
        self._meet()
        try:
            told = self._json("GET", self._path(model))
        except RefusedError as error:
            raise stranger(self.address, str(error)) from error
        try:
            inputs, outputs = ([_tensor(entry) for entry in told.get(side) or ()] for side in ("inputs", "outputs"))
            versions = [str(one) for one in told.get("versions") or ()]
            platform = str(told.get("platform", ""))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise stranger(self.address, f"what it says of {model} cannot be read: {error!r}") from error
        version = self.address.version or (versions[-1] if versions else "")
        return Described(model, version, platform, inputs, outputs, self._server)

    def infer(self, model: Described, feed: Feed) -> Outputs:
        """See `Transport.infer`."""
        binary = bool(self._binary)
        body, headers = binary_request(feed) if binary else (json_request(feed), {})
        status, found, answer = self._exchange("POST", f"{self._path(model.model)}/infer", body, headers)
        self._check(status, found, answer)
        try:
            return outputs_of(answer, found.get(HEADER_LENGTH))
        except (ServiceError, KeyError, TypeError, ValueError, OverflowError, RecursionError, AttributeError) as error:
            raise WorkerError(
                f"the service at {self.address.place} sent a broken answer", why=f"{type(error).__name__}: {error}"
            ) from error

    def close(self) -> None:
        """See `Transport.close`."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _path(self, model: str) -> str:
        version = f"/versions/{quote(self.address.version, safe='')}" if self.address.version else ""
        return f"/v2/models/{quote(model, safe='')}{version}"

    def _meet(self) -> None:
        """Learn what the server is and whether it reads tensors as bytes. Raises UsageError for what is no such server."""
        if self._binary is not None:
            return
        try:
            told = self._json("GET", "/v2")
        except (UnknownError, RefusedError):
            told = {}  # a proxy may let the paths of models pass and no others
        if not isinstance(told, dict):
            raise stranger(self.address, f"GET /v2 answers {str(told)[:80]!r}")
        extensions = told.get("extensions")
        self._binary = isinstance(extensions, list) and BINARY in extensions
        if told.get("name"):
            self._server = {str(told["name"]): str(told.get("version", ""))}

    def _json(self, method: str, path: str, body: bytes = b"") -> Any:
        status, headers, answer = self._exchange(method, path, body, {})
        self._check(status, headers, answer)
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise stranger(self.address, f"{method} {path} answers no JSON: {answer[:60]!r}") from error

    def _check(self, status: int, headers: HTTPMessage, answer: bytes) -> None:
        """Raises what a status other than success means."""
        if 200 <= status < 300:
            return
        why = f"HTTP {status}: {_reason(answer)}"
        if status in _RAISED:
            raise RefusedError(why)
        if status == 413:
            raise TooLargeError(why)
        if status in {429, 503}:
            raise BusyError(why, _seconds(headers.get("Retry-After")))
        if status in {401, 403}:
            raise unauthorized(self.address, why)
        if status in _ABSENT:
            raise UnknownError(why)
        if 300 <= status < 400:
            raise UsageError(
                f"{self.address.text} sends elsewhere", why=why, hint=f"name {headers.get('Location', 'that address')}"
            )
        raise WorkerError(f"the service at {self.address.place} failed", why=why)

    def _exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, HTTPMessage, bytes]:
        """Ask once; once more where the connection was kept and the server has ended it in the meantime."""
        kept = self._connection is not None
        try:
            return self._ask(method, path, body, headers)
        except (http.client.HTTPException, ConnectionError) as error:
            self.close()
            if len(body) > _LARGE:  # it did not even read it all
                raise TooLargeError(f"the connection was closed at {len(body)} bytes: {error}") from error
            if kept:
                return self._exchange(method, path, body, headers)
            raise self._lost(error) from error
        except OSError as error:
            self.close()
            raise self._lost(error) from error

    def _ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, HTTPMessage, bytes]:
        connection = self._connection or self._connect()
        sent = {"Content-Type": "application/json", **headers}
        if key():
            sent["Authorization"] = f"Bearer {key()}"
        try:
            connection.request(method, self.address.prefix + path, body or None, sent)
        except (BrokenPipeError, ConnectionResetError):
            if len(body) <= _LARGE:
                raise
            # It may have said why before it stopped to read.
        response = connection.getresponse()
        answer = response.read(_MOST_ANSWER + 1)
        if len(answer) > _MOST_ANSWER:
            self.close()
            raise WorkerError(f"the service at {self.address.place} answers with more than {_MOST_ANSWER} bytes")
        if response.will_close:
            self.close()
        return response.status, response.headers, answer

    def _connect(self) -> http.client.HTTPConnection:
        address = self.address
        connection = (
            http.client.HTTPSConnection(
                address.host, address.port, timeout=_CONNECT_SECONDS, context=ssl.create_default_context()
            )
            if address.is_secure
            else http.client.HTTPConnection(address.host, address.port, timeout=_CONNECT_SECONDS)
        )
        try:
            connection.connect()
        except OSError as error:
            if self._binary is not None:  # it was there
                raise self._lost(error) from error
            raise _not_connected(address, error) from error
        connection.sock.settimeout(self._timeout)
        self._connection = connection
        return connection

    def _lost(self, error: Exception) -> WorkerError | UsageError:
        place = self.address.place
        if isinstance(error, TimeoutError):
            return WorkerError(f"the service at {place} hung: no answer within {self._timeout:.0f} s")
        if self._binary is None:
            return stranger(self.address, f"{type(error).__name__}: {error}")
        return WorkerError(
            f"the service at {place} broke off before it answered", why=f"{type(error).__name__}: {error}"
        )


def _not_connected(address: Address, error: OSError) -> UsageError:
    if isinstance(error, ssl.SSLError):
        other = address.text.replace("https://", "http://", 1)
        return UsageError(
            f"no secure connection to {address.place}",
            why=getattr(error, "verify_message", "") or str(error),
            hint=f"a certificate of your own: SSL_CERT_FILE=ca.pem; a service without TLS: {other}",
        )
    return unreachable(address, error)


def _tensor(entry: Mapping[str, Any]) -> Tensor:
    return str(entry["name"]), str(entry["datatype"]), [int(size) for size in entry["shape"]]


def _reason(answer: bytes) -> str:
    try:
        return error_text(json.loads(answer))
    except (ValueError, RecursionError):
        return " ".join(answer[:200].decode("utf-8", "replace").split()) or "no reason given"


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdecimal() else 0.5
