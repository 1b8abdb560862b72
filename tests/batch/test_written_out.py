"""Cells that read NA or the like in columns of text are text, and told."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import mlpack

ROWS = """city,state,more
Oslo,None,NA
NA,solid,NA
null,solid,NA
NA,None,NA
"",solid,NA
Bergen,solid,NA
"""


@pytest.fixture(scope="module")
def towns_bundle(shelf):
    """A model of text, of which any is taken, and of which one category reads as nothing does."""
    rows = pd.DataFrame({"city": ["Oslo", "Bergen"] * 20, "state": ["None", "solid"] * 20})
    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(rows, np.arange(40) % 2)
    mlpack.pack(model, sample=rows, path=shelf / "towns.mlpack")
    return shelf / "towns.mlpack"


def test_what_reads_na_in_a_column_of_text_is_told(tmp_path, towns_bundle):
    (tmp_path / "rows.csv").write_text(ROWS)
    small = {"chunk_rows": 2, "part_rows": 2, "batch_rows": 2}
    result = mlpack.batch(towns_bundle, tmp_path / "rows.csv", tmp_path / "out", **small)
    (warning,) = result.warnings
    assert warning.startswith("4 cells of 'city' read 'NA', 'null', '' and were taken as text: ")
    assert result.to_json()["warnings"] == [warning]
    assert ("warning", warning) in [(name, getattr(cell, "text", cell)) for name, cell in result.view()[1].pairs]
    again = mlpack.batch(towns_bundle, tmp_path / "rows.csv", tmp_path / "out", resume=True)
    assert (again.count.before, again.warnings) == (6, (warning,))


def test_columns_of_numbers_and_empty_cells_are_none(tmp_path, people_bundle):
    (tmp_path / "rows.csv").write_text("city,age,income,weight\nOslo,30,NA,70\n,40,,80\n")
    assert mlpack.batch(people_bundle, tmp_path / "rows.csv", tmp_path / "out", on_error="null").warnings == ()
