"""``POST /predict`` over a real socket: the layouts, what is refused, and in which words."""

from __future__ import annotations

import gzip
import json
import math
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

LAYOUTS = ["flowers", "numbers", "mixed", "images", "pair", "scalars"]
ROW = '{"sepal length (cm)": 5.1, "sepal width (cm)": 3.5, "petal length (cm)": 1.4, "petal width (cm)": 0.2}'


def body_of(*rows: str) -> str:
    return '{"instances": [' + ", ".join(rows) + "]}"


def with_number(text: str) -> str:
    """A body whose first number is written as ``text``."""
    return body_of(ROW.replace("5.1", text))


def with_key(text: str) -> str:
    """A body whose row goes on with ``text``."""
    return body_of(ROW.replace("}", text))


def post(running, body: str | bytes, **headers: str):
    return running.client.post("/predict", content=body, headers=headers)


def refused(running, body: str | bytes) -> tuple[int, str]:
    """Status and message of an answer that has to be an error, and that the next good request is answered."""
    answered = post(running, body)
    assert list(answered.json()) == ["error"]
    assert "\n" not in answered.json()["error"]
    assert running.client.post("/predict", json=running.example).status_code == 200
    return answered.status_code, answered.json()["error"]


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_example_of_every_layout_gives_what_the_typed_answer_says(request, name) -> None:
    running = request.getfixturevalue(name)
    answered = running.client.post("/predict", json=running.example)
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"] == "application/json"
    running.schema.PredictResponse.model_validate(answered.json())


def test_predictions_are_the_models_own_in_the_order_of_the_instances(flowers) -> None:
    feed = flowers.service.model.golden.inputs
    rows = feed["input"].tolist()
    names = flowers.service.rows.layout.names
    instances = [dict(zip(names, row, strict=True)) for row in rows]
    answered = flowers.client.post("/predict", json={"instances": instances}).json()["predictions"]
    outputs = flowers.service.model.session.run(feed)
    assert [one["label"] for one in answered] == outputs["label"].tolist()
    given = np.array([list(one["probabilities"].values()) for one in answered], dtype=np.float32)
    assert np.array_equal(given, outputs["probabilities"])


def test_many_at_once_each_get_their_own_answer_from_the_batches(numbers) -> None:
    def ask(number: int) -> float:
        answered = numbers.client.post("/predict", json={"instances": [[number, 0, 0], [0, number, 0]]})
        first, second = answered.json()["predictions"]
        assert second == pytest.approx(2 * first, abs=1e-3)
        return first

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(200))) == pytest.approx(list(range(200)), abs=1e-3)


def test_zero_instances_have_zero_predictions_so_that_whoever_cuts_a_table_into_requests_needs_no_special_case(
    numbers, flowers
) -> None:
    for running in (numbers, flowers):
        assert post(running, '{"instances": []}').json() == {"predictions": []}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "nothing",
        body_of(ROW) + " trailing",
        body_of(ROW + ","),
        "\ufeff" + '{"instances": []}',
        b'{"instances": [{"sepal length (cm)": "\xff"}]}',
        b'{"instances": [{"sepal length (cm)": "\\ud800"}]}',
        b"\x00",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        with_number("0x10"),
        with_number("05"),
        with_number("1" + "0" * 5000),
    ],
    ids=range(13),
)
def test_what_is_no_json_is_400(flowers, body) -> None:
    begun = time.perf_counter()
    status, message = refused(flowers, body)
    assert (status, "JSON" in message) == (400, True)
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    "opens", ["[", '{"instances":', '{"instances": [', '{"a":', '{"instances": [{"sepal length (cm)": ']
)
def test_a_hundred_thousand_levels_are_refused_at_once(flowers, opens) -> None:
    begun = time.perf_counter()
    status, _ = refused(flowers, opens * 100_000)
    assert status in {400, 422}
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("null", "Input should be"),
        ("{}", 'instances: Field required, as in {"instances": [ … ]}'),
        ('{"instances": {}}', "instances: Input should be a valid array"),
        ('{"instances": [], "more": 1}', "more: Extra inputs are not permitted"),
        ('{"instances": [[5.1, 3.5, 1.4, 0.2]]}', "instances[0]: Input should be"),
        (body_of(ROW, "{}"), 'instances[1]["sepal length (cm)"]: Field required'),
        (with_number("true"), "should be a valid number"),
        (with_number('"5.1"'), "should be a valid number"),
        (with_number("null"), "should be a valid number"),
        (with_number("NaN"), 'instances[0]["sepal length (cm)"]: NaN is not accepted, and a value may not be missing'),
        (with_number("-Infinity"), "should be a finite number"),
        (with_number("1e400"), "should be a finite number"),
        (with_number("1e39"), "less than or equal to 3402823"),
        (with_number("1" + "0" * 400), 'instances[0]["sepal length (cm)"]'),
        (with_key(', "colour": 1}'), "instances[0].colour: Extra inputs"),
    ],
)
def test_what_the_model_does_not_take_is_422_and_says_where(flowers, body, told) -> None:
    status, message = refused(flowers, body)
    assert (status, told in message) == (422, True), message


def test_who_sends_nan_where_a_value_may_be_missing_is_told_to_send_null(mixed) -> None:
    (instance,) = mixed.example["instances"]
    status, message = refused(
        mixed, json.dumps({"instances": [instance | {"income": math.nan, "city: home": math.nan}]})
    )
    assert status == 422
    assert "instances[0].income: NaN is not accepted: send null where the value is missing" in message
    assert 'instances[0]["city: home"]: NaN is not accepted, and a value may not be missing here' in message


@pytest.mark.parametrize("name", ["numbers", "scalars", "images", "pair"])
def test_nan_is_called_so_in_every_layout(request, name) -> None:
    running = request.getfixturevalue(name)
    text = json.dumps({"instances": running.example["instances"][:1]})
    status, message = refused(running, re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "NaN", text, count=1))
    assert (status, "NaN is not accepted" in message) == (422, True), message


def test_nan_in_a_body_too_large_to_explain_is_called_so_as_well(numbers) -> None:
    body = json.dumps({"instances": [[1.0, 2.0, 3.0]] * 19_000 + [[math.nan, 0.0, 0.0]]})
    status, message = refused(numbers, body)
    assert status == 422
    assert message.startswith(f"NaN is not accepted, and stands at byte {body.index('NaN')}: send null")


@pytest.mark.parametrize("many", [1, 20_000])
def test_rows_without_anything_around_them_are_told_to_be_wrapped(flowers, numbers, mixed, many) -> None:
    wrapped = '{"instances": [ … ]}'
    for running in (flowers, numbers, mixed):
        status, message = refused(running, json.dumps(running.example["instances"][:1] * many))
        assert (status, message) == (422, f"the body is a bare list: wrap its rows, as {wrapped}")
    for running in (flowers, mixed):
        status, message = refused(running, json.dumps(running.example["instances"][0]))
        assert (status, message) == (422, f"the body is a bare instance: wrap it, as {wrapped}")


def test_a_body_that_is_compressed_is_called_so(flowers) -> None:
    answered = post(flowers, gzip.compress(body_of(ROW).encode()), **{"content-encoding": "gzip"})
    assert answered.status_code == 400
    assert answered.json() == {"error": "the body is compressed with gzip, and is read only as it is"}
    assert post(flowers, body_of(ROW), **{"content-encoding": "identity"}).status_code == 200


def test_five_faults_are_told_and_the_rest_counted(flowers) -> None:
    _, message = refused(flowers, '{"instances": [{}, {}, {}]}')
    assert message.count("Field required") == 5
    assert message.endswith("; and 7 more")


def test_a_large_body_full_of_faults_is_refused_at_once(flowers) -> None:
    body = json.dumps({"instances": [{f"{place}": "x" for place in range(50)} for _ in range(10_000)]})
    begun = time.perf_counter()
    status, message = refused(flowers, body)
    assert status == 422
    assert message.startswith("instances[0]: ")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize(
    "body",
    [
        body_of(ROW).removesuffix("}") + ', "instances": []}',
        '{"instances": [], ' + body_of(ROW).removeprefix("{"),
        with_key(', "petal width (cm)": 0.3}'),
        with_key(', "petal width (cm\\u0029": 0.3}'),
    ],
)
def test_a_key_that_occurs_twice_is_400(flowers, body) -> None:
    status, message = refused(flowers, body)
    assert (status, "occurs twice" in message) == (400, True), message


def test_colons_in_keys_and_texts_are_not_taken_for_keys_that_occur_twice(mixed) -> None:
    (instance,) = mixed.example["instances"]
    assert "city: home" in instance
    assert mixed.client.post("/predict", json=mixed.example).status_code == 200
    status, message = refused(
        mixed, '{"instances": [{"city: home": "Oslo", "city: home": "Oslo", "age": 1, "income": 2}]}'
    )
    assert (status, "occurs twice" in message) == (400, True), message


def test_only_columns_that_may_be_missing_take_null(mixed) -> None:
    (instance,) = mixed.example["instances"]
    assert mixed.client.post("/predict", json={"instances": [instance | {"income": None}]}).status_code == 200
    status, message = refused(mixed, json.dumps({"instances": [instance | {"city: home": None}]}))
    assert (status, 'instances[0]["city: home"]' in message) == (422, True)


def test_a_category_that_the_model_does_not_know_is_422(mixed) -> None:
    (instance,) = mixed.example["instances"]
    status, message = refused(mixed, json.dumps({"instances": [instance, instance | {"city: home": "Paris"}]}))
    assert (status, message) == (422, "instances[1][\"city: home\"]: Input should be 'Bergen', 'Oslo' or 'Tromsø'")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("numbers", '{"instances": [[1, 2]]}'),
        ("numbers", '{"instances": [[1, 2, 3, 4]]}'),
        ("numbers", '{"instances": [[]]}'),
        ("numbers", '{"instances": [1, 2, 3]}'),
        ("numbers", '{"instances": [[1, 2, "3"]]}'),
        ("scalars", '{"instances": [1.5]}'),
        ("scalars", '{"instances": [[1]]}'),
        ("scalars", '{"instances": [2147483648]}'),
        ("scalars", body_of("1" + "0" * 300)),
        ("scalars", '{"instances": [true]}'),
        ("images", '{"instances": [[[[1],[2],[3]],[[1],[2],[3]],[[1],[2],[3]]]]}'),
        ("images", '{"instances": [[[[1],[2],[3]],[[1],[2],[3]],[[1],[2],[3]],[[1],[2]]]]}'),
        ("images", '{"instances": [[[[1],[2],[3]],[[1],[2],[3]],[[1],[2],[3]],[[1],[2],3]]]}'),
        ("images", '{"instances": [1]}'),
        ("pair", '{"instances": [{"ids": [1, 2], "scores": [1, 2]}, {"ids": [1], "scores": [1, 2]}]}'),
        ("pair", '{"instances": [{"ids": [1, 2.0], "scores": [1, 2]}]}'),
        ("pair", '{"instances": [{"ids": [1]}]}'),
        ("pair", '{"instances": [{"ids": [1], "scores": [1, 2, 3]}]}'),
        ("pair", '{"instances": [{"ids": [9223372036854775808], "scores": [1, 2]}]}'),
        ("pair", '{"instances": [{"ids": [], "scores": [1, 2]}]}'),
    ],
)
def test_wrong_sizes_and_types_of_every_layout_are_422(request, name, body) -> None:
    status, message = refused(request.getfixturevalue(name), body)
    assert (status, "instances[" in message) == (422, True), message


def test_more_rows_than_one_request_may_have_are_413(serve, numbers_bundle) -> None:
    few = serve(numbers_bundle, max_rows=3)
    assert len(post(few, json.dumps({"instances": [[1, 2, 3]] * 3})).json()["predictions"]) == 3
    answered = post(few, json.dumps({"instances": [[1, 2, 3]] * 4}))
    assert answered.status_code == 413
    assert answered.json() == {"error": "4 instances, and one request may have 3"}


def test_millions_of_rows_are_413_and_the_next_request_is_answered(numbers) -> None:
    body = b'{"instances": [' + b"[1,2,3]," * 1_900_000 + b"[1,2,3]]}"
    status, message = refused(numbers, body)
    assert status == 413
    assert "20000" in message
