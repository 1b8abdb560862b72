"""The models and rows of the batch benchmarks: breast cancer, with 30 columns of floats, and any number of rows like its."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS = [f"f{place}" for place in range(30)]
_GROUP = 1_000_000


def write_models(folder: Path) -> None:
    """``logistic`` and ``forest``, each as a pickle and as a bundle."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    import mlpack

    frame, target = load_breast_cancer(return_X_y=True, as_frame=True)
    frame.columns = COLUMNS
    models: dict[str, Any] = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "forest": RandomForestClassifier(100, random_state=0),
    }
    for name, model in models.items():
        model.fit(frame, target)
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
        mlpack.pack(model, folder / f"{name}.mlpack", sample=frame, name=name)


def write_rows(path: Path, rows: int) -> None:
    """A Parquet file as pandas writes it: row groups of about a million rows, snappy."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from sklearn.datasets import load_breast_cancer

    known, _ = load_breast_cancer(return_X_y=True)
    random = np.random.default_rng(0)
    schema = pa.schema([(name, pa.float64()) for name in COLUMNS])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, _GROUP):
            count = min(_GROUP, rows - start)
            drawn = known[random.integers(0, len(known), count)] * random.normal(1, 0.1, (count, len(COLUMNS)))
            columns = [np.ascontiguousarray(column) for column in drawn.T]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=_GROUP)
