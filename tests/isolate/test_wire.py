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
