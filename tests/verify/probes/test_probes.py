from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.probe import Probe
from mlpack.verify.probes import example, probes
from mlpack.verify.probes.axes import Axes
from mlpack.verify.probes.draw import numpy_dtype
from mlpack.verify.probes.plan import MAX_CELLS, spread

NOTHING = InputHints()
DTYPES = ["float64", "float32", "float16", "int64", "int32", "int8", "uint8", "bool", "string"]


def matrix(width: int, dtype: str = "float64") -> Signature:
    return Signature((TensorSpec("input", dtype, ("batch", width)),))


def named(signature: Signature, hints: InputHints = NOTHING, data: Feed | None = None) -> dict[str, Probe]:
    return {probe.name: probe for probe in probes(signature, hints, data)}


def check_shapes(signature: Signature, feed: Mapping[str, np.ndarray]) -> None:
    """Rank, fixed sizes and dtypes as declared, and shared names of one size."""
    sizes: dict[str, int] = {}
    assert set(feed) == {spec.name for spec in signature.inputs}
    for spec in signature.inputs:
        array = feed[spec.name]
        assert array.dtype == numpy_dtype(spec)
        assert array.ndim == len(spec.shape)
        for dim, size in zip(spec.shape, array.shape, strict=True):
            assert size == (dim if isinstance(dim, int) else sizes.setdefault(dim, size))
        if not spec.is_numeric:
            assert all(isinstance(text, str) for text in array.ravel())


@st.composite
def signatures(draw: st.DrawFn) -> tuple[Signature, InputHints]:
    batch = draw(st.sampled_from(["batch", "batch", "batch", 1, 3]))
    inner = st.lists(st.one_of(st.integers(1, 5), st.sampled_from(["time", "height", "n"])), max_size=3)
    specs = []
    columns: dict[str, tuple[ColumnHint, ...]] = {}
    for place in range(draw(st.integers(1, 3))):
        name = f"x{place}"
        shape = (batch, *draw(inner))
        specs.append(TensorSpec(name, draw(st.sampled_from(DTYPES)), shape))
        if draw(st.booleans()):
            columns[name] = (draw(hints_for(specs[-1])),)
    if draw(st.booleans()):
        specs.append(TensorSpec("k", "float32", ()))
    return Signature(tuple(specs)), InputHints(columns)


def hints_for(spec: TensorSpec) -> st.SearchStrategy[ColumnHint]:
    finite = st.floats(-1e6, 1e6)
    if spec.dtype == "bool":
        return st.just(ColumnHint())
    if not spec.is_numeric:
        return st.builds(ColumnHint, categories=st.lists(st.text(max_size=5), max_size=4).map(tuple))
    if not spec.is_floating:
        return st.builds(
            ColumnHint, low=st.integers(0, 3).map(float), high=st.integers(4, 90).map(float), integral=st.just(True)
        )
    small = finite if spec.dtype != "float16" else st.floats(-100, 100)
    return st.builds(
        ColumnHint,
        thresholds=st.one_of(st.none(), st.lists(small, max_size=6).map(np.array)),
        low=st.one_of(st.none(), small),
        center=st.one_of(st.none(), small),
        spread=st.one_of(st.none(), st.floats(0, 100)),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signatures())
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_every_probe_fits_the_signature(given_: tuple[Signature, InputHints]) -> None:
    signature, hints = given_
    seen = set()
    for probe in probes(signature, hints, None):
        check_shapes(signature, probe.feed)
        assert probe.name not in seen
        seen.add(probe.name)
    check_shapes(signature, example(signature, hints, None))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(signatures(), st.integers(0, 5))
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_equal_seeds_give_equal_probes(given_: tuple[Signature, InputHints], seed: int) -> None:
    signature, hints = given_
    for one, other in zip(
        probes(signature, hints, None, seed=seed), probes(signature, hints, None, seed=seed), strict=True
    ):
        assert (one.name, one.kind, one.note) == (other.name, other.kind, other.note)
        for name, array in one.feed.items():
            np.testing.assert_array_equal(array, other.feed[name])


def test_they_go_from_the_users_data_to_the_cruel_ones() -> None:
    hints = InputHints({"input": (ColumnHint(thresholds=np.array([0.5])), ColumnHint())})
    kinds = [probe.kind for probe in probes(matrix(2), hints, {"input": np.ones((3, 2))})]
    assert kinds[0] == "data"
    order = list(dict.fromkeys(kinds))
    assert order == ["data", "drawn", "batch", "threshold", "missing", "infinite", "extreme"]


def test_they_are_lazy() -> None:
    wide = Signature((TensorSpec("input", "float32", ("batch", 3, 224, 224)),))
    first = next(probes(wide, NOTHING, None))
    assert first.feed["input"].size <= MAX_CELLS


def test_batches_have_the_promised_sizes() -> None:
    sizes = [len(probe.feed["input"]) for probe in probes(matrix(3), NOTHING, None) if probe.kind == "batch"]
    assert sizes == [1, 2, 5, 257, 0]


def test_a_batch_of_huge_rows_is_cut_and_says_so() -> None:
    huge = Signature((TensorSpec("input", "float32", ("batch", 3, 512, 512)),))
    (cut,) = [probe for probe in probes(huge, NOTHING, None) if probe.kind == "batch" and probe.note]
    assert len(cut.feed["input"]) % 2 == 1
    assert "instead of 257" in cut.note


def test_named_axes_vary_together() -> None:
    signature = Signature(
        (TensorSpec("ids", "int64", ("batch", "time")), TensorSpec("mask", "float32", ("batch", 4, "time")))
    )
    tried = {probe.feed["ids"].shape[1] for probe in probes(signature, NOTHING, None) if probe.kind == "axis"}
    assert {1, 9, 16} <= tried
    assert all(probe.feed["ids"].shape[1] == probe.feed["mask"].shape[2] for probe in probes(signature, NOTHING, None))


def test_data_keeps_its_sizes_of_dynamic_axes() -> None:
    signature = Signature((TensorSpec("x", "float32", ("batch", "time", 2)),))
    data = {"x": np.ones((4, 13, 2), np.float32)}
    assert all(probe.feed["x"].shape[1] == 13 for probe in probes(signature, NOTHING, data) if probe.kind != "axis")


def test_a_fixed_number_of_rows_is_kept() -> None:
    signature = Signature((TensorSpec("x", "float32", (4, 2)),))
    data = {"x": np.arange(20, dtype=np.float32).reshape(10, 2)}
    tried = list(probes(signature, NOTHING, data))
    assert {probe.feed["x"].shape for probe in tried} == {(4, 2)}
    own = np.concatenate([probe.feed["x"] for probe in tried if probe.kind == "data"])
    assert set(own.ravel()) == set(data["x"].ravel())


def test_too_much_data_is_spread_and_noted() -> None:
    data = {"input": np.arange(100_000, dtype=np.float64)[:, None]}
    probe = named(matrix(1), data=data)["your data"]
    assert len(probe.feed["input"]) == 4096
    assert probe.feed["input"][[0, -1], 0].tolist() == [0, 99_999]
    assert "4096 of 100000 rows" in probe.note


def test_rows_follow_what_the_model_knows() -> None:
    hint = ColumnHint(low=100.0, high=200.0)
    values = named(matrix(1), InputHints({"input": (hint,)}))["drawn from what the model knows"].feed["input"]
    assert 100 <= values.min() < 120
    assert 180 < values.max() <= 200


def test_without_hints_several_scales_are_tried() -> None:
    tried = named(matrix(4))
    wide = np.abs(tried["drawn at scales from 0.01 to 100"].feed["input"]).max(axis=1)
    assert wide.min() < 0.5
    assert wide.max() > 20
    assert (tried["drawn, none negative"].feed["input"] >= 0).all()


def test_images_are_tried_in_both_their_ranges() -> None:
    signature = Signature((TensorSpec("input", "float32", ("batch", 8, 8, 3)),))
    tried = named(signature)
    assert tried["drawn, 0 to 1"].feed["input"].max() <= 1
    assert tried["drawn, 0 to 255"].feed["input"].max() > 200


def test_a_vocabulary_is_kept_but_for_the_probes_that_leave_it() -> None:
    signature = Signature((TensorSpec("ids", "int64", ("batch", 6)),))
    hints = InputHints({"ids": (ColumnHint(low=0, high=9, integral=True),)})
    for probe in probes(signature, hints, None):
        inside = bool(((probe.feed["ids"] >= 0) & (probe.feed["ids"] <= 9)).all())
        assert inside or probe.kind in {"category", "extreme"}
    assert any(probe.kind == "category" for probe in probes(signature, hints, None))


def test_rows_that_the_model_stores_are_tried() -> None:
    stored = np.random.default_rng(0).normal(size=(7, 3))
    tried = named(matrix(3), InputHints(rows={"input": stored}))
    np.testing.assert_array_equal(tried["rows that the model stores"].feed["input"], stored)
    moved = tried["rows that the model stores, a little off"].feed["input"]
    assert 0 < np.abs(moved - stored).max() < 0.2


def test_stored_rows_are_what_single_values_are_changed_in() -> None:
    """Around support vectors a kernel machine answers; far from them it answers the same to everything."""
    stored = np.random.default_rng(0).normal(1000.0, 1.0, size=(7, 3))
    batch = named(matrix(3), InputHints(rows={"input": stored}))["batch of 5"].feed["input"]
    assert np.isin(batch[::2], stored).all()


def test_an_example_has_two_rows_and_axes_of_different_sizes() -> None:
    signature = Signature((TensorSpec("x", "float32", ("batch", "time", "features")),))
    rows, time, features = example(signature, NOTHING, None)["x"].shape
    assert rows == 2
    assert len({rows, time, features}) == 3


def test_an_example_is_taken_from_the_data() -> None:
    data = {"input": np.arange(10.0)[:, None]}
    assert example(matrix(1), NOTHING, data, rows=3)["input"].ravel().tolist() == [0, 4, 9]


@given(st.integers(0, 500), st.integers(1, 50))
def test_spread_keeps_both_ends(total: int, wanted: int) -> None:
    places = spread(total, wanted)
    assert len(set(places)) == len(places) == min(total, wanted)
    if wanted > 1 and total > 1:
        assert (places[0], places[-1]) == (0, total - 1)


def test_a_foreign_name_of_the_batch_axis_is_understood() -> None:
    assert Axes.of(Signature((TensorSpec("x", "float32", ("N", 3)),)), None).batch == "N"
