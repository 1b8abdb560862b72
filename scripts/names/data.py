"""Small real data: what scikit-learn brings along."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np


@cache
def iris() -> tuple[Any, Any]:
    """75 rows of 4 positive floats, three classes."""
    from sklearn.datasets import load_iris

    rows, classes = load_iris(return_X_y=True)
    return rows[::2].copy(), classes[::2].copy()


@cache
def cancer() -> tuple[Any, Any]:
    """100 rows of 5 positive floats of about one, two classes."""
    from sklearn.datasets import load_breast_cancer

    rows, classes = load_breast_cancer(return_X_y=True)
    rows = rows[:100, :5].copy()
    return rows / rows.std(axis=0), classes[:100]


@cache
def diabetes() -> tuple[Any, Any]:
    """80 rows of 4 floats, and a number for each."""
    from sklearn.datasets import load_diabetes

    rows, target = load_diabetes(return_X_y=True)
    return np.ascontiguousarray(rows[:80, :4]) * 20, target[:80] / 10


@cache
def texts() -> tuple[list[str], Any]:
    """Lines of the description of a data set, and whether each is long."""
    from sklearn.datasets import load_iris

    lines = [line.strip() for line in load_iris().DESCR.split("\n") if len(line.split()) > 2][:40]
    return lines, np.array([len(line) > 50 for line in lines], dtype=int)


@cache
def images() -> Any:
    """Five images of 8 by 8."""
    from sklearn.datasets import load_digits

    return load_digits().images[:5]


def two_targets(target: Any, rows: Any) -> Any:
    """A second target beside the first."""
    return np.column_stack([target, target**2 + rows[:, 0]])


def labels_of_two_kinds(rows: Any, target: Any) -> Any:
    """Two columns of labels."""
    return np.column_stack([target > 0, rows[:, 0] > rows[:, 0].mean()]).astype(int)


@cache
def frame() -> Any:
    """A pandas table with numbers, text, a category, a truth value and a gap in each of two columns."""
    import pandas as pd

    rows, classes = iris()
    table = pd.DataFrame(rows[:, :2].copy(), columns=["length", "width"])
    table["colour"] = np.array(["red", "green", "blue"])[classes]
    table["size"] = pd.Categorical(np.where(rows[:, 2] > 3, "large", "small"))
    table["wide"] = rows[:, 3] > 1
    table["count"] = np.arange(len(rows)) % 7
    table.loc[3, "length"] = np.nan
    return table
