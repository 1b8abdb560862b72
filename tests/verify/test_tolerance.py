import numpy as np
import pytest

from mlpack.verify.tolerance import CEILING, derive

FLOAT32 = np.dtype(np.float32)
ROWS = np.linspace(-100.0, 100.0, 1001)


def test_the_users_word_goes_before_everything():
    tolerance = derive(ROWS, FLOAT32, {"order": 5.0}, (1e-2, None))
    assert (tolerance.widest, tolerance.rtol, tolerance.decided_by) == (0.0, 1e-2, "user")


def test_without_noise_the_coarser_dtype_decides_at_the_outputs_scale():
    tolerance = derive(ROWS, FLOAT32, {"order": 0.0})
    assert tolerance.decided_by == "dtype"
    assert tolerance.widest == pytest.approx(128 * np.finfo(np.float32).eps * 99, rel=0.02)
    assert derive(ROWS, np.dtype(np.float64), {}).widest < 1e-9


def test_the_references_own_noise_decides_when_it_is_larger():
    tolerance = derive(ROWS, FLOAT32, {"order": 1e-3, "float64": 5e-3})
    assert tolerance.decided_by == "float64"
    assert tolerance.widest == pytest.approx(2e-2)


def test_noise_never_excuses_more_than_the_ceiling():
    tolerance = derive(ROWS, FLOAT32, {"order": 10.0})
    assert tolerance.widest == pytest.approx(CEILING * tolerance.scale.max())
    assert "ceiling" in tolerance.decided_by


def test_columns_in_units_of_their_own_have_tolerances_of_their_own():
    columns = np.stack([ROWS * 1e6, ROWS / 100], axis=1)
    apart = derive(columns, FLOAT32, {}, by_column=True, shared=False)
    assert apart.atol[0] / apart.atol[1] == pytest.approx(1e8)
    beside = derive(columns, FLOAT32, {}, by_column=True, shared=True)
    assert beside.atol[0] / beside.atol[1] == pytest.approx(8), "what comes out of large sums keeps their rounding"
    together = derive(columns, FLOAT32, {})
    assert together.atol.size == 1


def test_larger_rows_get_room_in_proportion_and_no_other_row_with_them():
    tolerance = derive(ROWS, FLOAT32, {})
    rows = np.array([[1.0], [9900.0], [1.0]])
    allowed = tolerance.allowed(rows) - tolerance.rtol * np.abs(rows)
    assert allowed[0, 0] == allowed[2, 0] == tolerance.widest
    assert allowed[1, 0] == pytest.approx(tolerance.widest * 100, rel=0.02)


def test_rows_with_larger_inputs_get_room_up_to_the_ceiling():
    tolerance = derive(ROWS, FLOAT32, {})
    rows = np.ones((3, 1))
    allowed = tolerance.allowed(rows, np.array([1.0, 10.0, 1e12])) - tolerance.rtol
    assert allowed[1, 0] == pytest.approx(tolerance.widest * 10)
    assert allowed[2, 0] == pytest.approx(CEILING * tolerance.scale.max())
