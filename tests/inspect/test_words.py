"""Sizes, lists, counts and signatures as a reader wants them."""

from __future__ import annotations

import pytest

from mlpack.inspect.words import byte_size, count_of, few, signature_facts
from mlpack.runtime.signature import Signature, TensorSpec


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (2_345_678, "2.3 MB"), (2_000_000_000, "2.0 GB")],
)
def test_sizes(size: int, shown: str) -> None:
    assert byte_size(size) == shown


def test_a_long_list_is_cut_and_counted() -> None:
    assert few(["a", "b"], 2) == "a, b"
    assert few(range(2000), 2) == "0, 1 and 1,998 more"


def test_the_most_frequent_operators_come_first() -> None:
    assert count_of({"Relu": 2, "Conv": 5, "Add": 2, "Softmax": 1}) == "Conv ×5, Add ×2, Relu ×2, Softmax"


def test_a_signature_shows_columns_and_classes_once() -> None:
    label = TensorSpec("label", "string", ("batch",), "label")
    chances = TensorSpec("probabilities", "float32", ("batch", 2), "probabilities")
    signature = Signature(
        (TensorSpec("input", "float32", ("batch", 2)),),
        (label, chances),
        columns={"input": ("age", "height")},
        classes={"label": ("no", "yes"), "probabilities": ("no", "yes")},
    )
    assert signature_facts(signature) == [
        ("in", "input: float32[batch, 2]"),
        ("out", "label: string[batch]"),
        ("out", "probabilities: float32[batch, 2]"),
        ("columns", "input: age, height"),
        ("classes", "no, yes"),
    ]
