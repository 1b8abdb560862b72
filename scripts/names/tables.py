"""pandas: tables, columns, indexes and single values of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from names import data
from names.sample import Sample


def tables() -> Iterator[Sample]:
    """Samples of pandas."""
    yield from _indexes()
    yield from _columns()
    yield from _frames()
    yield from _scalars()


def _sample(name: str, value: Any) -> Sample:
    return Sample(f"pandas/{name}", value)


def _indexes() -> Iterator[Sample]:
    import pandas as pd

    days = pd.date_range("2020-01-01", periods=4, freq="D")
    yield _sample("Index", pd.Index(["a", "b"], name="letter"))
    yield _sample("Index of objects", pd.Index(["a", 1, None], dtype=object))
    yield _sample("Index of numbers", [pd.Index([1, 5]), pd.Index([1.5, 2.0]), pd.Index([True, False])])
    yield _sample("RangeIndex", pd.RangeIndex(2, 9, 3, name="row"))
    yield _sample("MultiIndex", pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["x", "y"]))
    yield _sample("MultiIndex of dates", pd.MultiIndex.from_arrays([days, pd.Categorical(list("abca"))]))
    yield _sample("DatetimeIndex", days)
    yield _sample("DatetimeIndex in UTC", days.tz_localize("UTC"))
    yield _sample("DatetimeIndex in Berlin", days.tz_localize("Europe/Berlin"))
    yield _sample("DatetimeIndex without frequency", pd.DatetimeIndex(["2020-01-01", "2020-03-05"]))
    for frequency in ("h", "min", "s", "ms", "us", "ns", "W", "W-WED", "B", "7D", "MS", "QS", "YS"):
        yield _sample(f"DatetimeIndex by {frequency}", pd.date_range("2020-01-06", periods=3, freq=frequency))
    yield _sample("TimedeltaIndex", pd.to_timedelta(["1D", "3h"]))
    yield _sample("TimedeltaIndex by hours", pd.timedelta_range("1D", periods=3, freq="6h"))
    yield _sample("PeriodIndex", pd.period_range("2020-01", periods=3, freq="M"))
    for frequency in ("D", "Q", "Y", "W", "h", "min", "s"):
        yield _sample(f"PeriodIndex by {frequency}", pd.period_range("2020-01-01", periods=3, freq=frequency))
    yield _sample("CategoricalIndex", pd.CategoricalIndex(["a", "b", "a"], ordered=True))
    yield _sample("IntervalIndex", pd.interval_range(0, 3, closed="left"))
    yield _sample("IntervalIndex of dates", pd.IntervalIndex.from_breaks(days))


def _columns() -> Iterator[Sample]:
    import pandas as pd

    for dtype in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"):
        yield _sample(dtype, pd.Series([1, None, 3], dtype=dtype))
    yield _sample("boolean", pd.Series([True, None], dtype="boolean"))
    yield _sample("string[python]", pd.Series(["a", None], dtype="string[python]"))
    yield _sample("string", pd.Series(["a", None], dtype="string"))
    yield _sample("text", pd.Series(["a", "bc"]))
    yield _sample("objects", pd.Series(["a", None, 2], dtype=object))
    yield _sample("category", pd.Series(["a", "b", None], dtype="category"))
    yield _sample("category of numbers", pd.Series(pd.Categorical([3, 1], categories=[1, 2, 3], ordered=True)))
    yield _sample("Categorical", pd.Categorical(["a", None, "b"]))
    yield _sample("interval", pd.cut(pd.Series([1.0, 2.5, 9.0]), 3))
    yield _sample("dates", pd.Series(pd.to_datetime(["2020-01-01", None])))
    yield _sample("dates in UTC", pd.Series(pd.to_datetime(["2020-01-01", None], utc=True)))
    yield _sample("durations", pd.Series(pd.to_timedelta(["1D", None])))
    yield _sample("periods", pd.Series(pd.period_range("2020-01", periods=3, freq="M")))
    yield _sample("sparse", pd.Series(pd.arrays.SparseArray([0.0, 0.0, 1.5])))
    yield _sample("arrays", [pd.array([1, 2]), pd.array([1.5, None]), pd.array(["a", None]), pd.array([True, None])])
    yield _sample("types", [pd.Int64Dtype(), pd.CategoricalDtype(["a"]), pd.StringDtype(), pd.BooleanDtype()])
    more = [pd.DatetimeTZDtype(tz="UTC"), pd.PeriodDtype("M"), pd.IntervalDtype("int64")]
    yield Sample("pandas/more types", more, lambda types: [str(one) for one in types])


def _frames() -> Iterator[Sample]:
    import pandas as pd

    table = data.frame()
    yield _sample("DataFrame", table)
    yield _sample("DataFrame of numbers", pd.DataFrame(np.eye(3), columns=list("abc"), index=pd.RangeIndex(3)))
    yield _sample("DataFrame by dates", table.head(4).set_index(pd.date_range("2020-01-01", periods=4)))
    yield _sample("DataFrame with two levels", table.set_index(["colour", "size"]).head(6))
    yield _sample("DataFrame without rows", table.head(0))
    yield _sample("DataFrame, nullable", table.convert_dtypes())
    yield _sample("DataFrame with attributes", _noted(table.head(2)))
    yield _sample("column", table["length"])
    yield _sample("slice", table.iloc[5:9, 1:4])
    yield _sample("types of columns", table.dtypes)
    yield _sample("description", table.describe())


def _noted(table: Any) -> Any:
    table = table.copy()
    table.attrs["source"] = "iris"
    return table


def _scalars() -> Iterator[Sample]:
    import pandas as pd

    yield _sample("Timestamp", pd.Timestamp("2020-01-01 10:00"))
    yield _sample("Timestamp in UTC", pd.Timestamp("2020-01-01", tz="UTC"))
    yield _sample("Timestamp in Berlin", pd.Timestamp("2020-01-01", tz="Europe/Berlin"))
    yield _sample("Timedelta", pd.Timedelta("1D 3h"))
    yield _sample("Period", [pd.Period("2020-01", "M"), pd.Period("2020-01-01", "D")])
    yield _sample("Interval", pd.Interval(0, 1.5, closed="both"))
    yield Sample("pandas/missing", [pd.NA, pd.NaT], repr)
    yield _sample("offsets", [pd.offsets.Day(2), pd.offsets.MonthEnd(), pd.offsets.BusinessDay(), pd.offsets.Hour(3)])
