"""Conversions that change answers, each seen in the wild: what others export is refused, what mlpack writes passes."""

import pickle

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import mlpack


@pytest.fixture
def exported(tmp_path):
    """Gives what a script with skl2onnx alone makes of a model."""

    def export(model, **options):
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType

        width = model.n_features_in_
        proto = to_onnx(model, initial_types=[("X", FloatTensorType([None, width]))], options={id(model): options})
        path = tmp_path / "exported.onnx"
        path.write_bytes(proto.SerializeToString())
        return path

    return export


def failing(report):
    return [probe.kind for probe in report.probes if probe.verdict == "FAIL"]


def test_a_scaler_before_a_tree_differs_at_the_thresholds_only(cancer, exported, tmp_path):
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(*cancer)
    report = mlpack.verify(model, exported(model, zipmap=False), data=cancer[0])
    assert report.verdict == "FAIL"
    assert "threshold" in failing(report)
    assert "data" not in failing(report)
    assert "drawn" not in failing(report)
    assert mlpack.convert(model, tmp_path / "ours.onnx", data=cancer[0]).verdict == "PASS"


def test_a_forest_with_missing_values(cancer, exported, tmp_path):
    model = RandomForestClassifier(20, random_state=0).fit(*cancer)
    report = mlpack.verify(model, exported(model, zipmap=False))
    assert set(failing(report)) == {"missing"}
    assert report.max_abs > 0.05
    assert mlpack.convert(model, tmp_path / "ours.onnx").verdict == "PASS"


def test_histogram_boosting_needs_its_float64_thresholds(cancer, exported, tmp_path):
    model = HistGradientBoostingClassifier(max_iter=30, random_state=0).fit(*cancer)
    report = mlpack.verify(model, exported(model, zipmap=False), data=cancer[0])
    assert report.verdict == "FAIL"
    assert "threshold" in failing(report)
    assert "data" not in failing(report), "on float64 rows the float32 graph happens to agree"
    result = mlpack.convert(model, tmp_path / "ours.onnx", data=cancer[0])
    assert result.verdict == "PASS"


def test_float64_trees_load(cancer, tmp_path):
    import onnxruntime

    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(*cancer)
    mlpack.convert(model, tmp_path / "ours.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "ours.onnx")
    assert session.get_inputs()[0].name == "input"


@pytest.mark.parametrize(
    "labels",
    [
        np.array([False, True]),
        np.array([3, 7], dtype=np.int8),
        np.array([1.0, 2.0]),
        np.array(["benign", "malignant"]),
        np.array(["b", "m"], dtype=object),
    ],
    ids=["bool", "int8", "float", "fixed-width string", "object string"],
)
def test_labels_come_back_as_they_are(cancer, exported, tmp_path, labels):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(cancer[0], labels[cancer[1]])
    result = mlpack.convert(model, tmp_path / "ours.onnx", data=cancer[0])
    assert result.verdict == "PASS"
    bundle = tmp_path / "ours.mlpack"
    mlpack.pack(model, bundle, sample=cancer[0])
    with mlpack.load(bundle) as session:
        rows = cancer[0][:9].astype(session.signature.inputs[0].dtype)
        assert session.run({"input": rows})["label"].tolist() == model.predict(rows).tolist()


def test_float_labels_turned_into_integers_are_caught(cancer, exported):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(cancer[0], np.array([1.0, 2.0])[cancer[1]])
    report = mlpack.verify(model, exported(model, zipmap=False))
    assert report.verdict == "FAIL"
    assert "label has dtype int64" in report.reason


def test_a_foreign_export_with_zipmap_is_understood(cancer, exported):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*cancer)
    report = mlpack.verify(model, exported(model), data=cancer[0])
    assert report.verdict == "PASS"


def test_hummingbirds_three_class_probabilities_are_caught_and_ours_are_right(tmp_path):
    from hummingbird.ml import convert
    from sklearn.datasets import load_wine

    rows, classes = load_wine(return_X_y=True)
    rows = StandardScaler().fit_transform(rows)
    model = LogisticRegression().fit(rows, classes)
    theirs = convert(model, "torch.jit", rows[:10].astype(np.float32)).model
    theirs.save(tmp_path / "theirs.pt")
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model))
    import hashlib

    trust = [hashlib.sha256(path.read_bytes()).hexdigest()]
    report = mlpack.verify(path, tmp_path / "theirs.pt", data=rows, trust=trust)
    assert report.verdict == "FAIL"
    data = next(probe for probe in report.probes if probe.kind == "data")
    agreement = [output.label_agreement for output in data.outputs if output.label_agreement is not None]
    errors = [output.max_abs for output in data.outputs if output.label_agreement is None]
    assert agreement == [1.0], "every label is right"
    assert max(errors) > 0.1, "and the probabilities are not"
    assert mlpack.convert(path, tmp_path / "ours.pt", to="torchscript", data=rows, trust=trust).verdict == "PASS"
