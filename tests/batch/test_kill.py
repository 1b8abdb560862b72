"""A run that is killed at any moment goes on with --resume, and ends with the bytes of a run that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest

KILLS = 20
ROWS = 60_000
OPTIONS = ("--chunk-rows", "500", "--part-rows", "1000", "--batch-rows", "128", "--on-error", "quarantine")


@pytest.fixture(scope="module")
def source(tmp_path_factory, make_rows):
    """Rows of which some are refused, in two files."""
    folder = tmp_path_factory.mktemp("rows")
    table = make_rows(ROWS)
    name = "petal width (cm)"
    values = table[name].to_pylist()
    values[::7001] = [None] * len(values[::7001])
    table = table.set_column(table.column_names.index(name), name, [values])
    pq.write_table(table.slice(0, ROWS // 3), folder / "a.parquet", row_group_size=7000)
    pq.write_table(table.slice(ROWS // 3), folder / "b.parquet", row_group_size=7000)
    return folder


def start(bundle, source, out, *more):
    command = [sys.executable, "-m", "mlpack", "batch", bundle, "-i", source, "-o", out, "--keep", "number", *OPTIONS]
    return subprocess.Popen(
        [*map(str, command), *more, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def folder_of(out):
    return out.with_name(f".{out.name}.parts") if out.suffix else out


def until_begun(process, out):
    """Wait until the first part is there, or the run is over."""
    while process.poll() is None and not any(folder_of(out).glob("part-*")):
        time.sleep(0.005)
    return time.monotonic()


def everything(out):
    """All that a user would find, but for the checkpoint."""
    beside = {path.name: path.read_bytes() for path in out.parent.glob(f"{out.stem}*") if path.is_file()}
    inside = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("part-*")} if out.is_dir() else {}
    return beside | inside


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_killed_at_random_moments(tmp_path, flowers_bundle, source, name):
    expected = tmp_path / "whole" / name
    expected.parent.mkdir()
    run = start(flowers_bundle, source, expected)
    begun = until_begun(run, expected)
    told, errors = run.communicate()
    seconds = time.monotonic() - begun
    assert run.returncode == 0, errors
    assert json.loads(told)["data"]["refused"] == len(range(0, ROWS, 7001))
    moments = random.Random(6)
    kills = finished = 0
    while kills < KILLS // 2:
        out = tmp_path / f"killed-{finished}" / name
        out.parent.mkdir(exist_ok=True)
        run = start(flowers_bundle, source, out, "--resume")
        until_begun(run, out)
        time.sleep(moments.uniform(0, seconds / 2))
        if run.poll() is None:
            run.send_signal(signal.SIGKILL)
            run.communicate()
            kills += 1
            continue
        _, errors = run.communicate()
        assert run.returncode == 0, errors
        assert everything(out) == everything(expected)
        finished += 1
    run = start(flowers_bundle, source, out, "--resume")
    told, errors = run.communicate()
    assert run.returncode == 0, errors
    assert json.loads(told)["data"]["rows"] == ROWS
    assert everything(out) == everything(expected)
    left = {path.name for path in folder_of(out).rglob("*") if path.name.startswith(".")}
    assert not left, os.listdir(folder_of(out))
