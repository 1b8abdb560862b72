"""Inference by the Open Inference Protocol, values as JSON or as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..coerce.oip import bytes_of_array
from ..coerce.tensors import Tensors
from ..errors import ContractError, MalformedError, TooLargeError, UnknownModelError
from ..manifest import Manifest
from ..service.service import Service
from ..session import Outputs, rows_in
from .asgi import JSON, JSON_LENGTH, LENGTHS, Header, Scope
from .handler import Reply
from .v2_request import Output, Parameters, Request, read_head, read_request
from .v2_tensors import binary_output, json_output, read_inputs, write_answer, write_head

_HEADERS = (JSON,)
_SHORT = 2048
_OCTETS: Header = (b"content-type", b"application/octet-stream")


class Infer:
    """Answers ``POST /v2/models/{model}[/versions/{version}]/infer``."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._signature = service.signature
        self._tensors = Tensors(service.signature)
        self._most = service.settings.max_rows
        self._names = tuple(spec.name for spec in service.signature.outputs)
        self._missing = bool(service.signature.missing)
        self._batched = all(spec.batch_axis == 0 for spec in service.signature.inputs)

    async def __call__(self, scope: Scope, body: bytes) -> Reply:
        """The outputs for the inputs in ``body``. Raises ServiceError."""
        service = self._service
        if "path_params" in scope:  # else the path was one of the served model
            check_model(service.manifest, scope["path_params"])
        length = scope[LENGTHS][1]
        if length == -1:
            request = read_request(body)
            named = read_inputs(request, None, missing=self._missing)
        else:
            if not 0 <= length <= len(body):
                raise MalformedError("Inference-Header-Content-Length is no number of bytes that the body has")
            read = read_head if length <= _SHORT else read_request
            request = read(body[:length])
            named = read_inputs(request, body[length:], missing=self._missing)
        feed = self._tensors.feed(named)
        rows = len(next(iter(feed.values()))) if self._batched else rows_in(feed, self._signature.inputs)
        if rows > self._most:
            raise TooLargeError(f"{rows} rows, and one request may have {self._most}")
        wanted = request.outputs or ()
        self._check_outputs(wanted)
        outputs = service.infer_now(feed, rows) if rows <= service.inline_rows else await service.infer(feed, rows)
        return self._reply(request, wanted, outputs)

    def _check_outputs(self, wanted: Sequence[Output]) -> None:
        for output in wanted:
            if output.name not in self._names:
                raise ContractError(f"there is no output {output.name!r}; there are {', '.join(self._names)}")

    def _reply(self, request: Request, wanted: Sequence[Output], outputs: Outputs) -> Reply:
        manifest = self._service.manifest
        by_default = bool(request.parameters and request.parameters.binary_data_output)
        told: list[Any] = []
        tail: list[bytes] = []
        for name, parameters in _selection(wanted, self._names):
            chosen = parameters and parameters.binary_data
            if by_default if chosen is None else chosen:
                raw = bytes_of_array(outputs[name])
                tail.append(raw)
                told.append(binary_output(name, outputs[name], len(raw)))
            else:
                told.append(json_output(name, outputs[name]))
        if not tail:
            return _HEADERS, write_answer(manifest.name, manifest.version, request.id, told)
        if len(tail) == len(told) and request.id is None:
            text = write_head(manifest.name, manifest.version, tuple(told))
        else:
            text = write_answer(manifest.name, manifest.version, request.id, told)
        return (_OCTETS, (JSON_LENGTH, b"%d" % len(text))), b"".join((text, *tail))


def _selection(wanted: Sequence[Output], names: Sequence[str]) -> list[tuple[str, Parameters | None]]:
    if not wanted:
        return [(name, None) for name in names]
    return [(output.name, output.parameters) for output in wanted]


def check_model(manifest: Manifest, asked: dict[str, str]) -> None:
    """Raises UnknownModelError unless the model and the version in a path are those that are served."""
    if asked["model"] != manifest.name:
        raise UnknownModelError(f"there is no model {asked['model']!r} here; {manifest.name!r} is served")
    if asked.get("version", manifest.version) != manifest.version:
        raise UnknownModelError(
            f"{manifest.name!r} has no version {asked['version']!r} here; it is {manifest.version!r}"
        )
