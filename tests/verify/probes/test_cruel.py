from __future__ import annotations

import numpy as np
import pytest

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.probe import Probe
from mlpack.verify.probes import probes

MIXED = Signature(
    (
        TensorSpec("age", "float64", ("batch", 1)),
        TensorSpec("rooms", "int64", ("batch", 1)),
        TensorSpec("city", "string", ("batch", 1)),
        TensorSpec("owner", "bool", ("batch", 1)),
    ),
    categories={"city": ("Oslo", "Rome", "Lima"), "rooms": (1, 2, 3, 4)},
)


def of_kind(signature: Signature, *kinds: str, hints: InputHints | None = None) -> list[Probe]:
    return [probe for probe in probes(signature, hints or InputHints(), None) if probe.kind in kinds]


def test_nan_goes_into_one_column_at_a_time_and_into_all() -> None:
    one, everywhere = of_kind(Signature((TensorSpec("input", "float32", ("batch", 5)),)), "missing")
    missing = np.isnan(one.feed["input"])
    assert missing.sum(axis=1).max() == 1
    assert (missing.sum(axis=0) == 4).all()
    assert not missing[:4].any()
    assert np.isnan(everywhere.feed["input"]).all(axis=1).any()


def test_each_input_that_holds_nan_has_a_probe_of_its_own() -> None:
    names = [probe.name for probe in of_kind(MIXED, "missing")]
    assert names == ["NaN in age", "NaN in every column"]


def test_both_infinities_reach_every_column() -> None:
    one, _ = of_kind(Signature((TensorSpec("input", "float64", ("batch", 3)),)), "infinite")
    for value in (np.inf, -np.inf):
        assert ((one.feed["input"] == value).sum(axis=0) == 4).all()


def test_a_wide_input_is_spoiled_in_some_columns_and_says_so() -> None:
    one, _ = of_kind(Signature((TensorSpec("input", "float32", ("batch", 784)),)), "missing")
    assert "64 of 784 columns" in one.note


def test_an_image_is_spoiled_in_single_pixels() -> None:
    one, _ = of_kind(Signature((TensorSpec("input", "float32", ("batch", 8, 8, 3)),)), "missing")
    missing = np.isnan(one.feed["input"]).reshape(len(one.feed["input"]), -1)
    assert set(missing.sum(axis=1)) == {0, 1}


def test_every_category_is_covered() -> None:
    (known,) = [probe for probe in of_kind(MIXED, "category") if probe.name == "every known category"]
    assert set(known.feed["city"].ravel()) == {"Oslo", "Rome", "Lima"}
    assert set(known.feed["rooms"].ravel()) == {1, 2, 3, 4}


def test_unknown_categories_are_unknown() -> None:
    tried = {probe.name: probe for probe in of_kind(MIXED, "category")}
    assert "unknown-category" in tried["unknown category in city"].feed["city"].ravel()
    assert {0, 5} <= set(tried["unknown category in rooms"].feed["rooms"].ravel())


def test_one_threatening_column_does_not_hide_another() -> None:
    """An encoder that refuses an unknown city must not keep the unknown rooms from being tried."""
    for probe in of_kind(MIXED, "category")[1:]:
        strangers = [
            name for name, known in MIXED.categories.items() if not np.isin(probe.feed[name].ravel(), list(known)).all()
        ]
        assert len(strangers) == 1


@pytest.mark.parametrize(
    "text", ["", " Oslo", "Oslo ", "OSLO", "İstanbul", "e\u0301", "🚀", "None", "Oslo Rome Lima", "\t"]
)
def test_text_that_trips_readers(text: str) -> None:
    tried = {value for probe in of_kind(MIXED, "text") for value in probe.feed["city"].ravel()}
    assert any(value == text or (text == "\t" and value.startswith("\t")) for value in tried)
    assert max(len(value) for value in tried) > 9000


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_float_extremes_stay_within_the_dtype(dtype: str) -> None:
    tried = of_kind(Signature((TensorSpec("input", dtype, ("batch", 2)),)), "extreme")
    values = np.concatenate([probe.feed["input"] for probe in tried])
    assert np.isfinite(values).all()
    assert values.max() == np.finfo(dtype).max
    assert np.signbit(values[values == 0]).any()
    assert (np.abs(values[values != 0]) <= np.finfo(dtype).smallest_subnormal).any()


def test_whole_numbers_that_float32_cannot_hold() -> None:
    tried = {probe.name: probe for probe in of_kind(Signature((TensorSpec("x", "int64", ("batch", 1)),)), "extreme")}
    assert {2**24 + 1, 2**53 + 1} <= set(tried["large whole numbers"].feed["x"].ravel())
    assert np.iinfo(np.int64).max in tried["ends of the dtype"].feed["x"]


def test_constant_rows_of_zeros_and_ones() -> None:
    tried = {
        probe.name: probe.feed["input"]
        for probe in of_kind(Signature((TensorSpec("input", "float32", ("batch", 3)),)), "extreme")
    }
    assert (tried["zeros"] == 0).all(axis=1).any()
    assert (tried["ones"] == 1).all(axis=1).any()


def test_numeric_categories_of_a_matrix_column() -> None:
    hints = InputHints({"input": (ColumnHint(categories=(0.0, 1.0, 2.0)), ColumnHint())})
    signature = Signature((TensorSpec("input", "float64", ("batch", 2)),))
    tried = {probe.name: probe.feed["input"][:, 0] for probe in of_kind(signature, "category", hints=hints)}
    assert set(tried["every known category"]) == {0.0, 1.0, 2.0}
    assert {-1.0, 3.0, 2.5} <= set(tried["unknown category in input[0]"])


def test_extremes_leave_categories_alone() -> None:
    """An encoder would refuse them, and the extremes of the other columns would go untried."""
    for probe in of_kind(MIXED, "extreme"):
        assert set(probe.feed["rooms"].ravel()) <= {1, 2, 3, 4}


def test_free_text_is_drawn_in_sentences() -> None:
    signature = Signature((TensorSpec("input", "string", ("batch",)),), categories={"input": ("good", "bad", "film")})
    (drawn, *_) = of_kind(signature, "drawn")
    assert max(len(text.split()) for text in drawn.feed["input"]) > 3
