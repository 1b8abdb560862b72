"""Rows and answers in a store: moto's S3, on a socket of this machine."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from clients.environments import python_of
from pyarrow.fs import S3FileSystem

import mlpack
from mlpack.core.errors import UsageError


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """The address of the store, and a file system in it with a bucket."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    command = [str(python_of("moto")), "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    log = tmp_path_factory.mktemp("moto") / "log"
    with log.open("wb") as errors, subprocess.Popen(command, stderr=errors, env=environment) as server:
        while (found := re.search(r"http://(127\.0\.0\.1:\d+)", log.read_text())) is None:
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        files = S3FileSystem(
            endpoint_override=found[1], scheme="http", access_key="key", secret_key="secret", allow_bucket_creation=True
        )
        files.create_dir("bucket")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", "key")
            patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
            patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
            yield f"?endpoint_override={found[1]}&scheme=http", files
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)


@pytest.fixture(scope="module")
def rows(store, rows_table):
    """Two files in a folder of the store."""
    options, files = store
    for name, table in {"a": rows_table.slice(0, 1000), "b": rows_table.slice(1000)}.items():
        pq.write_table(table, f"bucket/rows/{name}.parquet", filesystem=files, row_group_size=300)
    return f"s3://bucket/rows/*.parquet{options}"


@pytest.fixture
def local(tmp_path, flowers_bundle, rows_table, small, parts_in):
    """The parts that the same rows give on this machine."""
    (tmp_path / "rows").mkdir()
    pq.write_table(rows_table.slice(0, 1000), tmp_path / "rows" / "a.parquet")
    pq.write_table(rows_table.slice(1000), tmp_path / "rows" / "b.parquet")
    mlpack.batch(flowers_bundle, tmp_path / "rows", tmp_path / "local", **small)
    return parts_in(tmp_path / "local")


def parts_of(files, folder):
    return {
        found.base_name: files.open_input_file(found.path).readall()
        for found in files.get_file_info(pyarrow.fs.FileSelector(folder, allow_not_found=True))
        if found.base_name.startswith("part-")
    }


def test_from_a_store_into_a_store(store, rows, flowers_bundle, small, local):
    options, files = store
    result = mlpack.batch(flowers_bundle, rows, f"s3://bucket/answers{options}", **small)
    assert (result.count.rows, result.output) == (2500, "s3://bucket/answers")
    assert parts_of(files, "bucket/answers") == local
    with pytest.raises(UsageError, match="there already"):
        mlpack.batch(flowers_bundle, rows, f"s3://bucket/answers{options}", **small)


def test_one_file_in_a_store(tmp_path, store, rows, flowers_bundle, small):
    options, files = store
    mlpack.batch(flowers_bundle, rows, f"s3://bucket/one/answers.parquet{options}", **small)
    mlpack.batch(flowers_bundle, rows, tmp_path / "answers.parquet", **small)
    with files.open_input_file("bucket/one/answers.parquet") as stored:
        assert stored.readall() == (tmp_path / "answers.parquet").read_bytes()
    assert not parts_of(files, "bucket/one/.answers.parquet.parts")


def test_a_run_that_was_killed_goes_on_in_a_store(store, rows, flowers_bundle, small, local):
    options, files = store
    out = f"s3://bucket/killed{options}"
    flags = [flag for name, value in small.items() for flag in (f"--{name.replace('_', '-')}", str(value))]
    command = [sys.executable, "-m", "mlpack", "batch", str(flowers_bundle), "-i", rows, "-o", out, "--json", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as run:
        while run.poll() is None and len(parts_of(files, "bucket/killed")) < 3:
            time.sleep(0.01)
        run.kill()
    ended = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout)["data"]["rows"] == 2500
    assert parts_of(files, "bucket/killed") == local
