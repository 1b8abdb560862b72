"""Where answers go, and where they do not."""

import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.core.errors import UsageError


def test_the_answers_are_not_read_as_rows_again(tmp_path, flowers_bundle, rows_table):
    pq.write_table(rows_table, tmp_path / "rows.parquet")
    with pytest.raises(UsageError, match="is where"):
        mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", tmp_path, force=True)


def test_what_is_there_is_not_written_over(tmp_path, flowers_bundle, rows_file, small, parts_in):
    for out in (tmp_path / "out", tmp_path / "out.parquet"):
        mlpack.batch(flowers_bundle, rows_file, out, **small)
        with pytest.raises(UsageError, match="there already"):
            mlpack.batch(flowers_bundle, rows_file, out, **small)
        mlpack.batch(flowers_bundle, rows_file, out, limit=10, force=True, **small)
        assert pq.read_table(out).num_rows == 10


def test_the_next_run_would_read_the_answers(tmp_path, flowers_bundle, rows_table):
    folder = tmp_path / "rows"
    folder.mkdir()
    pq.write_table(rows_table, folder / "rows.parquet")
    for source, out in ((folder, "out"), (folder, "out.parquet"), (folder / "*.parquet", "out.parquet")):
        with pytest.raises(UsageError, match="is where") as refused:
            mlpack.batch(tmp_path / "none.mlpack", source, folder / out)
        assert refused.value.exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize("name", ["out.xlsx", "out.prquet", "answers.v2"])
def test_an_ending_of_no_format_is_no_folder(tmp_path, flowers_bundle, rows_file, name):
    out = tmp_path / name
    with pytest.raises(UsageError, match="ends as no format does") as refused:
        mlpack.batch(tmp_path / "none.mlpack", rows_file, out)
    assert ".parquet, .pq, .csv" in refused.value.why
    assert refused.value.hint.startswith(f"-o {out.with_suffix('.parquet')}, or for a folder of parts -o {out}/")
    assert not out.exists()
    result = mlpack.batch(flowers_bundle, rows_file, f"{out}/", limit=10)
    assert [path.name for path in out.glob("part-*")] == list(result.parts)
    mlpack.batch(flowers_bundle, rows_file, out, limit=10, force=True)  # it is a folder now
    mlpack.batch(flowers_bundle, rows_file, tmp_path / f"more-{name}", limit=10, format="csv")
    assert [path.name for path in (tmp_path / f"more-{name}").glob("part-*")] == ["part-00000.csv"]


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", ["out.parquet", "out"])
def test_a_store_that_does_not_answer(monkeypatch, flowers_bundle, rows_file, name, resume):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    options = "?endpoint_override=127.0.0.1:1&scheme=http&region=us-east-1"
    with pytest.raises(UsageError, match=rf"^s3://bucket/{name} cannot be reached$") as refused:
        mlpack.batch(flowers_bundle, rows_file, f"s3://key:secret@bucket/{name}{options}", resume=resume)
    assert 0 < len(refused.value.why) < 120
    assert "check the address, the network and the keys" in refused.value.hint
