"""A million rows through a packed model, from files to files, each held against the original's answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from mlpack.cli.draw import draw
from mlpack.core.view import Line, Table

ROWS = 1_000_000
FILES = 4
Ask = Callable[..., Any]
"""Runs one mlpack command, and returns what it said: see ``mlpack`` in demo.py."""


def score(mlpack: Ask, folder: Path, model: str, data: str, bundle: str) -> bool:
    """Draw a million rows from ``data``, answer them with ``bundle``, and compare with ``model``. False unless all agree."""
    drawn = _write(folder / "million", pyarrow.csv.read_csv(folder / data))
    run = mlpack(folder, "batch", bundle, "-i", "million/*.parquet", "-o", "answers", "--keep", "patient")
    if run.error:
        draw([Line(f"a million rows: {run.error}", "bad")], sys.stdout)
        return False
    wrong = _wrong(folder, model, data, drawn)
    row = (f"{run.data['rows']:,}", f"{run.data['seconds']:.1f}", f"{run.data['rows_per_second']:,.0f}")
    size = sum(path.stat().st_size for path in (folder / "answers").glob("*.parquet")) / 1e6
    print()
    draw([Table("", ("rows", "seconds", "rows/s", "MB written"), [(*row, f"{size:.1f}")])], sys.stdout)
    outcome = f"labels other than the original's: {wrong:,}"
    draw([Line(""), Line(outcome, "bad" if wrong else "good")], sys.stdout)
    return not wrong


def _write(place: Path, table: pa.Table) -> np.ndarray:
    """Files of rows drawn from ``table``, each with its number; returns which row of the table each is."""
    place.mkdir()
    drawn = np.random.default_rng(0).integers(0, table.num_rows, ROWS)
    for number, part in enumerate(np.split(np.arange(ROWS), FILES)):
        rows = table.take(drawn[part]).add_column(0, "patient", [pa.array(part)])
        pyarrow.parquet.write_table(rows, place / f"part-{number}.parquet")
    return drawn


def _wrong(folder: Path, model: str, data: str, drawn: np.ndarray) -> int:
    """How many of the million have another label than the original gives its row, or are not there exactly once."""
    expected = joblib.load(folder / model).predict(pyarrow.csv.read_csv(folder / data).to_pandas())
    answers = pyarrow.parquet.read_table(folder / "answers", columns=["patient", "label"])
    patients, labels = answers["patient"].to_numpy(), answers["label"].to_numpy()
    if not np.array_equal(np.sort(patients), np.arange(ROWS)):
        return ROWS
    return int(np.count_nonzero(labels != expected[drawn[patients]]))
