"""Arrays of every dtype survive the way to a worker and back."""

import subprocess
import sys

import numpy as np
import pytest


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint16", "int64", "bool", ">f4", "complex64"]
)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_an_array_comes_back_as_it_was(dtype, shape):
    import io

    from mlpack.isolate import wire

    array = np.ones(shape, dtype=dtype)
    stream = io.BytesIO()
    wire.send(stream, {"array": array})
    stream.seek(0)
    back = wire.receive(lambda size: bytearray(stream.read(size)))["array"]
    assert back.dtype == array.dtype
    assert np.array_equal(back, array)


_RECEIVE = """
import io, sys
from mlpack.isolate import wire
stream = io.BytesIO(sys.stdin.buffer.read())
print(wire.receive(lambda size: bytearray(stream.read(size)))["array"].astype(float).tolist())
"""


def test_bfloat16_is_known_to_a_process_that_has_imported_nothing():
    import io

    import ml_dtypes

    from mlpack.isolate import wire

    stream = io.BytesIO()
    wire.send(stream, {"array": np.array([1, 2.5], dtype=ml_dtypes.bfloat16)})
    run = subprocess.run([sys.executable, "-c", _RECEIVE], input=stream.getvalue(), capture_output=True, check=True)
    assert run.stdout.strip() == b"[1.0, 2.5]"


@pytest.mark.parametrize(
    "document",
    [
        *({"$array": [dtype, [1]]} for dtype in ("O", "U1", "S4", "M8", "V8", "O,i4", 3, None, [["a", "O"]])),
        *({"$array": ["f8", shape]} for shape in ([-1], [1 << 63], [[1]], [1.5], None, [1 << 62, 4], [0] * 70)),
        {"$array": 5},
        {"$strings": [[3], [1]]},
        {"$strings": [[1], 5]},
    ],
    ids=str,
)
def test_what_no_sender_writes_is_a_broken_message(document):
    """A worker that a model has taken over sends what it likes; NumPy would take bytes for pointers or letters."""
    import io

    from mlpack.isolate import wire
    from mlpack.isolate.framing import frame

    stream = io.BytesIO(frame(document) + b"\x41" * 64)
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind
        wire.receive(lambda size: bytearray(stream.read(size)))


def test_a_head_of_lists_in_lists_is_a_broken_message():
    import io

    from mlpack.isolate import wire
    from mlpack.isolate.framing import LENGTH

    head = b"[" * 100_000 + b"]" * 100_000
    stream = io.BytesIO(LENGTH.pack(len(head)) + head)
    with pytest.raises(ValueError, match="cannot be read"):
        wire.receive(lambda size: bytearray(stream.read(size)))
