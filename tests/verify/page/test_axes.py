from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.verify.page.axes import power_of_ten, round_steps, scale_of, short

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(st.lists(FINITE, min_size=1, max_size=30))
def test_every_value_has_a_place_on_the_chart(values):
    scale = scale_of(values, 300.0)
    places = [scale.at(value) for value in sorted(values)]
    assert all(-0.01 <= place <= 300.01 for place in places)
    assert places == sorted(places)
    assert all(-0.01 <= scale.at(tick) <= 300.01 for tick in scale.ticks())
    assert len(scale.ticks()) <= 9


def test_a_few_far_ones_do_not_hide_the_rest():
    scale = scale_of([*([1.0] * 90), *([0.5] * 9), 1e9], 300.0)
    assert scale.bend
    assert scale.at(1.0) - scale.at(0.5) > 3


@pytest.mark.parametrize(
    ("ends", "steps"),
    [((0.0, 1.0), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), ((-3.0, 11.0), [0.0, 5.0, 10.0]), ((2.0, 2.0), [])],
)
def test_steps_are_round(ends, steps):
    assert round_steps(*ends) == pytest.approx(steps)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.25, "0.25"), (-2e6, "−2×10⁶"), (1e-9, "10⁻⁹"), (0.0, "0"), (1.5e5, "1.5×10⁵")]
)
def test_ticks_are_written_short(value, shown):
    assert short(value) == shown


def test_powers():
    assert [power_of_ten(power) for power in (0, 3, -12)] == ["1", "10³", "10⁻¹²"]
