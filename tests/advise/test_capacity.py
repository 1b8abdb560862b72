"""The figures, by hand."""

import math
from dataclasses import replace

import pytest
from advise.facts import ANSWERS, measured
from hypothesis import given
from hypothesis import strategies as st

from mlpack.advise.capacity import figures_of, needed_replicas
from mlpack.advise.measurements import UTILISATION

DAY = 86_400
DEAR = replace(ANSWERS, price_per_hour=7.2, processors=2)
"""A processor costs 0.001 a second."""


def test_replicas_are_busy_to_65_percent_at_the_peak():
    """100 µs a request: 10,000 a second on one processor, 6,500 of which are used."""
    at_the_edge = 6500 * DAY // 3
    assert needed_replicas(replace(ANSWERS, rows_per_day=at_the_edge), measured(), "/predict") == 1
    assert needed_replicas(replace(ANSWERS, rows_per_day=at_the_edge + DAY), measured(), "/predict") == 2
    assert needed_replicas(replace(ANSWERS, rows_per_day=at_the_edge), measured(grpc=1e-3), "gRPC") == 10


def test_the_rows_of_a_request_count():
    answers = replace(ANSWERS, rows_per_day=6500 * DAY * 100 // 3, rows_per_request=100)
    assert needed_replicas(answers, measured(rows=100), "/predict") == 1
    assert needed_replicas(answers, measured(rows=1), "/predict") == 100


def test_costs():
    figures = figures_of(DEAR, measured(), "/predict", 1, bulk=998_000)
    assert figures.service_per_day == pytest.approx(2 * DAY * 0.001)
    assert figures.cost_per_million["/predict"] == pytest.approx(1e6 * 100e-6 * 0.001 / UTILISATION)
    assert figures.cost_per_million["batch"] == pytest.approx(1e6 / 250_000 * 0.001)
    assert figures.batch_hours == pytest.approx((2 + 998_000 / 500_000) / 3600)
    assert figures.batch_per_day == pytest.approx((2 + 998_000 / 500_000) * 2 * 0.001)


def test_a_machine_with_more_processors_runs_more_and_a_processor_costs_the_same():
    few, many = (
        figures_of(replace(DEAR, processors=n, price_per_hour=3.6 * n), measured(), "gRPC", 0, 10**9) for n in (2, 64)
    )
    assert few.service_per_day == pytest.approx(many.service_per_day)
    assert few.batch_hours > 20 * many.batch_hours


@given(st.floats(1e-5, 1), st.floats(1, 1e6), st.integers(0, 1), st.integers(1, 64))
def test_at_the_break_even_both_cost_the_same(processor, batch, spare, processors):
    answers, told = replace(DEAR, processors=processors), measured(processor=processor, batch=batch)
    figures = figures_of(answers, told, "/predict", spare, bulk=0)
    if figures.break_even:
        run = figures_of(answers, told, "/predict", spare, bulk=figures.break_even)
        one_row = 7.2 / 3600 / (batch / 2 * processors)
        assert math.isclose(run.batch_per_day, run.service_per_day, rel_tol=1e-6, abs_tol=2 * one_row)


def test_memory_is_asked_for_in_steps_with_room_to_grow():
    assert figures_of(ANSWERS, measured(), "gRPC", 0, 1).memory == 192 << 20
    assert 192 << 20 >= 1.4 * 100_000_000


def test_without_measurements_there_are_no_figures_but_a_beginning():
    figures = figures_of(ANSWERS, None, "/predict", 1, 1)
    assert (figures.replicas, figures.spare, figures.memory, figures.break_even) == (2, 1, None, None)
    assert figures_of(ANSWERS, None, None, 0, 1).replicas == 0


def test_a_run_needs_no_replicas():
    figures = figures_of(ANSWERS, measured(), None, 0, 1000)
    assert (figures.replicas, figures.service_per_day, figures.break_even) == (0, None, None)
    assert figures.batch_per_day > 0
