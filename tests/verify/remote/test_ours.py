"""What `mlpack serve` serves answers like the original, over HTTP and over gRPC."""

import socket

import numpy as np
import pytest
from clients.served import served

import mlpack
from mlpack.core.errors import UsageError
from mlpack.formats import format_named


def addresses(service):
    return [service.url, f"grpc://{service.at['grpc']}"]


def held_against(reference, bundle, folder, **options):
    """The reports on a service of ``bundle`` over both protocols, which have to agree."""
    with served(bundle, folder) as service:
        over_http, over_grpc = (mlpack.verify(reference, address, **options) for address in addresses(service))
    assert over_http.verdict == over_grpc.verdict
    assert [(one.name, one.verdict) for one in over_http.probes] == [
        (one.name, one.verdict) for one in over_grpc.probes
    ]
    assert over_http.candidate.format == "http"
    assert over_grpc.candidate.format == "grpc"
    return over_http


def saved(model, path):
    format_named("joblib").save(model, path)
    mlpack.pack(path, path.with_suffix(".mlpack"))
    return path, path.with_suffix(".mlpack")


def test_a_linear_model_whose_nan_is_refused_on_both_sides(linear, packed, tmp_path):
    report = held_against(linear, packed, tmp_path)
    assert report.verdict == "PASS", report.reason
    spoiled = next(probe for probe in report.probes if probe.name.startswith("NaN in one column"))
    assert spoiled.message.startswith("both refuse (ValueError: Input X contains NaN")


def test_a_network_whose_nan_is_refused_though_the_original_answers_nan(network, tmp_path):
    bundle = tmp_path / "layer.mlpack"
    mlpack.pack(network, bundle)
    report = held_against(network, bundle, tmp_path)
    assert report.verdict == "PASS", report.reason
    assert {item["probe"].partition(" ")[0] for item in report.differences} >= {"NaN", "infinities"}


def test_trees_get_what_is_missing_and_answer_it(cancer, tmp_path):
    from sklearn.ensemble import HistGradientBoostingClassifier

    model, bundle = saved(
        HistGradientBoostingClassifier(max_iter=10).fit(cancer[0][:, :6], cancer[1]), tmp_path / "boosting.joblib"
    )
    report = held_against(model, bundle, tmp_path)
    assert report.verdict == "PASS", report.reason
    missing = [probe for probe in report.probes if probe.kind == "missing"]
    assert missing
    assert all(probe.verdict == "PASS" for probe in missing)  # taken, and compared
    assert any(item["probe"].startswith("infinities") for item in report.differences)


def test_columns_of_text_with_categories_closed_and_open(tmp_path):
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "age": rng.uniform(18, 90, 200),
            "city": rng.choice(["Bern", "Zürich"], 200),
            "plan": rng.choice(["free", "paid"], 200),
        }
    )
    columns = ColumnTransformer(
        [
            ("age", SimpleImputer(), ["age"]),
            ("city", OneHotEncoder(), ["city"]),
            ("plan", OneHotEncoder(handle_unknown="ignore"), ["plan"]),
        ]
    )
    labels = np.where(rows["age"] > 50, "old", "young")
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=5000)).fit(rows, labels)
    model, bundle = saved(pipeline, tmp_path / "people.joblib")
    report = held_against(model, bundle, tmp_path)
    assert report.verdict == "PASS", report.reason
    verdicts = {probe.name: probe.verdict for probe in report.probes}
    assert verdicts["unknown category in city"] == "SKIPPED"
    assert verdicts["unknown category in plan"] == "PASS"
    assert verdicts["NaN in age"] == "PASS"


def test_the_ids_of_an_embedding(embedding, tmp_path):
    mlpack.pack(embedding, tmp_path / "embedding.mlpack")
    report = held_against(embedding, tmp_path / "embedding.mlpack", tmp_path)
    assert report.verdict == "PASS", report.reason
    # Keras answers -1 with the last of its table; the service does not take it, and that binds nobody.
    assert [item["probe"] for item in report.differences if "bind nobody" in item["message"]]


def test_batches_get_as_small_as_the_service_wants_them(linear, packed, tmp_path):
    with served(packed, tmp_path, "--max-rows=50", "--max-body=5000") as service:
        for address in addresses(service):
            report = mlpack.verify(linear, address)
            assert report.verdict == "PASS", report.reason
            assert any(probe.rows > 250 and probe.verdict == "PASS" for probe in report.probes)


def test_a_key_and_a_name(linear, packed, tmp_path, monkeypatch):
    with served(packed, tmp_path, api_key="sesame") as service:
        for address in addresses(service):
            with pytest.raises(UsageError, match="without a key"):
                mlpack.verify(linear, address)
        monkeypatch.setenv("MLPACK_API_KEY", "sesame")
        for address in addresses(service):
            assert mlpack.verify(linear, f"{address}/v2/models/iris/versions/1").verdict == "PASS"
            with pytest.raises(UsageError, match="no model 'iris' in version '7'"):
                mlpack.verify(linear, f"{address}/v2/models/iris/versions/7")


def test_a_service_of_another_model_is_told_once(network, packed, tmp_path):
    with served(packed, tmp_path) as service:
        for address in addresses(service):
            report = mlpack.verify(network, address)
            assert (report.verdict, report.probes) == ("FAIL", ())
            assert report.reason.startswith("the service has other inputs than layer.onnx: it serves another model: ")


def test_the_other_port_is_named(linear, packed, tmp_path):
    with served(packed, tmp_path) as service:
        with pytest.raises(UsageError, match="does not speak the Open Inference Protocol over http") as caught:
            mlpack.verify(linear, f"http://{service.at['grpc']}")
        assert "grpc://" in caught.value.hint
        with pytest.raises(UsageError, match="nothing answers"):
            mlpack.verify(linear, f"grpc://{service.at['http']}")
        with pytest.raises(UsageError, match="no secure connection"):
            mlpack.verify(linear, f"https://{service.at['http']}")


@pytest.mark.parametrize("scheme", ["http", "https", "grpc", "grpcs"])
def test_nothing_that_answers(scheme, linear):
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    with pytest.raises(UsageError, match=f"nothing answers on 127.0.0.1:{port}"):
        mlpack.verify(linear, f"{scheme}://127.0.0.1:{port}")
