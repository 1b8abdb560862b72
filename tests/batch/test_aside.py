"""The file of rows that were set aside, beside the file of answers: who may write over it."""

import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch.places import place_of
from mlpack.core.errors import DataError, UsageError

CORRECTED = b"row,values\n5,corrected by hand\n"


@pytest.fixture
def source(tmp_path, rows_table):
    """Rows of which one has an empty value."""
    name = "petal width (cm)"
    values = rows_table[name].to_pylist()
    values[1000] = None
    pq.write_table(
        rows_table.set_column(rows_table.column_names.index(name), name, [values]), tmp_path / "rows.parquet"
    )
    return tmp_path / "rows.parquet"


@pytest.fixture
def good(tmp_path, rows_table):
    pq.write_table(rows_table, tmp_path / "good.parquet")
    return tmp_path / "good.parquet"


@pytest.fixture(params=["here", "store"])
def out(request, tmp_path):
    """Where the answers go: on this machine, and in a store."""
    if request.param == "here":
        return str(tmp_path / "out.csv")
    return f"memory://aside/{tmp_path.name}/out.csv"


def beside(out):
    return place_of(out.replace("out.csv", "out.quarantine.csv"))


def write(place, content):
    with place.files.open_output_stream(place.path) as stream:
        stream.write(content)


@pytest.mark.parametrize("on_error", ["fail", "quarantine"])
def test_what_lies_there_is_not_written_over(flowers_bundle, source, small, out, on_error):
    mlpack.batch(flowers_bundle, source, out, on_error="quarantine", **small)
    aside, done = beside(out), place_of(out)
    write(aside, CORRECTED)
    assert mlpack.batch(flowers_bundle, source, out, resume=True).count.refused == 1  # there is nothing to do
    done.remove()
    for resume in (False, True):
        with pytest.raises(UsageError, match=r"out.quarantine.csv is there already|was begun") as refused:
            mlpack.batch(flowers_bundle, source, out, on_error=on_error, resume=resume, **small)
        assert "--force" in refused.value.hint
    assert (aside.read(), done.kind()) == (CORRECTED, "")
    mlpack.batch(flowers_bundle, source, out, on_error="quarantine", force=True, **small)
    assert aside.read() != CORRECTED


def test_what_a_run_set_aside_goes_with_its_answers(flowers_bundle, source, good, small, out):
    mlpack.batch(flowers_bundle, source, out, on_error="quarantine", **small)
    with pytest.raises(DataError, match="row 1000"):  # after some parts: what is set aside stays until a run ends
        mlpack.batch(flowers_bundle, source, out, force=True, **small)
    assert beside(out).kind() == "file"
    mlpack.batch(flowers_bundle, good, out, force=True, **small)
    assert beside(out).kind() == ""


@pytest.mark.parametrize("known", [False, True])
def test_what_somebody_else_wrote_stays(flowers_bundle, source, good, small, out, known):
    if known:
        mlpack.batch(flowers_bundle, source, out, on_error="quarantine", **small)
    write(beside(out), CORRECTED)
    mlpack.batch(flowers_bundle, good, out, force=True, **small)
    assert beside(out).read() == CORRECTED
