"""`mlpack batch` from a terminal: what it says, and the codes it ends with."""

import json
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch.progress import Progress
from mlpack.cli.batch import _again
from mlpack.cli.progress import drawn


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    rows = pd.DataFrame({"age": [20.0, 30.0, 40.0, 50.0] * 10, "weight": [60.0, 70.0, 80.0, 65.0] * 10})
    path = tmp_path_factory.mktemp("bundles") / "people.mlpack"
    mlpack.pack(LogisticRegression().fit(rows, rows["age"] > 35), path, sample=rows)
    return path


@pytest.fixture
def rows(tmp_path):
    random = np.random.default_rng(0)
    table = pa.table({"id": np.arange(9000), "age": random.uniform(18, 90, 9000), "weight": random.normal(70, 9, 9000)})
    pq.write_table(table, tmp_path / "rows.parquet")
    return tmp_path / "rows.parquet"


def mlpack_batch(*arguments):
    command = [sys.executable, "-m", "mlpack", "batch", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_it_came_to(tmp_path, bundle, rows):
    ended = mlpack_batch(bundle, "-i", rows, "-o", tmp_path / "out.csv", "--keep", "id")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("9,000 rows answered: ")
    assert "id, label, probability_False, probability_True" in ended.stdout
    assert ended.stderr == ""
    assert (tmp_path / "out.csv").read_text().count("\n") == 9001


def test_as_one_json_document(tmp_path, bundle, rows):
    ended = mlpack_batch(bundle, "-i", rows, "-o", tmp_path / "out", "--limit", "10", "--json")
    document = json.loads(ended.stdout)
    assert (document["command"], document["ok"], document["data"]["rows"]) == ("batch", True, 10)
    assert document["data"]["parts"] == ["part-00000.parquet"]


def test_a_column_that_is_missing_is_told_before_any_work(tmp_path, bundle):
    pq.write_table(pa.table({"Age": [1.0], "weight": [2.0]}), tmp_path / "rows.parquet")
    ended = mlpack_batch(bundle, "-i", tmp_path / "rows.parquet", "-o", tmp_path / "out")
    assert ended.returncode == 10
    assert "has no column 'age'" in ended.stderr
    assert "next: 'Age' may be 'age'" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_kept(tmp_path, bundle, rows):
    (tmp_path / "out.parquet").write_bytes(b"mine")
    ended = mlpack_batch(bundle, "-i", rows, "-o", tmp_path / "out.parquet")
    assert ended.returncode == 2
    assert "next: write over it with --force" in ended.stderr
    assert (tmp_path / "out.parquet").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--resume", "--force"], "leave one of them out"),
        (["--address", "here"], "--engine ray"),
        (["--chunk-rows", "0"], "next: leave --chunk-rows out, or name a number from 1 on"),
        (["--limit", "0"], "next: leave --limit out for all rows, or name a number from 1 on"),
        (["--format", "csv"], "leave --format out"),
    ],
)
def test_options_that_cannot_work(tmp_path, bundle, rows, options, says):
    ended = mlpack_batch(bundle, "-i", rows, "-o", tmp_path / "out.parquet", *options)
    assert ended.returncode == 2
    assert says in ended.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_says_how_to_go_on(tmp_path, bundle, rows, number, code):
    options = ["--limit", "600", "--chunk-rows", "1", "--part-rows", "2", "--batch-rows", "1"]
    command = [sys.executable, "-m", "mlpack", "batch", bundle, "-i", rows, "-o", tmp_path / "out", *options]
    with subprocess.Popen([*map(str, command)], stderr=subprocess.PIPE, text=True) as run:
        while not any((tmp_path / "out").glob("part-*")):
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(number)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == code
    (line,) = [line for line in errors.splitlines() if line.startswith("next: go on with: ")]
    assert line.endswith("--resume")
    again = shlex.split(line.removeprefix("next: go on with: mlpack "))
    ended = subprocess.run(
        [sys.executable, "-m", "mlpack", *again, "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout)["data"]["resumed_from"] > 0


def test_a_bar_on_a_terminal(tmp_path, bundle, rows):
    """Chunks of one row make a run that lasts long enough for a bar."""
    mine, its = pty.openpty()
    options = ["--chunk-rows", "1", "--part-rows", "9000", "--batch-rows", "1"]
    command = [sys.executable, "-m", "mlpack", "batch", bundle, "-i", rows, "-o", tmp_path / "out", *options]
    with subprocess.Popen(
        [*map(str, command)], stderr=its, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "150"}
    ) as run:
        os.close(its)
        shown = b""
        while True:
            try:
                shown += os.read(mine, 65_536)
            except OSError:  # the other end is closed
                break
        assert run.wait() == 0
    os.close(mine)
    assert b"of 9,000" in shown
    assert b"rows/s" in shown


@pytest.mark.parametrize(
    ("progress", "says"),
    [
        (Progress(250, 1000, 250, 2.0), "25%  250 rows of 1,000  125 rows/s  0:06 left"),
        (Progress(1000, 1000, 500, 2.0), "100%  1,000 rows of 1,000  250 rows/s  0:00 left"),
        (Progress(10, 1_000_000, 10, 1.0), "0%  10 rows of 1,000,000  10 rows/s  27:46:39 left"),
        (Progress(250, None, 250, 2.0), "250 rows  125 rows/s"),
        (Progress(0, 0, 0, 0.0), "100%  0 rows of 0  0 rows/s  0:00 left"),
    ],
)
def test_the_line_of_the_bar(progress, says):
    assert drawn(progress).endswith(says)


def test_the_line_that_goes_on_has_no_keys_in_it(monkeypatch):
    line = ["mlpack", "batch", "m.mlpack", "-i", "rows.csv", "-o", "out", "--force"]
    monkeypatch.setattr(sys, "argv", line)
    assert _again(Path("m.mlpack")) == "go on with: mlpack batch m.mlpack -i rows.csv -o out --resume"
    for address in ("s3://AKIA:secret@bucket/out", "abfs://box/out?sas_token=secret"):
        monkeypatch.setattr(sys, "argv", [*line[:-2], address])
        assert _again(Path("m.mlpack")) == "go on with --resume"


def test_rows_that_were_given_as_the_model(tmp_path, rows):
    ended = mlpack_batch(rows, "-i", rows, "-o", tmp_path / "out")
    assert ended.returncode == 7
    assert f"next: the model comes first, and its rows with -i: mlpack batch MODEL -i {rows} -o " in ended.stderr
    assert "--data" not in ended.stderr
