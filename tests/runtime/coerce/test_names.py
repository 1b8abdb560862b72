from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpack.runtime.coerce.names import camel_case, field_names, json_name, json_names, snake_case

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


@pytest.mark.parametrize(
    ("name", "snake", "camel"),
    [
        ("age", "age", "Age"),
        ("sepal length (cm)", "sepal_length_cm", "SepalLengthCm"),
        ("MedInc", "med_inc", "MedInc"),
        ("HTTPCode", "http_code", "HttpCode"),
        ("x0", "x0", "X0"),
        ("pixel_0_7", "pixel_0_7", "Pixel07"),
        ("0", "field_0", "Model0"),
        ("Größe", "grosse", "Grosse"),
        ("年齢", "field", "Model"),
        ("class", "class_", "Class"),
        ("_private__name_", "private_name", "PrivateName"),
        ("", "field", "Model"),
    ],
)
def test_names_become_what_a_proto_calls_its_fields_and_messages(name, snake, camel):
    assert snake_case(name) == snake
    assert camel_case(name) == camel


def test_names_that_would_be_one_are_told_apart_in_their_order():
    assert field_names(["a b", "a_b", "A-B", "a_b_2"]) == ("a_b", "a_b_2", "a_b_3", "a_b_2_2")


def test_names_that_would_be_one_in_json_are_told_apart_too():
    assert field_names(["a_1", "a1"]) == ("a_1", "a1_2")
    assert json_name("a_1") == json_name("a1")


def test_fields_keep_their_own_names_in_json_where_a_proto_can_have_them():
    assert json_names(["sepal length (cm)", "年齢", "a\nb", "[x]", ""]) == (
        "sepal length (cm)",
        "年齢",
        "aB",
        "x",
        "field2",
    )


@given(st.lists(st.text(), max_size=20, unique=True))
def test_any_names_are_identifiers_of_which_no_two_are_equal(names):
    found = field_names(names)
    assert all(IDENTIFIER.fullmatch(name) for name in found)
    assert not any(keyword.iskeyword(name) for name in found)
    assert len({json_name(name) for name in found}) == len(names)
    assert found == field_names(names)
    assert len(set(json_names(names))) == len(names)
