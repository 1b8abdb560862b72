"""Requests that are read as a table of bytes mean what protobuf says that they mean."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.runtime.rpc.grid import Grid
from mlpack.runtime.rpc.outline import outline_of
from mlpack.runtime.signature import Signature, TensorSpec

OUTPUTS = (TensorSpec("y", "float64", ("batch",)),)


@cache
def signature_of(width, named):
    columns = {"x": tuple(f"column {place}" for place in range(width))} if named else {}
    return Signature((TensorSpec("x", "float64", ("batch", width)),), OUTPUTS, columns)


def grid_of(width, named):
    outline = outline_of(signature_of(width, named), "grid")
    return Grid(outline.request[0], outline.instance, width), outline


def request_of(messages, outline, rows):
    if outline.layout.kind == "lists":
        return messages.PredictRequest(instances=[{"values": row} for row in rows])
    names = [member.name for member in outline.instance]
    return messages.PredictRequest(instances=[dict(zip(names, row, strict=True)) for row in rows])


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("width", [1, 3, 16, 30, 3000])
def test_the_values_are_those_of_the_instances(messages_for, width, named):
    grid, outline = grid_of(width, named)
    messages = messages_for(signature_of(width, named), "grid")
    rows = np.random.default_rng(0).normal(size=(7, width))
    rows[0, 0], rows[1, 0] = 0.0, np.nan
    found = grid.read(request_of(messages, outline, rows.tolist()).SerializeToString())
    assert np.array_equal(found, rows, equal_nan=True)


@pytest.mark.parametrize("named", [True, False])
def test_a_row_that_lacks_a_value_is_no_grid(messages_for, named):
    grid, outline = grid_of(3, named)
    request = request_of(messages_for(signature_of(3, named), "grid"), outline, [[1.0, 2.0, 3.0]] * 4)
    if named:
        request.instances[2].ClearField("column_1")
    else:
        del request.instances[2].values[1]
    assert grid.read(request.SerializeToString()) is None
    assert grid.read(b"") is None


@settings(deadline=None)
@given(st.binary(max_size=120), st.integers(0, 120), st.booleans())
def test_whatever_is_read_as_a_grid_is_what_protobuf_reads(messages_for, noise, place, named):
    grid, outline = grid_of(3, named)
    messages = messages_for(signature_of(3, named), "grid")
    raw = request_of(messages, outline, [[1.0, 2.0, 3.0]] * 4).SerializeToString()
    changed = raw[:place] + noise + raw[place + len(noise) :]
    found = grid.read(changed)
    if found is not None:
        instances = messages.PredictRequest.FromString(changed).instances
        names = [member.name for member in outline.instance]
        expected = [[getattr(one, name) for name in names] if named else list(one.values) for one in instances]
        assert found.tobytes() == np.array(expected).tobytes()
