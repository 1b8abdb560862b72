"""The whole way: a model is served for real, timed, and advised on."""

import json
import shlex

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.cli.main import run
from mlpack.core.errors import UnsafeFileError, UsageError
from mlpack.core.view import Table, json_ready


def run_line(line):
    """Run a line as it is printed."""
    with pytest.raises(SystemExit) as ended:
        run(shlex.split(line)[1:])
    assert ended.value.code == 0


def test_it_measures_every_way(advice):
    result, told = advice
    measured = result.measured
    assert list(measured.alone) == list(measured.together) == ["/predict", "OIP binary", "gRPC"]
    for load in [*measured.alone.values(), *measured.together.values()]:
        assert load.rate > 1
        assert 0 < load.p50 <= load.p99 < 30
        assert load.capacity > 0
    assert {load.connections for load in measured.together.values()} == {4}
    assert measured.memory > 20_000_000
    assert measured.batch.files
    assert measured.batch.rate > 100
    assert measured.batch.start > 0
    assert told[0] == "starting the service of cancer"
    assert told[-1] == "a batch run"


def test_what_follows_from_it(advice):
    result, _ = advice
    assert (result.choice("mode"), result.choice("format"), result.choice("hardware")) == (
        "both",
        "onnx",
        "one processor",
    )
    figures = result.figures
    assert figures.replicas == 2
    assert figures.break_even > figures.batch_per_day
    assert set(figures.cost_per_million) == {"/predict", "OIP binary", "gRPC", "batch"}
    assert all(cost > 0 for cost in figures.cost_per_million.values())
    assert "clients" not in result.assumed
    assert "images" not in result.assumed


def test_it_shows_itself(advice):
    result, _ = advice
    text = [str(block) for block in result.view()]
    assert any(isinstance(block, Table) and len(block.rows) == 4 for block in result.view())
    assert result.commands[-1].text in text[-2]
    assert repr(result) == "<Advice: cancer: serve it and run it beside, over REST>"
    assert "<table" in result._repr_html_()
    document = json.loads(json.dumps(json_ready(result.to_json()), allow_nan=False))
    assert document["measured"]["together"]["gRPC"]["rate"] > 1
    assert document["recommendation"]["Protocol"] == "REST"


def test_the_commands_do_what_they_say(advice, tmp_path, monkeypatch, cancer):
    """Pack and batch, run as they are printed; serve is what was measured."""
    result, _ = advice
    lines = [command.text for command in result.commands]
    assert [line.split()[1] for line in lines] == ["serve", "containerize", "init", "batch"]
    monkeypatch.chdir(tmp_path)
    run_line(lines[2])
    assert (tmp_path / "kubernetes" / "deployment.yaml").is_file()
    rows, _ = cancer
    pq.write_table(pa.table({f"x{place}": rows[:, place] for place in range(30)}), "rows.parquet")
    run_line(lines[3])
    assert pq.read_table("predictions.parquet").num_rows == len(rows)


@pytest.mark.parametrize(
    "wrong",
    [{"data": "rows.csv"}, {"name": "x"}, {"trust": [64 * "a"]}, {"audience": "martians"}, {"rows_per_day": 0}],
)
def test_a_call_that_cannot_work(wrong):
    with pytest.raises(UsageError):
        mlpack.advise(**wrong)


def test_a_model_that_cannot_be(tmp_path, bundle):
    with pytest.raises(UsageError):
        mlpack.advise(tmp_path / "nothing.onnx")
    with pytest.raises(UsageError, match="seconds"):
        mlpack.advise(bundle, seconds=0)
    (tmp_path / "evil.pkl").write_bytes(b"cos\n_exit\n(I7\ntR.")
    with pytest.raises(UnsafeFileError):
        mlpack.advise(tmp_path / "evil.pkl")


def test_answers_are_refused_before_anything_is_packed(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    (tmp_path / "notes.txt").write_text("dear diary")
    with pytest.raises(UsageError, match="clients"):
        mlpack.advise(tmp_path / "notes.txt", clients=0)
    assert not (tmp_path / "cache").exists()


def test_without_a_model_it_advises_all_the_same():
    result = mlpack.advise(audience="public", images=True, languages=["go", "browser"])
    assert (result.choice("protocol"), result.model, result.measured) == ("both", None, None)
    assert result.commands[0].text == "mlpack pack model.joblib -o model.mlpack"
