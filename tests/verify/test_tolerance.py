import numpy as np
import pytest

from mlpack.verify.tolerance import CEILING, derive

FLOAT32 = np.dtype(np.float32)
ROWS = np.linspace(-100.0, 100.0, 1001)


def test_the_users_word_goes_before_everything():
    tolerance = derive(ROWS, FLOAT32, {"order": 5.0}, 1e-2, None)
    assert (tolerance.atol, tolerance.rtol, tolerance.decided_by) == (0.0, 1e-2, "user")


def test_without_noise_the_coarser_dtype_decides_at_the_outputs_scale():
    tolerance = derive(ROWS, FLOAT32, {"order": 0.0}, None, None)
    assert tolerance.decided_by == "dtype"
    assert tolerance.atol == pytest.approx(128 * np.finfo(np.float32).eps * 99, rel=0.02)
    assert derive(ROWS, np.dtype(np.float64), {}, None, None).atol < 1e-9


def test_the_references_own_noise_decides_when_it_is_larger():
    tolerance = derive(ROWS, FLOAT32, {"order": 1e-3, "float64": 5e-3}, None, None)
    assert tolerance.decided_by == "float64"
    assert tolerance.atol == pytest.approx(2e-2)


def test_noise_never_excuses_more_than_the_ceiling():
    tolerance = derive(ROWS, FLOAT32, {"order": 10.0}, None, None)
    assert tolerance.atol == pytest.approx(CEILING * tolerance.scale)
    assert "ceiling" in tolerance.decided_by


def test_larger_rows_get_room_in_proportion_and_smaller_ones_no_less():
    tolerance = derive(ROWS, FLOAT32, {}, None, None)
    assert tolerance.at_scale(tolerance.scale * 100).atol == pytest.approx(tolerance.atol * 100)
    assert tolerance.at_scale(tolerance.scale / 100) == tolerance
