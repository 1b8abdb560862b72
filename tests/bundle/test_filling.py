"""Text that is missing, where the original fills it: null is read as what it puts there, in every way that rows go in."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import joblib
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from frames import written

import mlpack
from mlpack.bundle.contract import with_contract
from mlpack.bundle.golden import golden_of
from mlpack.core.errors import DataError
from mlpack.isolate.local import LocalWorker
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.service import service_project
from mlpack.verify.parity import measure
from mlpack.verify.peer import Peer
from mlpack.verify.report import Party
from mlpack.verify.side import Side
from mlpack.verify.trial import Reference

CITIES = np.array(["Lyon", "Nice", "Paris", "Lyon", np.nan], dtype=object)
FRAME = pd.DataFrame(
    {
        "city": CITIES[np.arange(100) % 5],
        "plan": np.array(["free", "paid", np.nan], dtype=object)[np.arange(100) % 3],
        "age": np.linspace(-1, 1, 100),
    }
)
LABELS = ((np.arange(100) % 5 == 4) | (FRAME["age"] > 0.5)).to_numpy()


def imputing(handle_unknown="ignore", frame=FRAME, **options):
    """A pipeline that fills the city before it encodes it."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    filled = make_pipeline(SimpleImputer(**options), OneHotEncoder(handle_unknown=handle_unknown))
    columns = ColumnTransformer([("text", filled, ["city", "plan"])], remainder="passthrough")
    return make_pipeline(columns, LogisticRegression()).fit(frame, LABELS)


FREQUENT = {"strategy": "most_frequent"}
CONSTANT = {"strategy": "constant", "fill_value": "none"}


def saved(model, folder, **options):
    """The model in a file, and in a bundle."""
    joblib.dump(model, folder / "city.joblib")
    mlpack.pack(folder / "city.joblib", folder / "city.mlpack", **options)
    return folder / "city.joblib", folder / "city.mlpack"


def fill_of(bundle):
    return dict(read_manifest(bundle).signature.fill)


@pytest.mark.parametrize("handle_unknown", ["ignore", "error"])
@pytest.mark.parametrize(
    ("options", "fill"),
    [(FREQUENT, {"city": "Lyon", "plan": "free"}), (CONSTANT, {"city": "none", "plan": "none"})],
    ids=["most frequent", "constant"],
)
@pytest.mark.parametrize("native", [False, True], ids=["onnx", "native"])
def test_null_is_what_the_imputer_puts_there(options, fill, handle_unknown, native, tmp_path):
    model = imputing(handle_unknown, **options)
    _, bundle = saved(model, tmp_path, format="native" if native else None)
    assert fill_of(bundle) == fill
    assert not {"city", "plan"} & set(read_manifest(bundle).signature.missing)
    with mlpack.load(bundle) as session:
        for rows in (FRAME, FRAME.to_dict("records"), {name: FRAME[name].to_numpy() for name in FRAME}):
            assert (session.run(rows)["label"] == model.predict(FRAME)).all()
        assert np.allclose(session.run(FRAME)["probabilities"], model.predict_proba(FRAME), atol=1e-6)


def test_an_empty_text_is_none_that_is_missing(tmp_path):
    """The imputer leaves it, and the encoder has never seen it."""
    model = imputing(**CONSTANT)
    _, bundle = saved(model, tmp_path)
    rows = FRAME.fillna("").iloc[:20]
    with mlpack.load(bundle) as session:
        assert np.allclose(session.run(rows)["probabilities"], model.predict_proba(rows), atol=1e-6)


def test_a_constant_that_was_never_put_there_is_no_category(tmp_path):
    model = imputing("error", FRAME.fillna("Lyon"), **CONSTANT)
    _, bundle = saved(model, tmp_path)
    assert fill_of(bundle) == {}
    with mlpack.load(bundle) as session, pytest.raises(DataError, match="missing text"):
        session.run(FRAME)


def test_without_a_word_of_the_imputer_the_categories_are_tried(tmp_path):
    path, bundle = saved(imputing("error", **FREQUENT), tmp_path)
    with LocalWorker(Side()) as original, LocalWorker(Side()) as packed:
        first, second = Peer(original), Peer(packed)
        first.open(path, "joblib")
        second.open(bundle / "model.onnx", "onnx")
        hints = first.hints()
        assert hints.columns["city"][0].fill == "Lyon"
        silent = {name: tuple(replace(one, fill=None) for one in columns) for name, columns in hints.columns.items()}
        reference = Reference(first, replace(hints, columns=silent))
        report = measure(reference, second, (Party("city", "joblib", "sklearn"), Party("city", "onnx", "onnx")))
        rows = golden_of(reference, second.signature).rows
        assert with_contract(reference, second, report, rows, 30.0).fill == {"city": "Lyon", "plan": "free"}


def test_a_missing_category_of_its_own_has_no_text(tmp_path):
    """OneHotEncoder keeps NaN as a category: nothing that ONNX could be told stands for it, and null is refused."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    model = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()).fit(FRAME[["city"]], LABELS)
    _, bundle = saved(model, tmp_path)
    signature = read_manifest(bundle).signature
    assert (signature.missing, dict(signature.fill)) == ((), {})


def test_the_users_rows_with_text_missing_are_compared(tmp_path):
    """`verify` compares them against a bundle; a file that is no bundle does not say what it reads there."""
    path, bundle = saved(imputing("error", **FREQUENT), tmp_path, data=FRAME)
    assert fill_of(bundle) == {"city": "Lyon", "plan": "free"}
    report = mlpack.verify(path, bundle, data=FRAME)
    assert report.verdict == "PASS", report.reason
    assert report.left_out is None
    assert next(probe for probe in report.probes if probe.kind == "data").rows == len(FRAME)
    assert mlpack.verify(path, bundle / "model.onnx", data=FRAME).left_out.rows > 0


def test_rows_that_another_fill_would_answer_fail(tmp_path):
    """The proof is one: a bundle that says another text than the original puts there does not pass."""
    path, bundle = saved(imputing("error", **CONSTANT), tmp_path, data=FRAME)
    manifest = json.loads((bundle / "mlpack.json").read_text())
    manifest["signature"]["fill"]["city"] = "Paris"
    (bundle / "mlpack.json").write_text(json.dumps(manifest))
    report = mlpack.verify(path, bundle, data=FRAME)
    assert report.verdict == "FAIL"
    assert report.worst_input["feed"]["city"] == [None]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A model, its bundle, and what its service says at its addresses."""
    folder = tmp_path_factory.mktemp("filling")
    model = imputing("error", **CONSTANT)
    _, bundle = saved(model, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPACK_CACHE", str(folder / "cache"))
        command = [sys.executable, "-m", "mlpack", "serve", str(bundle), "-p", "0", "--grpc-port", "0", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                yield model, bundle, json.loads(line)["data"]
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)


def records():
    return json.loads(FRAME.to_json(orient="records", double_precision=15))


def test_rest_takes_null(packed):
    model, _, addresses = packed
    answer = httpx.post(f"{addresses['rest']}/predict", json={"instances": records()})
    assert answer.status_code == 200, answer.text
    assert [one["label"] for one in answer.json()["predictions"]] == model.predict(FRAME).tolist()
    wrong = httpx.post(f"{addresses['rest']}/predict", json={"instances": [{**records()[0], "city": ""}]})
    assert wrong.status_code == 422  # the original refuses it


def test_grpc_takes_what_is_absent(packed):
    model, bundle, addresses = packed
    project = service_project(read_manifest(bundle))
    assert 'may be missing, and is "none" then' in (project / "model.proto").read_text()
    client = Path(__file__).parents[1] / "batch" / "ask_grpc.py"
    command = [sys.executable, str(client), str(project), addresses["grpc"]]
    ended = subprocess.run(command, input=json.dumps(records()), capture_output=True, text=True, check=True)
    assert [one.get("label", one) for one in json.loads(ended.stdout)] == model.predict(FRAME).tolist()


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv"])
def test_batch_takes_null(packed, ending, tmp_path):
    model, bundle, _ = packed
    path = written(FRAME, tmp_path / f"rows{ending}")
    mlpack.batch(bundle, path, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["label"].to_pylist() == model.predict(FRAME).tolist()


def test_the_manifest_keeps_to_its_schema(packed):
    import jsonschema

    schema = Path(mlpack.__file__).parent / "bundle" / "manifest.schema.json"
    jsonschema.validate(json.loads((packed[1] / "mlpack.json").read_text()), json.loads(schema.read_text()))
