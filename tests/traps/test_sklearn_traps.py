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


def test_wild_inputs_do_not_loosen_what_is_asked_of_real_rows(tmp_path):
    """Squares of drawn rows are in the tens of thousands; an answer that is off by one on every real row is still wrong."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge
    from sklearn.preprocessing import PolynomialFeatures

    rows, target = load_diabetes(return_X_y=True)
    model = make_pipeline(PolynomialFeatures(2), Ridge()).fit(rows, target)
    assert mlpack.convert(model, tmp_path / "right.onnx", data=rows).verdict == "PASS"
    model[-1].intercept_ += 1.0
    mlpack.convert(model, tmp_path / "off.onnx", data=rows)
    model[-1].intercept_ -= 1.0
    assert mlpack.verify(model, tmp_path / "off.onnx", data=rows).verdict == "FAIL"
    assert mlpack.verify(model, tmp_path / "off.onnx").verdict == "FAIL"


def test_a_small_target_beside_a_large_one_is_held_to_its_own_scale(tmp_path):
    from sklearn.linear_model import LinearRegression

    rows = np.random.default_rng(0).standard_normal((200, 4))
    targets = np.stack([1e6 * rows[:, 0], rows[:, 1] + rows[:, 2]], axis=1)
    model = LinearRegression().fit(rows, targets)
    sound = model.coef_.copy()
    model.coef_[1] = 0.0
    mlpack.convert(model, tmp_path / "dead.onnx")
    model.coef_ = sound
    report = mlpack.verify(model, tmp_path / "dead.onnx", data=rows)
    assert report.verdict == "FAIL"


def test_neighbours_and_clusters_convert(tmp_path):
    """Their distances are rounded away on extremes; that is no reason to refuse them."""
    from sklearn.cluster import KMeans
    from sklearn.datasets import load_wine
    from sklearn.neighbors import KNeighborsClassifier

    rows, classes = load_wine(return_X_y=True)
    neighbours = KNeighborsClassifier().fit(rows, classes)
    assert mlpack.convert(neighbours, tmp_path / "knn.onnx", data=rows).verdict == "PASS"
    clusters = KMeans(3, n_init=1, random_state=0).fit(rows)
    assert mlpack.convert(clusters, tmp_path / "kmeans.onnx", data=rows).verdict == "PASS"


def test_xgboosts_own_answer_to_no_rows_is_no_reason_to_refuse(tmp_path):
    """It answers [0, 2] to an empty batch of a three-class model."""
    import xgboost
    from sklearn.datasets import load_wine

    model = xgboost.XGBClassifier(n_estimators=5).fit(*load_wine(return_X_y=True))
    assert mlpack.convert(model, tmp_path / "xgb.onnx").verdict == "PASS"
