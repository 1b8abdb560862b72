"""Requests whose head is known are read as if they were parsed: what is remembered never changes what is meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpack.runtime.rpc import open_inference_pb2 as pb
from mlpack.runtime.rpc.repeats import Repeats, varint

MODEL = object()


def request_of(array, **more):
    tensor = {"name": "input", "datatype": "FP32", "shape": array.shape}
    return pb.ModelInferRequest(model_name="m", inputs=[tensor], raw_input_contents=[array.tobytes()], **more)


def learned(raw, array, asked="asked"):
    repeats = Repeats()
    repeats.learn(raw, pb.ModelInferRequest.FromString(raw), array, asked, MODEL)
    return repeats


ROW = np.arange(30, dtype=np.float32).reshape(1, 30)


def test_another_request_with_the_same_head_has_its_own_elements():
    repeats = learned(request_of(ROW).SerializeToString(), ROW)
    array, asked = repeats.find(request_of(ROW + 1).SerializeToString(), MODEL)
    assert np.array_equal(array, ROW + 1)
    assert array.flags.aligned
    assert asked == "asked"


@pytest.mark.parametrize(
    "other",
    [
        request_of(ROW, id="a"),
        request_of(ROW.reshape(3, 10)),
        request_of(ROW[:, :29]),
        request_of(ROW, outputs=[{"name": "label"}]),
        request_of(ROW, model_version="1"),
    ],
)
def test_another_head_is_not_known(other):
    assert learned(request_of(ROW).SerializeToString(), ROW).find(other.SerializeToString(), MODEL) is None


def test_what_was_meant_for_another_bundle_is_not_known():
    raw = request_of(ROW).SerializeToString()
    assert learned(raw, ROW).find(raw, object()) is None


def test_what_protobuf_would_write_in_another_way_is_not_remembered():
    """An id may stand behind the elements, or a field that nobody knows: then they are not the last."""
    raw = request_of(ROW).SerializeToString()
    for behind in (pb.ModelInferRequest(id="a" * 120).SerializeToString(), b"\xfa\x01\x78" + ROW.tobytes()):
        assert learned(raw + behind, ROW).find(raw + behind, MODEL) is None


def test_what_is_large_is_parsed_every_time():
    large = np.zeros((1000, 30), dtype=np.float32)
    raw = request_of(large).SerializeToString()
    assert learned(raw, large).find(raw, MODEL) is None


def test_no_more_is_kept_than_a_few():
    repeats = Repeats()
    for length in range(1, 200):
        row = np.zeros((1, length), dtype=np.float32)
        raw = request_of(row).SerializeToString()
        repeats.learn(raw, pb.ModelInferRequest.FromString(raw), row, None, MODEL)
    assert len(repeats._known) <= 64


@given(st.binary(max_size=200), st.integers(0, 200))
def test_a_request_that_is_found_means_what_protobuf_says(noise, place):
    raw = request_of(ROW).SerializeToString()
    changed = raw[:place] + noise + raw[place + len(noise) :]
    found = learned(raw, ROW).find(changed, MODEL)
    if found is not None:
        request = pb.ModelInferRequest.FromString(changed)
        assert request.raw_input_contents[0] == found[0].tobytes()
        assert list(request.inputs[0].shape) == list(found[0].shape)


@given(st.integers(0, 1 << 40))
def test_lengths_are_written_as_protobuf_writes_them(number):
    raw = pb.InferParameter(uint64_param=number).SerializeToString()
    assert raw[1:] == varint(number)
