"""What the commands say of MLflow folders, honest and hostile, and that nothing in them runs."""

import json
import os

import joblib
import pytest
from scan.mlmodel.folders import FUNCTION, SKLEARN, folder_with
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.cli.main import run

SYSTEM = b"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."
LAUGHS = 'a: &a ["x", "x"]\nb: [*a, *a]\nflavors: {sklearn: {pickled_model: model.pkl}}\n'


@pytest.fixture
def honest(tmp_path):
    place = folder_with(
        tmp_path / "iris-1.0",
        {"sklearn": SKLEARN, "python_function": FUNCTION},
        {"input_example.json": json.dumps({"data": [[5.1, 3.5, 1.4, 0.2]], "columns": [0, 1, 2, 3]}).encode()},
        saved_input_example_info={"artifact_path": "input_example.json"},
    )
    joblib.dump(LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True)), place / "model.pkl")
    return place


def ended(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        run([*map(str, arguments)])
    output = capsys.readouterr()
    return caught.value.code, output.out, output.err


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Gives a folder by the kind of what is wrong with it. Whatever runs there leaves a file called owned."""
    monkeypatch.chdir(tmp_path)

    def folder(kind):
        flavors = {
            "path": {"sklearn": SKLEARN | {"pickled_model": "../model.pkl"}},
            "code": {"sklearn": SKLEARN | {"code": "code"}},
            "function": {"python_function": FUNCTION | {"loader_module": "mlflow.pyfunc.model"}},
            "nothing": {},
        }.get(kind, {"sklearn": SKLEARN})
        code = b"open('owned', 'w')"
        place = folder_with(tmp_path / kind, flavors, {"model.pkl": SYSTEM, "code/sklearn.py": code})
        if kind == "laughs":
            (place / "MLmodel").write_text(LAUGHS)
        if kind == "link":
            (place / "model.pkl").unlink()
            (place / "model.pkl").symlink_to("/etc/hostname")
        return place

    yield folder
    assert not (tmp_path / "owned").exists()


CODES = {"path": 4, "code": 4, "laughs": 4, "link": 4, "function": 5, "nothing": 7, "pickle": 4}


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("command", ["inspect", "pack", "convert", "verify", "serve", "trust add"])
def test_each_command_refuses(hostile, capsys, kind, command):
    place = hostile(kind)
    rest = {"pack": ["-o", "out.mlpack"], "convert": ["-o", "out.onnx"], "verify": [place], "serve": ["-p", "0"]}
    code, out, err = ended(capsys, *command.split(), place, *rest.get(command, []))
    if (kind, command) == ("pickle", "inspect"):  # it says so, and loads nothing
        assert (code, "unsafe: mlpack never loads it" in out) == (0, True)
        return
    assert code == CODES[kind], err
    assert err.strip()
    assert not os.path.lexists("out.mlpack")
    assert not os.path.lexists("out.onnx")


@pytest.mark.parametrize("kind", ["path", "code", "laughs"])
def test_a_scan_holds_it_against_the_mlmodel(hostile, kind):
    report = mlpack.scan(hostile(kind))
    found = {
        file.path.name: [one.rule for one in file.findings] for file in report.files if file.path.name == "MLmodel"
    }
    assert found == {"MLmodel": [{"path": "mlflow/path", "code": "mlflow/code", "laughs": "mlflow/yaml"}[kind]]}
    assert report.exit_code == 4


def test_a_text_that_is_called_mlmodel_is_passed_over(tmp_path):
    (tmp_path / "MLmodel").write_text("Notes: [of, mine\n")
    assert (mlpack.scan(tmp_path).exit_code, mlpack.scan(tmp_path).plain) == (0, 1)


def test_a_pickle_that_is_called_mlmodel_is_a_pickle(tmp_path):
    (tmp_path / "MLmodel").write_bytes(SYSTEM)
    assert mlpack.scan(tmp_path).exit_code == 4


def test_an_honest_folder(honest, tmp_path, capsys):
    code, out, _ = ended(capsys, "inspect", honest)
    assert code == 0
    assert "Saved by MLflow" in out
    assert "sklearn 1.5.2" in out
    assert ended(capsys, "scan", honest)[0] == 0
    code, out, _ = ended(capsys, "convert", honest, "-o", tmp_path / "iris.onnx", "--budget", "3")
    assert (code, out[:4]) == (0, "PASS")
    assert ended(capsys, "verify", honest, tmp_path / "iris.onnx", "--budget", "3")[0] == 0


def test_data_goes_before_the_example(honest, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    code, _, err = ended(capsys, "convert", honest, "-o", tmp_path / "iris.onnx", "--data", tmp_path / "rows.csv")
    assert (code, "rows.csv" in err) == (10, True)


def test_an_example_that_does_not_fit_is_left_out(honest, tmp_path, capsys):
    (honest / "input_example.json").write_text('{"columns": ["x"], "data": [["text"]]}')
    code, out, _ = ended(capsys, "convert", honest, "-o", tmp_path / "iris.onnx", "--budget", "3")
    assert (code, out[:4]) == (0, "PASS")


def test_an_example_without_any_text_in_a_column_is_left_out(tmp_path):
    """No row of it could be compared, and nobody asked for it."""
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows = {"columns": ["city", "age"], "data": [[None, 41.0], [None, 42.0]]}
    place = folder_with(
        tmp_path / "cities",
        {"sklearn": SKLEARN, "python_function": FUNCTION},
        {"input_example.json": json.dumps(rows).encode()},
        saved_input_example_info={"artifact_path": "input_example.json"},
    )
    frame = pd.DataFrame({"city": ["Oslo", "Bern"] * 20, "age": range(40)})
    encoded = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    model = make_pipeline(encoded, LogisticRegression(max_iter=500)).fit(frame, frame["age"] > 20)
    joblib.dump(model, place / "model.pkl")
    report = mlpack.pack(place, tmp_path / "cities.mlpack").conversion.report
    assert report.verdict == "PASS"
    assert "data" not in {probe.kind for probe in report.probes}
