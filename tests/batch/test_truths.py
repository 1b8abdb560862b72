"""A column that was bool in the data is bool wherever rows go in: REST, gRPC, the Open Inference Protocol, files."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from frames import written

import mlpack
from mlpack.core.errors import DataError
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.service import service_project

ODD = (1, 0, 1.0, "true", "", None, [True])


def forest():
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(10, random_state=0)


def one_hot():
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoded = ColumnTransformer([("member", OneHotEncoder(), ["member"])], remainder="passthrough")
    return make_pipeline(encoded, LogisticRegression(max_iter=1000))


def lightgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=5, min_child_samples=5, verbose=-1)


def xgboost():
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=5)


@pytest.fixture(scope="module")
def visitors():
    import pandas as pd

    random = np.random.default_rng(0)
    return pd.DataFrame(
        {"age": random.uniform(18, 90, 120), "member": random.random(120) < 0.4, "visits": random.integers(0, 9, 120)}
    )


@pytest.fixture(scope="module", params=[forest, one_hot, lightgbm, xgboost])
def packed(request, visitors, tmp_path_factory):
    """The model, its file and its bundle."""
    import joblib

    folder = tmp_path_factory.mktemp(request.param.__name__)
    model = request.param().fit(visitors, ((visitors["age"] > 50) ^ visitors["member"]).astype(int))
    joblib.dump(model, folder / "visitors.joblib")
    mlpack.pack(folder / "visitors.joblib", folder / "visitors.mlpack", data=visitors)
    return model, folder / "visitors.joblib", folder / "visitors.mlpack"


@pytest.fixture(scope="module")
def service(packed, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPACK_CACHE", str(tmp_path_factory.mktemp("cache")))
        command = [sys.executable, "-m", "mlpack", "serve", str(packed[2]), "-p", "0", "--grpc-port", "0", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline()
                assert line, process.stderr.read()
                yield json.loads(line)["data"]
            finally:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=60)


@pytest.fixture
def expected(packed, visitors):
    return packed[0].predict(visitors).tolist()


def rows_of(visitors):
    return json.loads(visitors.to_json(orient="records", double_precision=15))


def test_the_signature_says_so(packed):
    signature = read_manifest(packed[2]).signature
    assert [spec.dtype == "bool" for spec in signature.inputs] == [False, True, False]
    assert "member" not in signature.missing
    assert "member" not in signature.closed


def test_rest(service, visitors, expected):
    answer = httpx.post(f"{service['rest']}/predict", json={"instances": rows_of(visitors)})
    assert [one["label"] for one in answer.json()["predictions"]] == expected


def test_grpc_has_a_bool(packed, service, visitors, expected):
    project = service_project(read_manifest(packed[2]))
    assert "optional bool member" in (project / "model.proto").read_text()
    address = service["grpc"]
    client = [sys.executable, str(Path(__file__).with_name("ask_grpc.py")), str(project), address]
    ended = subprocess.run(client, input=json.dumps(rows_of(visitors)), capture_output=True, text=True, check=True)
    assert [one["label"] for one in json.loads(ended.stdout)] == expected


def test_the_open_inference_protocol_has_bool(service, visitors, expected):
    (name,) = [one["name"] for one in httpx.post(f"{service['rest']}/v2/repository/index").json()]
    model = f"{service['rest']}/v2/models/{name}"
    wanted = {one["name"]: one["datatype"] for one in httpx.get(model).json()["inputs"]}
    assert wanted["member"] == "BOOL"
    inputs = [
        {"name": column, "shape": [len(visitors), 1], "datatype": datatype, "data": visitors[column].tolist()}
        for column, datatype in wanted.items()
    ]
    answer = httpx.post(f"{model}/infer", json={"inputs": inputs}).json()
    (labels,) = [one["data"] for one in answer["outputs"] if one["name"] == "label"]
    assert labels == expected
    inputs[1]["data"] = [int(one) for one in visitors["member"]]
    refused = httpx.post(f"{model}/infer", json={"inputs": inputs})
    assert refused.status_code == 422
    assert "no truth value" in refused.json()["error"]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv"])
def test_files(packed, visitors, expected, ending, tmp_path):
    path = written(visitors, tmp_path / f"rows{ending}")
    mlpack.batch(packed[2], path, tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["label"].to_pylist() == expected
    assert mlpack.verify(packed[1], packed[2], data=path).verdict == "PASS"


def test_one_and_zero_are_true_and_false_in_csv_which_has_no_types(packed, visitors, expected, tmp_path):
    visitors.assign(member=visitors["member"].astype(int)).to_csv(tmp_path / "rows.csv", index=False)
    mlpack.batch(packed[2], tmp_path / "rows.csv", tmp_path / "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["label"].to_pylist() == expected


def test_one_and_zero_are_numbers_where_there_are_types(packed, visitors, tmp_path):
    visitors.assign(member=visitors["member"].astype(int)).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="'member' is int64, and a truth value is taken"):
        mlpack.batch(packed[2], tmp_path / "rows.parquet", tmp_path / "out.parquet")


def test_what_is_no_truth_value_is_refused_alike(packed, service, visitors, tmp_path):
    usual = rows_of(visitors)[0]
    rows = [{**usual, "member": value} for value in ODD]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    mlpack.batch(packed[2], tmp_path / "rows.jsonl", tmp_path / "out.parquet", on_error="quarantine")
    assert pq.read_table(tmp_path / "out.quarantine.parquet")["row"].to_pylist() == list(range(len(ODD)))
    for row in rows:
        refused = httpx.post(f"{service['rest']}/predict", json={"instances": [row]})
        assert refused.status_code == 422
        assert "instances[0].member" in refused.json()["error"]


def test_a_running_service_is_verified(packed, service, visitors):
    for address in (service["rest"], f"grpc://{service['grpc']}"):
        report = mlpack.verify(packed[1], address, data=visitors)
        assert report.verdict == "PASS", report.reason
        assert mlpack.verify(packed[1], address).verdict == "PASS"


def test_words_for_truth_in_a_file_of_text(packed, visitors, tmp_path):
    words = ["true", "FALSE", " True ", "yes", "no", "t", "f", "1.0", "0"]
    table = pa.table({"age": [40.0] * len(words), "member": words, "visits": [3.0] * len(words)})
    pa.csv.write_csv(table, tmp_path / "rows.csv")
    mlpack.batch(packed[2], tmp_path / "rows.csv", tmp_path / "out.parquet")
    truths = np.array([True, False, True, True, False, True, False, True, False])
    frame = visitors.iloc[: len(words)].assign(age=40.0, member=truths, visits=3)
    assert pq.read_table(tmp_path / "out.parquet")["label"].to_pylist() == packed[0].predict(frame).tolist()
    assert mlpack.verify(packed[1], packed[2], data=tmp_path / "rows.csv").verdict == "PASS"
