"""More than a service can do: it answers what it can, refuses the rest at once, keeps its memory, and is well right after.

MLPACK_OVERLOAD_SECONDS is how long; `make overload` takes two minutes.
"""

from __future__ import annotations

import asyncio
import json
import os
import time

import numpy as np
import pytest
from clients.served import Served, served
from fire.load import Load
from fire.processes import resident
from fire.wire import post

SECONDS = float(os.environ.get("MLPACK_OVERLOAD_SECONDS", "6"))
WAITING = 32
ROWS = 256


@pytest.fixture(scope="module")
def overloaded(costly, tmp_path_factory) -> Served:
    """A service with a short queue, so that it is full at once."""
    with served(costly.bundle, tmp_path_factory.mktemp("overload"), max_waiting=WAITING) as service:
        yield service


def binary(model) -> bytes:
    """A request of many rows, cheap to send and to read, costly to answer."""
    ((name, rows),) = model.feed.items()
    values = np.resize(rows, (ROWS, rows.shape[1]))
    size = {"parameters": {"binary_data_size": values.nbytes}}
    inputs = [{"name": name, "datatype": "FP32", "shape": values.shape, **size}]
    text = json.dumps({"inputs": inputs, "outputs": [{"name": "label"}]}).encode()
    path = f"/v2/models/{model.name}/infer"
    return post(path, text + values.tobytes(), f"Inference-Header-Content-Length: {len(text)}")


def test_three_times_what_it_can_do(costly, overloaded, record_testsuite_property) -> None:
    request = binary(costly)
    asyncio.run(Load(overloaded.port, request).closed(8, 1))
    calm = asyncio.run(Load(overloaded.port, request).closed(8, 2))
    assert set(calm.statuses) == {200}
    capacity = calm.statuses[200] / 2
    before = resident(overloaded.process.pid)
    tally = asyncio.run(Load(overloaded.port, request).open(3, capacity, SECONDS))
    after = resident(overloaded.process.pid)
    begun = time.monotonic()
    status, told = overloaded.ask("/predict", {"instances": costly.rows.to_dict("records")})
    recovery = time.monotonic() - begun
    figures = {
        "seconds": SECONDS, "capacity": round(capacity), "statuses": dict(tally.statuses), "megabytes before": before >> 20,
        "megabytes after": after >> 20, "p50": round(tally.at(0.5), 3), "p99": round(tally.at(0.99), 3),
        "recovery": round(recovery, 3),
    }  # fmt: skip
    record_testsuite_property("overload", figures)
    print(figures)
    assert status == 200
    assert [one["label"] for one in told["predictions"]] == costly.estimator.predict(costly.rows).tolist()
    assert recovery < 1
    assert not tally.lost
    assert tally.refused == 0
    assert set(tally.statuses) == {200, 429}
    assert tally.statuses[429] > tally.statuses[200], "it was no overload"
    assert tally.statuses[200] > SECONDS * capacity / 3
    assert {int(hint) for hint in tally.hints} <= {*range(1, 61)}
    assert tally.at(0.99) < 4 * WAITING / capacity + 1
    assert after - before < 64 << 20


def test_a_cheap_model_is_never_behind(model, service) -> None:
    """Its requests are answered as they are read: those that come too fast wait in their sockets, where they cost nothing."""
    body = json.dumps({"instances": model.rows.to_dict("records")}).encode()
    before = resident(service.process.pid)
    tally = asyncio.run(Load(service.port, post("/predict", body)).closed(256, min(SECONDS, 3)))
    begun = time.monotonic()
    assert service.ask("/predict", json.loads(body))[0] == 200
    assert time.monotonic() - begun < 1
    assert not tally.lost
    assert set(tally.statuses) == {200}
    assert resident(service.process.pid) - before < 64 << 20
