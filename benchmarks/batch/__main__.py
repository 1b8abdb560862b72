"""One contender, once: ``python -m batch CONTENDER MODEL ROWS.parquet``, in a folder with the models. Prints JSON.

Libraries are imported before the clock starts; opening the model counts.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def ours(model: str, rows: str) -> Callable[[], object]:
    import_module("mlpack.batch.local")
    import_module("mlpack.batch.command")
    import onnxruntime  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import mlpack

    return lambda: mlpack.batch(f"{model}.mlpack", rows, f"ours-{model}.parquet", force=True)


def frames(model: str, rows: str) -> Callable[[], object]:
    """What a notebook does."""
    import pandas as pd
    import pyarrow.parquet  # noqa: F401
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401

    def call() -> None:
        fitted = pickle.loads(Path(f"{model}.pkl").read_bytes())
        scores = fitted.predict_proba(pd.read_parquet(rows))
        names = [f"probability_{name}" for name in fitted.classes_]
        found = pd.DataFrame(scores, columns=names)
        found.insert(0, "label", fitted.classes_[scores.argmax(axis=1)])
        found.to_parquet(f"frames-{model}.parquet")

    return call


def arrays(model: str, rows: str) -> Callable[[], object]:
    """ONNX Runtime alone: the matrix lies in memory as the model takes it, and the answers are dropped."""
    import numpy as np
    import onnxruntime
    import pyarrow.parquet as pq

    session = onnxruntime.InferenceSession(f"{model}.mlpack/model.onnx", providers=["CPUExecutionProvider"])
    (node,) = session.get_inputs()
    dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64}[node.type]
    table = pq.read_table(rows)
    matrix = np.empty((table.num_rows, table.num_columns), dtype=dtype)
    for place, column in enumerate(table.columns):
        matrix[:, place] = column.to_numpy()
    del table

    def call() -> None:
        for start in range(0, len(matrix), 65_536):
            session.run(None, {node.name: matrix[start : start + 65_536]})

    return call


def copying(_: str, rows: str) -> Callable[[], object]:
    """Without a model, pyarrow alone: all columns are read, and as many are written as a model answers."""
    import pyarrow.parquet as pq

    def call() -> None:
        table = pq.read_table(rows)
        pq.write_table(table.select([0, 1, 2]), "copy.parquet")

    return call


def copying_all(_: str, rows: str) -> Callable[[], object]:
    """Without a model, pyarrow alone: all columns are read and written."""
    import pyarrow.parquet as pq

    return lambda: pq.write_table(pq.read_table(rows), "copy.parquet")


CONTENDERS = {"ours": ours, "frames": frames, "arrays": arrays, "copying": copying, "copying_all": copying_all}


def main(contender: str, model: str, rows: str) -> None:
    """Run it."""
    call = CONTENDERS[contender](model, rows)
    begun = time.perf_counter()
    call()
    print(json.dumps({"seconds": time.perf_counter() - begun}))


if __name__ == "__main__":
    main(*sys.argv[1:])
