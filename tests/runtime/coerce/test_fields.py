"""How a row is written, by the signature of the model."""

from __future__ import annotations

import pytest

from mlpack.runtime.coerce.fields import Layout, layout_of
from mlpack.runtime.signature import Signature, TensorSpec


def spec(name: str, dtype: str, *shape: int | str) -> TensorSpec:
    return TensorSpec(name, dtype, shape)


MATRIX = spec("input", "float32", "batch", 2)
LAYOUTS = {
    "named columns": (Signature((MATRIX,), columns={"input": ("age", "pay")}), "records", ("age", "pay")),
    "columns without names": (Signature((MATRIX,), columns={"input": ("x0", "x1")}), "lists", ("x0", "x1")),
    "a matrix alone": (Signature((MATRIX,)), "lists", ("x0", "x1")),
    "too few names": (Signature((MATRIX,), columns={"input": ("age",)}), "lists", ("x0", "x1")),
    "a name twice": (Signature((MATRIX,), columns={"input": ("age", "age")}), "lists", ("age", "age")),
    "texts in a matrix": (Signature((spec("input", "string", "batch", 2),)), "lists", ("x0", "x1")),
    "texts": (Signature((spec("text", "string", "batch"),)), "values", ("text",)),
    "one column": (Signature((spec("x", "float64", "batch", 1),)), "lists", ("x",)),
    "one column with a name": (
        Signature((spec("input", "float64", "batch", 1),), columns={"input": ("age",)}),
        "records",
        ("age",),
    ),
    "inputs that are columns": (
        Signature((spec("age", "float64", "batch", 1), spec("city", "string", "batch"))),
        "records",
        ("age", "city"),
    ),
    "columns called by their places": (
        Signature(
            (spec("age", "float64", "batch", 1), spec("x", "float64", "batch", 1)),
            columns={"age": ("x0",), "x": ("x0",)},
        ),
        "records",
        ("age", "x"),
    ),
    "a matrix and columns": (
        Signature((MATRIX, spec("city", "string", "batch", 1)), columns={"input": ("age", "pay")}),
        "records",
        ("age", "pay", "city"),
    ),
    "a matrix without names and columns": (
        Signature((MATRIX, spec("city", "string", "batch", 1))),
        "tensors",
        ("input", "city"),
    ),
    "one name in two inputs": (
        Signature((MATRIX, spec("age", "string", "batch", 1)), columns={"input": ("age", "pay")}),
        "tensors",
        ("input", "age"),
    ),
    "images": (Signature((spec("image", "uint8", "batch", 28, 28, 1),)), "tensors", ("image",)),
    "sequences": (Signature((spec("ids", "int64", "batch", "sequence"),)), "tensors", ("ids",)),
    "two sequences": (
        Signature((spec("ids", "int64", "batch", "a"), spec("mask", "int64", "batch", "a"))),
        "tensors",
        ("ids", "mask"),
    ),
    "rows on the second axis": (Signature((spec("x", "float32", 3, "batch"),)), "tensors", ("x",)),
    "no batch axis": (Signature((spec("x", "float32", 3, 2),)), "tensors", ("x",)),
    "a scalar": (Signature((spec("x", "float32"),)), "tensors", ("x",)),
}


@pytest.mark.parametrize(("signature", "kind", "names"), LAYOUTS.values(), ids=LAYOUTS)
def test_a_row_is_written_as_the_model_knows_its_columns(signature: Signature, kind: str, names: tuple[str, ...]):
    layout = layout_of(signature)
    assert (layout.kind, layout.names, layout.inputs) == (kind, names, signature.inputs)


def fields(**knowledge: object) -> Layout:
    return layout_of(Signature((MATRIX,), columns={"input": ("age", "pay")}, **knowledge))


def test_what_is_known_of_a_column_stands_in_its_field():
    age, pay = fields(
        missing=("age",), closed=("pay",), categories={"pay": (1.0, 2.0)}, ranges={"age": (0, 120)}
    ).fields
    assert (age.missing, age.closed, age.categories, age.low, age.high) == (True, False, (), 0, 120)
    assert (pay.missing, pay.closed, pay.categories, pay.low, pay.high) == (False, True, (1.0, 2.0), None, None)
    assert (age.position, pay.position, age.spec_name, age.kind, age.dtype) == (0, 1, "input", "float", "float32")


def test_the_name_of_an_input_stands_for_columns_without_names_only():
    assert not any(field.missing for field in fields(missing=("input",)).fields)
    for columns in ({}, {"input": ("x0", "x1")}):
        signature = Signature((MATRIX,), columns=columns, missing=("input",), ranges={"input": (-1, 1)})
        assert all(field.missing and field.high == 1 for field in layout_of(signature).fields)
    one = Signature((MATRIX,), columns={"input": ("x0", "x1")}, missing=("x1",))
    assert [field.missing for field in layout_of(one).fields] == [False, True]


def test_whole_numbers_have_whole_bounds_and_cannot_be_missing():
    signature = Signature(
        (spec("ids", "int32", "batch", "sequence"),), missing=("ids",), ranges={"ids": (0.5, float("inf"))}
    )
    (field,) = layout_of(signature).fields
    assert (field.low, field.high, field.missing, field.kind) == (1, None, False, "int")


def test_nothing_is_closed_without_categories():
    assert not any(field.closed for field in fields(closed=("age", "pay")).fields)


@pytest.mark.parametrize(
    ("layout", "place"),
    [
        (fields(), "instances[3].pay"),
        (
            layout_of(Signature((MATRIX,), columns={"input": ("a", "sepal length (cm)")})),
            'instances[3]["sepal length (cm)"]',
        ),
        (layout_of(Signature((MATRIX,))), "instances[3][1]"),
        (layout_of(Signature((spec("text", "string", "batch"),))), "instances[3]"),
        (layout_of(Signature((spec("image", "uint8", "batch", 28, 28, 1),))), "instances[3]"),
    ],
)
def test_a_place_is_named_as_it_was_written(layout: Layout, place: str):
    assert layout.place("instances", 3, layout.fields[-1]) == place
