"""Hostile calls and frames: a status that is an error, or a connection that ends, and the next call is answered."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import grpc
import pytest
from clients.served import HOST, until
from fire.frames import (
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    RESET,
    SETTINGS,
    WINDOW,
    call,
    frame,
    literal,
    message,
)
from fire.processes import resident
from fire.wire import connect, talk

from mlpack.runtime.rpc import open_inference_pb2
from mlpack.runtime.rpc.outline import outline_of

INFER = "/inference.GRPCInferenceService/ModelInfer"
GREETING = PREFACE + frame(SETTINGS)
BAD = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL}
LARGE = {grpc.StatusCode.RESOURCE_EXHAUSTED}
whatever_the_model = pytest.mark.parametrize("model", ["cheap"], indirect=True)
"""What never comes to a model is tried with one of them."""


@pytest.fixture(autouse=True)
def answers(model, service) -> Iterator[None]:
    """The next good call, on a connection of its own, is answered; at once, or when the flood before it has run off."""
    yield
    request = good(model)
    answered: list[bytes] = []

    def asked() -> bool:
        try:
            with channel(service) as opened:
                answered.append(opened.unary_unary(INFER)(request.SerializeToString(), timeout=20))
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
        return bool(answered)

    assert until(asked)
    raw = answered[0]
    (tensor,) = [one for one in open_inference_pb2.ModelInferResponse.FromString(raw).outputs if one.name == "label"]
    assert list(tensor.shape) == [len(model.rows)]


def channel(service) -> grpc.Channel:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
    return grpc.insecure_channel(f"{HOST}:{service.grpc_port}", options)


def good(model) -> open_inference_pb2.ModelInferRequest:
    ((name, rows),) = model.feed.items()
    request = open_inference_pb2.ModelInferRequest(model_name=model.name, raw_input_contents=[rows.tobytes()])
    request.inputs.add(name=name, datatype="FP32", shape=rows.shape)
    return request


def typed(model) -> str:
    outline = outline_of(model.manifest.signature, model.name)
    return f"/{outline.full_name}/Predict"


def test_values_and_shapes_that_the_model_does_not_take(model, service) -> None:
    def changed(change) -> bytes:
        request = good(model)
        change(request)
        return request.SerializeToString()

    def put(values):
        def change(request) -> None:
            request.ClearField("raw_input_contents")
            request.inputs[0].shape[:] = [1, 30]
            request.inputs[0].contents.fp32_contents.extend(values)

        return change

    wrong = {
        "NaN": put([float("nan")] * 30),
        "Infinity": put([float("inf")] * 30),
        "NaN in bytes": lambda one: one.raw_input_contents.__setitem__(0, struct.pack("<f", float("nan")) * 16 * 30),
        "too few": put([1.5] * 29),
        "too many": put([1.5] * 31),
        "both": lambda one: one.inputs[0].contents.fp32_contents.extend([1.5] * 30),
        "below zero": lambda one: one.inputs[0].shape.__setitem__(0, -16),
        "petabytes": lambda one: one.inputs[0].shape.__setitem__(0, 2**50),
        "an overflow": lambda one: one.inputs[0].shape.__setitem__(slice(None), [2**32, 2**32]),
        "another dtype": lambda one: setattr(one.inputs[0], "datatype", "FP64"),
        "no dtype": lambda one: setattr(one.inputs[0], "datatype", "FP99"),
        "texts that run over": lambda one: setattr(one.inputs[0], "datatype", "BYTES"),
        "bytes too many": lambda one: one.raw_input_contents.append(b"x" * 100),
        "bytes too few": lambda one: one.raw_input_contents.__setitem__(0, b"x"),
        "no inputs": lambda one: one.ClearField("inputs"),
        "twice": lambda one: one.inputs.add().CopyFrom(one.inputs[0]),
        "an output twice": lambda one: one.outputs.extend([one.InferRequestedOutputTensor(name="label")] * 2),
        "10,000 inputs": lambda one: one.inputs.extend([one.InferInputTensor()] * 10_000),
    }
    with channel(service) as opened:
        found = {name: code_of(opened, INFER, changed(change)) for name, change in wrong.items()}
    assert {name: code for name, code in found.items() if code is not grpc.StatusCode.INVALID_ARGUMENT} == {}


RAW = {
    "garbage": (INFER, b"\xff" * 1_000, BAD),
    "half a message": (INFER, b"\x0a\x7fcancer", BAD),
    "100k groups": (INFER, b"\x0b" * 100_000, BAD),
    "a length beyond all": (INFER, b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", BAD),
    "5 million inputs": (INFER, b"\x2a\x00" * 5_000_000, LARGE),
    "20 MB": (INFER, b"\x0a" + b"\0" * 20_000_000, LARGE),
    "typed garbage": ("typed", b"\xff" * 1_000, BAD),
    "typed fields of another model": ("typed", b"\xfa\x01\x03abc", BAD),
    "typed 5 million rows": ("typed", b"\x0a\x00" * 5_000_000, LARGE),
    "typed 20 MB": ("typed", b"\x0a\x00" * 10_000_000, LARGE),
    "no such method": ("/inference.GRPCInferenceService/Nothing", b"", {grpc.StatusCode.UNIMPLEMENTED}),
    "no such service": ("/no.such.Service/Nothing", b"", {grpc.StatusCode.UNIMPLEMENTED}),
    "another model": (INFER, b"\x0a\x05other", {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}),
}


@pytest.mark.parametrize("name", RAW)
def test_messages_that_are_none(model, service, name) -> None:
    path, raw, codes = RAW[name]
    with channel(service) as opened:
        assert code_of(opened, typed(model) if path == "typed" else path, raw) in codes


def code_of(opened: grpc.Channel, path: str, raw: bytes) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        opened.unary_unary(path)(raw, timeout=20)
    assert caught.value.details()
    return caught.value.code()


FRAMES = {
    "garbage": b"\0\1\2\3" * 1_000,
    "HTTP/1.1": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a greeting of TLS": bytes.fromhex("160301020001") + bytes(511),
    "a preface and garbage": PREFACE + b"\xff" * 1_000,
    "a frame of 16 MB": GREETING + frame(DATA, 0, 1, b"x" * 10_000, length=(1 << 24) - 1),
    "settings of an odd size": PREFACE + frame(SETTINGS, 0, 0, b"xxx"),
    "a window of zero more": GREETING + frame(WINDOW, 0, 0, struct.pack(">I", 0)),
    "headers that are no HPACK": GREETING + frame(HEADERS, END_HEADERS, 1, b"\xff" * 100),
    "more headers after none": GREETING + frame(CONTINUATION, END_HEADERS, 1, b"x"),
}


@whatever_the_model
@pytest.mark.parametrize("name", FRAMES)
def test_frames_that_are_none_end_their_connection(service, name) -> None:
    talked = talk(service.grpc_port, [FRAMES[name]], seconds=3)
    assert talked.end in {"closed", "reset"} or b"\x07" in talked.received, talked  # 7: GOAWAY


def _headers_without_end() -> Iterator[bytes]:
    """CVE-2024-27983 and its like."""
    yield GREETING + frame(HEADERS, 0, 1, literal("a", "b"))
    for number in range(20_000):
        yield frame(CONTINUATION, 0, 1, literal(f"x{number}", "y" * 100) * 20)


FLOODS = {
    "streams that are reset at once": lambda: itertools.chain(
        [GREETING], (call(2 * place + 1, INFER) + frame(RESET, 0, 2 * place + 1, bytes(4)) for place in range(20_000))
    ),
    "headers without an end": _headers_without_end,
    "settings": lambda: itertools.chain([GREETING], itertools.repeat(frame(SETTINGS, 0, 0, bytes(6)), 100_000)),
    "pings": lambda: itertools.chain([GREETING], itertools.repeat(frame(PING, 0, 0, bytes(8)), 100_000)),
    "empty data": lambda: itertools.chain([GREETING + call(1, INFER)], itertools.repeat(frame(DATA, 0, 1), 100_000)),
    "a message of 4 GB": lambda: itertools.chain(
        [GREETING + call(1, INFER) + frame(DATA, 0, 1, message(b"", length=(1 << 32) - 1))],
        itertools.repeat(frame(DATA, 0, 1, bytes(16_000)), 2_000),
    ),
    "5,000 calls without a message": lambda: itertools.chain(
        [GREETING], (call(2 * place + 1, INFER) for place in range(5_000))
    ),
}


@whatever_the_model
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_costs_no_memory(service, name) -> None:
    before = resident(service.process.pid)
    talk(service.grpc_port, FLOODS[name](), seconds=2)
    assert resident(service.process.pid) - before < 100 << 20


def test_clients_that_go_away_are_forgotten(model, service) -> None:
    raw = message(good(model).SerializeToString())
    whole, half = frame(DATA, END_STREAM, 1, raw), frame(DATA, 0, 1, raw[: len(raw) // 2])
    for body in [whole, half] * 50:
        with connect(service.grpc_port) as connection:
            connection.send(GREETING + call(1, INFER) + body)
    assert until(lambda: "mlpack_waiting_requests 0.0" in service.ask("/metrics")[1])


def test_two_thousand_calls_on_a_hundred_connections(model, service) -> None:
    request = good(model).SerializeToString()
    channels = [channel(service) for _ in range(100)]
    try:
        calls = [one.unary_unary(INFER).future(request, timeout=60) for one in channels for _ in range(20)]
        codes = {one.code() for one in calls}
    finally:
        for one in channels:
            one.close()
    assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert grpc.StatusCode.OK in codes
