"""Pickles and joblib files of small real models, and of plain values."""

from __future__ import annotations

import pickle
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any


def plain() -> dict[str, Any]:
    """Values with nothing but Python in them."""
    shared: list[Any] = [1, "a", b"b", 2.5, None, True, 1 << 80, "é" * 40]
    circle: list[Any] = [shared, shared]
    circle.append(circle)
    mapping = {"a": shared, 1: (1, (2, (3,))), (1, "b"): {1, 2}, None: frozenset({"x"}), "long": "y" * 300}
    return {"values": [mapping, circle, bytearray(b"bytes"), b"z" * 300, -5, 70_000, 1 << 31]}


def models() -> dict[str, Any]:
    """One of each kind of holder that the lists know, all of them tiny."""
    import numpy as np
    import pandas as pd
    import scipy.sparse
    import scipy.stats
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    rows = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0], [3.0, 2.0]])
    labels = np.array(["no", "yes", "no", "yes"], dtype=object)
    table = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    columns = ColumnTransformer([("a", StandardScaler(), [0]), ("b", OneHotEncoder(), [1])])
    record = np.zeros(2, np.dtype([("x", "f4"), ("y", "i8", (2,))]))
    return {
        "logistic": LogisticRegression().fit(rows, labels),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels),
        "tree": DecisionTreeClassifier(max_depth=1).fit(rows, labels),
        "forest": RandomForestClassifier(1, max_depth=1).fit(rows, labels),
        "boosting": GradientBoostingClassifier(n_estimators=1, max_depth=1).fit(rows, [0, 1, 0, 1]),
        "neighbours": KNeighborsClassifier(1, algorithm="kd_tree").fit(rows, labels),
        "columns": columns.fit(rows),
        "words": CountVectorizer().fit(["a few words", "more words"]),
        "function": FunctionTransformer(np.log1p).fit(rows),
        "table": table,
        "sparse": scipy.sparse.csr_matrix(rows),
        "distribution": scipy.stats.norm(1, 2),
        "arrays": [
            rows,
            rows.astype(">f4"),
            np.asfortranarray(rows),
            record,
            labels,
            np.array(["ab", "c"]),
            np.float32(1.5),
        ],
        "kinds": [
            np.dtype("M8[s]"),
            np.ma.masked_array([1, 2], [True, False]),
            np.random.RandomState(0),
            np.bool_(True),
        ],
        "python": [
            OrderedDict(a=1),
            defaultdict(list, b=[2]),
            slice(1, 2),
            range(3),
            complex(1, 2),
            len,
            Exception("x"),
        ],
    }


def write(folder: Path) -> None:
    """Every value in every protocol, and every model in two, by pickle and by joblib."""
    import joblib

    made = {**plain(), **models()}
    for group in ("pickle", "joblib", "compression"):
        (folder / group).mkdir()
    for name, value in made.items():
        for protocol in (
            range(6) if name == "values" else (1, 2, 5) if name in {"arrays", "kinds", "python"} else (2, 5)
        ):
            (folder / "pickle" / f"{name}-{protocol}").write_bytes(pickle.dumps(value, protocol))
        joblib.dump(value, folder / "joblib" / name)
    for method in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(made["arrays"], folder / "joblib" / f"arrays-{method}", compress=(method, 1))
        joblib.dump(made["values"], folder / "compression" / method, compress=(method, 1))
