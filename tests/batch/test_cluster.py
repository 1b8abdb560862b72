"""The Ray engine on a cluster of several nodes in this machine: the bytes of the local engine, also when a node is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch.cluster import address_of, connected, spans_of
from mlpack.core.errors import DataError, UsageError

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_gcs_server_port_wait_time_s"] = "180"  # noqa: SIM112 - half a minute unless told, which a busy machine does not keep
STORE = {"object_store_memory": 80 << 20}


@pytest.fixture
def cluster():
    """A head without a processor, and two nodes of one each."""
    import ray
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **STORE})
    nodes.workers = [nodes.add_node(num_cpus=1, **STORE) for _ in range(2)]
    nodes.wait_for_nodes()
    yield nodes
    for _ in range(10):
        if ray.is_initialized():
            ray.shutdown()
        try:
            nodes.shutdown()
        except ValueError:  # a thread of Ray Data whose run was ended has connected once more in the meantime
            time.sleep(1)
        else:
            return
    raise AssertionError("the cluster does not end")


@pytest.fixture
def source(tmp_path, make_rows):
    path = tmp_path / "rows.parquet"
    pq.write_table(make_rows(40_000), path, row_group_size=7000)
    return path


@pytest.fixture
def options():
    return {"chunk_rows": 500, "part_rows": 1000, "batch_rows": 64, "keep": ["number"]}


def test_a_node_is_lost_half_way(tmp_path, recwarn, cluster, flowers_bundle, source, options, parts_in):
    mlpack.batch(flowers_bundle, source, tmp_path / "local", **options)
    told = []

    def tell(progress):
        told.append(progress)
        if len(told) == 8:
            cluster.remove_node(cluster.workers.pop(), allow_graceful=False)

    out = tmp_path / "out"
    result = mlpack.batch(flowers_bundle, source, out, engine="ray", address=cluster.address, tell=tell, **options)
    assert not cluster.workers[1:]
    assert (result.count.rows, result.count.before) == (40_000, 0)
    assert parts_in(out) == parts_in(tmp_path / "local")
    assert not list(out.rglob(".part-*"))
    assert told[-1].rows == told[-1].total == 40_000
    assert not [one for one in recwarn if "ray_remote_args" in str(one.message)]


def test_engines_go_on_with_each_others_runs(tmp_path, cluster, flowers_bundle, make_rows, options, parts_in):
    """Files that do not say how many rows they have are counted on the cluster."""
    (tmp_path / "rows").mkdir()
    for name, rows in {"a": 2500, "b": 1, "c": 0, "d": 3000}.items():
        pyarrow.csv.write_csv(make_rows(rows), tmp_path / "rows" / f"{name}.csv")
    mlpack.batch(flowers_bundle, tmp_path / "rows", tmp_path / "local", **options)
    out = tmp_path / "out"
    mlpack.batch(flowers_bundle, tmp_path / "rows", out, engine="ray", address=cluster.address, **options)
    assert parts_in(out) == parts_in(tmp_path / "local")
    for number in (1, 4):
        (out / f"part-{number:05d}.parquet").unlink()
    result = mlpack.batch(flowers_bundle, tmp_path / "rows", out, resume=True, **options)
    assert (result.count.before, result.count.rows) == (3501, 5501)
    assert parts_in(out) == parts_in(tmp_path / "local")


def test_a_bad_row_ends_the_run_from_afar(tmp_path, cluster, flowers_bundle, make_rows, options):
    table = make_rows(3000)
    name = "petal width (cm)"
    values = table[name].to_pylist()
    values[2222] = None
    table = table.set_column(table.column_names.index(name), name, [values])
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="does not take row 2222"):
        mlpack.batch(
            flowers_bundle,
            tmp_path / "rows.parquet",
            tmp_path / "out",
            engine="ray",
            address=cluster.address,
            **options,
        )


def test_a_file_that_cannot_be_counted(tmp_path, cluster, flowers_bundle, make_rows, options):
    """The error of a node is that of the local engine."""
    table = make_rows(30)
    pyarrow.csv.write_csv(table, tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open("ab") as file:
        file.write(b"30,\xff\xfe,1,1,1\n")
    told = []
    for engine in ({}, {"engine": "ray", "address": cluster.address}):
        with pytest.raises(DataError, match="cannot be read as csv") as failed:
            mlpack.batch(flowers_bundle, tmp_path / "rows.csv", tmp_path / f"out{len(told)}", **options, **engine)
        told.append((failed.value.exit_code, failed.value.why, failed.value.hint))
    assert told[0] == told[1]


def test_lines_that_are_no_rows_on_a_cluster(tmp_path, cluster, flowers_bundle, make_rows, options, parts_in):
    pyarrow.csv.write_csv(make_rows(2500), tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open("a") as file:
        file.write("1,2\n")
    outs = {"local": {}, "ray": {"engine": "ray", "address": cluster.address}}
    for name, engine in outs.items():
        result = mlpack.batch(
            flowers_bundle, tmp_path / "rows.csv", tmp_path / name, on_error="quarantine", **options, **engine
        )
        assert (result.count.rows, result.count.refused) == (2501, 1)
    assert parts_in(tmp_path / "ray") == parts_in(tmp_path / "local")


def test_without_an_address_no_running_cluster_is_joined(monkeypatch, cluster):
    """Ray itself would join the one of ``cluster``, which was started last; one that RAY_ADDRESS names is joined."""
    import ray

    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with connected(None):
        assert ray.get_runtime_context().gcs_address != cluster.address
        assert signal.getsignal(signal.SIGTERM) is handler
    assert not ray.is_initialized()
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    with connected(None):
        assert ray.get_runtime_context().gcs_address == cluster.address


def test_whose_cluster_it_is(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert [address_of(one) for one in (None, "auto", "there:6379")] == ["local", "auto", "there:6379"]
    monkeypatch.setenv("RAY_ADDRESS", "elsewhere:6379")
    assert [address_of(one) for one in (None, "there:6379", "local")] == ["elsewhere:6379", "there:6379", "local"]


def test_no_cluster_at_that_address(tmp_path, flowers_bundle, source):
    with pytest.raises(UsageError, match="no Ray cluster at"):
        mlpack.batch(flowers_bundle, source, tmp_path / "out", engine="ray", address="127.0.0.1:1")


def test_ray_that_is_not_installed(tmp_path, flowers_bundle, source):
    code = """
import sys
import time
sys.modules["ray"] = sys.modules["ray.data"] = None
from mlpack.cli.main import run
run(sys.argv[1:])
"""
    command = [sys.executable, "-c", code, "batch", flowers_bundle, "-i", source, "-o", tmp_path / "out"]
    ended = subprocess.run(
        [*map(str, command), "--engine", "ray", "--json"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 6
    assert json.loads(ended.stdout)["errors"][0]["hint"] == 'pip install "mlpack-toolkit[ray]"'


def test_parts_are_numbered_as_the_local_engine_numbers_them(tmp_path, flowers_bundle, source):
    from mlpack.batch.job import Job
    from mlpack.batch.output import output_of
    from mlpack.batch.plan import plan_of
    from mlpack.batch.sources import files_of
    from mlpack.runtime.manifest import read_manifest

    job = Job(flowers_bundle, str(source), str(tmp_path / "out"), chunk_rows=100, part_rows=250, limit=950)
    plan = plan_of(job, read_manifest(flowers_bundle).signature, files_of(job.input), output_of(job))
    spans = [(span.number, span.file, span.start, span.first, span.rows) for span in spans_of(plan, [310, 0, 700])]
    assert spans == [
        (0, 0, 0, 0, 300),
        (1, 0, 300, 300, 10),
        (2, 2, 0, 310, 300),
        (3, 2, 300, 610, 300),
        (4, 2, 600, 910, 40),
    ]
