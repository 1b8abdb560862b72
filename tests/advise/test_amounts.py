"""Numbers as people read them."""

import pytest

from mlpack.advise.amounts import about, count, duration, milliseconds, money


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0.00"), (2.4, "2.40"), (1234.5, "1,234.50"), (0.5, "0.50"), (0.0049, "0.0049"), (4.94e-05, "0.000049")],
)
def test_money(value, shown):
    assert money(value) == shown


def test_the_others():
    assert [count(value) for value in (12345.6, 3.47, 0.0123)] == ["12,346", "3.5", "0.012"]
    assert [about(value) for value in (0, 7, 3_980_596_358)] == ["0", "7", "4,000,000,000"]
    assert [milliseconds(value) for value in (0.000348, 0.0421, 12.3)] == ["0.348", "42.1", "12,300"]
    assert [duration(value) for value in (30, 0.5, 0.001)] == ["30.0 h", "30 min", "3.6 s"]
