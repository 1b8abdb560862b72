"""scikit-learn, XGBoost and LightGBM models, through skl2onnx and onnxmltools: same labels, same scores."""

import lightgbm
import numpy as np
import onnxmltools
import pytest
import xgboost
from onnx import numpy_helper
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import to_onnx
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

OPSETS = {"": 18, "ai.onnx.ml": 3}
IRIS, CANCER, DIABETES = (load(return_X_y=True) for load in (load_iris, load_breast_cancer, load_diabetes))

CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=300),
    "sgd": make_pipeline(StandardScaler(), SGDClassifier(random_state=0)),
    "mlp": make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=50, random_state=0)),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(30, random_state=0),
    "scaled forest": make_pipeline(StandardScaler(), RandomForestClassifier(10, random_state=0)),
    "gradient boosting": GradientBoostingClassifier(n_estimators=20, random_state=0),
    "hist gradient boosting": HistGradientBoostingClassifier(max_iter=20, random_state=0),
    "ada boost": AdaBoostClassifier(n_estimators=5, random_state=0),
    "svc": SVC(),
    "svc with probabilities": SVC(probability=True, random_state=0),
    "svc poly": make_pipeline(StandardScaler(), SVC(kernel="poly", probability=True, random_state=0)),
    "nu svc": make_pipeline(StandardScaler(), NuSVC(nu=0.2, kernel="sigmoid", gamma=0.01)),
    "linear svc": LinearSVC(random_state=0, C=0.01),
    "neighbours": KNeighborsClassifier(),
    "gaussian": GaussianNB(),
    "bernoulli": make_pipeline(Binarizer(threshold=2.0), BernoulliNB()),
    "multinomial": make_pipeline(MinMaxScaler(), MultinomialNB()),
    "one vs rest": OneVsRestClassifier(LogisticRegression(max_iter=300)),
    "voting": VotingClassifier(
        [("l", LogisticRegression(max_iter=300)), ("g", GaussianNB())], voting="soft", flatten_transform=False
    ),
    "pca": make_pipeline(RobustScaler(), PCA(3), PolynomialFeatures(), LogisticRegression(max_iter=2000)),
    "imputed": make_pipeline(SimpleImputer(), Normalizer(), DecisionTreeClassifier(random_state=0)),
}
REGRESSORS = {
    "linear": LinearRegression(),
    "tree": DecisionTreeRegressor(max_depth=6, random_state=0),
    "forest": RandomForestRegressor(20, random_state=0),
    "extra trees": ExtraTreesRegressor(10, random_state=0),
    "gradient boosting": GradientBoostingRegressor(n_estimators=20, random_state=0),
    "hist gradient boosting": HistGradientBoostingRegressor(max_iter=20, random_state=0),
    "svr": SVR(),
    "mlp": MLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=0),
    "neighbours": KNeighborsRegressor(),
    "gaussian process": GaussianProcessRegressor(alpha=1.0),
}


def threshold_rows(model, columns, base):
    """Rows with one column exactly at, just under and just over each split of each tree of an ONNX model."""
    splits = set()
    for node in model.graph.node:
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if "nodes_values" in attributes or "nodes_values_as_tensor" in attributes:
            values = (
                list(attributes["nodes_values"].floats)
                if "nodes_values" in attributes
                else numpy_helper.to_array(attributes["nodes_values_as_tensor"]).tolist()
            )
            names = [mode.decode() for mode in attributes["nodes_modes"].strings]
            features = attributes["nodes_featureids"].ints
            splits |= {(f, v) for f, v, name in zip(features, values, names, strict=True) if name != "LEAF"}
    rows = []
    for feature, value in sorted(splits)[:400]:
        for nudged in (
            value,
            np.nextafter(np.float32(value), np.float32(-np.inf)),
            np.nextafter(np.float32(value), np.float32(np.inf)),
        ):
            row = base[len(rows) % len(base)].copy()
            row[feature] = nudged
            rows.append(row)
    return np.array(rows, np.float32).reshape(-1, columns)


def feeds(model, rows):
    name = model.graph.input[0].name
    yield from ({name: rows[:count]} for count in (0, 1, 2, 5, 97))
    edges = threshold_rows(model, rows.shape[1], rows)
    if len(edges):
        yield {name: edges}


def to_graph(estimator, rows):
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    has_zipmap = isinstance(last, ClassifierMixin) and not isinstance(last, LinearSVC)
    options = {id(last): {"zipmap": False}} if has_zipmap else None
    return to_onnx(estimator, rows[:1], options=options, target_opset=OPSETS)


@pytest.mark.parametrize("classes", ["two", "three"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier_agrees(name, classes, assert_agrees):
    rows, labels = (CANCER[0][:, :8], CANCER[1]) if classes == "two" else IRIS
    rows = rows.astype(np.float32)
    model = to_graph(CLASSIFIERS[name].fit(rows, labels), rows)
    assert_agrees(model, feeds(model, rows))


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressor_agrees(name, assert_agrees):
    rows = DIABETES[0].astype(np.float32)
    model = to_graph(REGRESSORS[name].fit(rows, DIABETES[1]), rows)
    assert_agrees(model, feeds(model, rows), rtol=1e-4, atol=1e-3)


def test_isolation_forest_agrees(assert_agrees):
    rows = IRIS[0].astype(np.float32)
    model = to_onnx(IsolationForest(n_estimators=5, random_state=0).fit(rows), rows[:1], target_opset=OPSETS)
    assert_agrees(model, feeds(model, rows))


def test_one_class_svm_agrees(assert_agrees):
    rows = IRIS[0].astype(np.float32)
    detector = OneClassSVM().fit(rows)
    inside = rows[np.abs(detector.decision_function(rows)) > 1e-4]  # the sign of a row on the boundary is rounding
    assert 100 < len(inside) < len(rows)
    model = to_onnx(detector, rows[:1], target_opset=OPSETS)
    assert_agrees(model, feeds(model, inside))


def test_missing_values_take_the_branch_they_took_in_training(assert_agrees):
    rows = IRIS[0].astype(np.float32)
    rows[::3, 0] = np.nan
    rows[1::4, 2] = np.nan
    model = to_graph(HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(rows, IRIS[1]), rows)
    assert_agrees(model, feeds(model, rows))


def test_encoders_agree(assert_agrees):
    generator = np.random.default_rng(0)
    rows = generator.integers(0, 4, (120, 3)).astype(np.int64)
    for encoder in (OneHotEncoder(handle_unknown="ignore"), OrdinalEncoder()):
        model = to_onnx(encoder.fit(rows), rows[:1], target_opset=OPSETS)
        assert_agrees(model, [{model.graph.input[0].name: rows[:count]} for count in (1, 2, 5)])
    continuous = generator.standard_normal((120, 3)).astype(np.float32)
    columns = ColumnTransformer(
        [("bins", KBinsDiscretizer(4, encode="ordinal"), [0]), ("scaled", StandardScaler(), [1, 2])]
    )
    model = to_onnx(columns.fit(continuous), continuous[:1], target_opset=OPSETS)
    assert_agrees(model, [{model.graph.input[0].name: continuous[:count]} for count in (1, 2, 5)])


def boosted(kind, task):
    rows, target = {"two": CANCER, "three": IRIS, "regression": DIABETES}[task]
    rows = rows[:, :8].astype(np.float32)
    rows[::7, 1] = np.nan
    initial = [("x", FloatTensorType([None, rows.shape[1]]))]
    if kind == "xgboost":
        make = xgboost.XGBRegressor if task == "regression" else xgboost.XGBClassifier
        model = make(n_estimators=15, max_depth=4, n_jobs=1).fit(rows, target)
        return onnxmltools.convert_xgboost(model, initial_types=initial, target_opset=15), rows
    make = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = make(n_estimators=15, num_leaves=12, verbose=-1, n_jobs=1).fit(rows, target)
    return onnxmltools.convert_lightgbm(model, initial_types=initial, target_opset=15, zipmap=False), rows


@pytest.mark.parametrize("task", ["two", "three", "regression"])
@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_boosters_agree(kind, task, assert_agrees):
    model, rows = boosted(kind, task)
    assert_agrees(model, feeds(model, rows), rtol=1e-4, atol=1e-3 if task == "regression" else 1e-5)
