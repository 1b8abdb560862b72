"""Inference by the Open Inference Protocol, values as JSON or as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ..coerce.oip import bytes_of_array
from ..coerce.tensors import Tensors
from ..errors import MalformedError, TooLargeError, UnknownModelError
from ..manifest import Manifest
from ..service.model import Model
from ..service.service import Service
from ..session import Array, Feed, Outputs, rows_in
from .answer import Header
from .asgi import JSON, JSON_LENGTH, LENGTHS, Scope
from .handler import Awaited, Reply, settled
from .v2_heads import Asked, Heads, Written
from .v2_plain import PlainAnswers, plain_reader
from .v2_request import chosen, read_request
from .v2_tensors import binary_output, json_output, read_inputs, write_answer

_HEADERS = (JSON,)
_MOST_SHAPES = 64
_OCTETS: Header = (b"content-type", b"application/octet-stream")


class Infer:
    """Answers ``POST /v2/models/{model}[/versions/{version}]/infer``."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._model = service.model
        self._signature = service.signature
        self._tensors = Tensors(service.signature)
        self._heads = Heads()
        self._most = service.settings.max_rows
        self._names = tuple(spec.name for spec in service.signature.outputs)
        self._missing = bool(service.signature.missing)
        self._read_plain = plain_reader(service.signature)
        self._plain_answers = _plain_answers(service.model)
        self._batched = all(spec.batch_axis == 0 for spec in service.signature.inputs)

    def at_once(self, length: int, body: bytes) -> Reply | Awaited:
        """The outputs, or what will become them where the model is asked in its thread. Raises ServiceError."""
        self._forget()
        if length == -1 and self._read_plain is not None:
            array = self._read_plain(body)
            if array is not None and len(array) <= self._most:
                return self._plain_at_once(array)
        return self._infer(*self._read(body, length))

    async def __call__(self, scope: Scope, body: bytes) -> Reply:
        """The outputs for the inputs in ``body``. Raises ServiceError."""
        check_model(self._service.manifest, scope)
        self._forget()
        return await settled(self._infer(*self._read(body, scope[LENGTHS][1])))

    def _infer(self, feed: Feed, asked: Asked) -> Reply | Awaited:
        service = self._service
        if asked.rows <= service.inline_rows:
            return self._reply(asked, service.infer_now(feed, asked.rows))
        return Awaited(service.infer_soon(feed, asked.rows), partial(self._reply, asked))

    def _plain_at_once(self, array: Array) -> Reply | Awaited:
        feed = {self._signature.inputs[0].name: array}
        self._tensors.check_values(feed)
        if len(array) <= self._service.inline_rows:
            return self._reply_plain(self._plain_answers, self._service.infer_now(feed, len(array)))
        return Awaited(self._service.infer_soon(feed, len(array)), partial(self._reply_plain, self._plain_answers))

    def _reply_plain(self, answers: PlainAnswers, outputs: Outputs) -> Reply:
        """``answers`` are those of the model that was asked, which may have been replaced meanwhile."""
        return _HEADERS, answers.write(self._names, outputs)

    def _forget(self) -> None:
        """What was remembered has the name of the model before."""
        if self._service.model is not self._model:
            self._model, self._heads = self._service.model, Heads()
            self._plain_answers = _plain_answers(self._model)

    def _read(self, body: bytes, length: int) -> tuple[Feed, Asked]:
        """The feed in ``body``, and what its JSON says, which is ``length`` bytes of it; -1 for all."""
        if length == -1:
            return self._read_anew(body, None)
        if not 0 <= length <= len(body):
            raise MalformedError("Inference-Header-Content-Length is no number of bytes that the body has")
        text, tail = body[:length], body[length:]
        head = self._heads.find(text, tail)
        if head is None:
            return self._read_anew(text, tail)
        feed = head.feed(tail)
        self._tensors.check_values(feed)
        return feed, head.asked

    def _read_anew(self, text: bytes, tail: bytes | None) -> tuple[Feed, Asked]:
        request = read_request(text)
        feed = self._tensors.feed(read_inputs(request, tail, missing=self._missing))
        rows = len(next(iter(feed.values()))) if self._batched else rows_in(feed, self._signature.inputs)
        if rows > self._most:
            raise TooLargeError(f"{rows} rows, and one request may have {self._most}")
        asked = Asked(request.id, rows, chosen(request, self._names), self._service.manifest)
        if tail is not None and request.id is None:
            self._heads.remember(text, request, feed, asked)
        return feed, asked

    def _reply(self, asked: Asked, outputs: Outputs) -> Reply:
        arrays = [outputs[name] for name, _ in asked.chosen]
        if asked.as_bytes:
            tail = [bytes_of_array(array) for array in arrays]
            shape = (*[array.shape for array in arrays], *map(len, tail))
            written = asked.answers.get(shape)
            if written is None:
                written = self._written(asked, arrays, tail)
                if len(asked.answers) < _MOST_SHAPES:
                    asked.answers[shape] = written
            return written[0], b"".join((written[1], *tail))
        tail = [bytes_of_array(array) for array, (_, as_bytes) in zip(arrays, asked.chosen, strict=True) if as_bytes]
        headers, text = self._written(asked, arrays, tail)
        return headers, b"".join((text, *tail))

    def _written(self, asked: Asked, arrays: Sequence[Array], tail: Sequence[bytes]) -> Written:
        """Headers and JSON of an answer with ``arrays``, of which some come as the bytes in ``tail``."""
        sizes = iter(map(len, tail))
        told = [
            binary_output(name, array, next(sizes)) if as_bytes else json_output(name, array)
            for array, (name, as_bytes) in zip(arrays, asked.chosen, strict=True)
        ]
        manifest = asked.manifest
        text = write_answer(manifest.name, manifest.version, asked.identity, told)
        return ((_OCTETS, (JSON_LENGTH, b"%d" % len(text))) if tail else _HEADERS), text


def _plain_answers(model: Model) -> PlainAnswers:
    return PlainAnswers(model.manifest.name, model.manifest.version)


def check_model(manifest: Manifest, scope: Scope) -> None:
    """Raises UnknownModelError unless the model and the version in the path are those that are served.

    A path that was found as a whole is one of theirs: only a pattern has parameters.
    """
    asked = scope.get("path_params")
    if not asked:
        return
    if asked["model"] != manifest.name:
        raise UnknownModelError(f"there is no model {asked['model']!r} here; {manifest.name!r} is served")
    if asked.get("version", manifest.version) != manifest.version:
        raise UnknownModelError(
            f"{manifest.name!r} has no version {asked['version']!r} here; it is {manifest.version!r}"
        )
