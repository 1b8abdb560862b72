"""What reads requests and what documents them are two: they take the same bodies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from mlpack.runtime.errors import ContractError, MalformedError
from mlpack.runtime.rest.instances import Instances

NUMBERS = [
    *("0", "-0", "1", "-1", "2.0", "1e2", "0.1", "1e-400", "127", "128", "255", "256", "2147483647", "2147483648"),
    *("9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551616", "-9223372036854775809"),
    *(
        "3.4028235677973362e38",
        "3.4028235677973366e38",
        "3.5e38",
        "1.7976931348623157e308",
        "1.8e308",
        "1e400",
        "-1e400",
    ),
    *("NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "1" + "0" * 30, "1" + "0" * 400, "0.1" + "1" * 400),
]
OTHERS = [
    "null",
    "true",
    "false",
    '""',
    '"1"',
    '"Oslo"',
    '"Oslo "',
    '"\\u004fslo"',
    '"\\ud800"',
    "[]",
    "{}",
    "[1]",
    "[[1]]",
]
tokens = st.sampled_from(NUMBERS + OTHERS)
usual = st.floats(-10, 10, allow_nan=False).map(json.dumps) | st.integers(-10, 10).map(json.dumps) | tokens


def texts(value: Any) -> st.SearchStrategy[str]:
    """JSON near ``value``: any part of it may be something else, be missing, or be there once too often."""
    if isinstance(value, dict):
        members = [
            texts(part).map(lambda text, name=name: f"{json.dumps(name)}: {text}") for name, part in value.items()
        ]
        whole = st.tuples(*members).map(list)
        cut = whole.flatmap(
            lambda parts: st.integers(0, len(parts)).map(lambda place: parts[:place] + parts[place + 1 :])
        )
        more = whole.map(lambda parts: [*parts, '"more": 1'])
        return st.one_of(whole, whole, whole, cut, more).map(lambda parts: "{" + ", ".join(parts) + "}") | tokens
    if isinstance(value, list):
        whole = st.tuples(*[texts(part) for part in value]).map(list)
        uneven = whole.flatmap(lambda parts: st.integers(0, len(parts)).map(lambda size: (parts * 2)[:size]))
        return st.one_of(whole, whole, whole, uneven).map(lambda parts: "[" + ", ".join(parts) + "]") | tokens
    return st.one_of(st.just(json.dumps(value)), st.just(json.dumps(value)), usual)


@pytest.mark.parametrize("name", ["flowers", "numbers", "mixed", "images", "pair", "scalars"])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_body_is_taken_where_the_typed_model_takes_it_and_nowhere_else(request, name, data) -> None:
    running = request.getfixturevalue(name)
    model = running.schema.PredictRequest
    instances = Instances(running.service.rows, model, 20_000)
    (instance,) = running.example["instances"]
    body = data.draw(texts({"instances": [instance, instance]})).encode()
    documented = is_taken(model.model_validate_json, body)
    taken = is_taken(instances.read, body)
    # What no annotation says: named axes have one size in a request, and none of 0.
    assert taken == documented or (name == "pair" and documented)


def is_taken(read: Callable[[bytes], object], body: bytes) -> bool:
    try:
        read(body)
    except (ValidationError, MalformedError, ContractError):
        return False
    return True
