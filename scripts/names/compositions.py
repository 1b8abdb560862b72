"""Estimators made of estimators: pipelines, columns, searches, ensembles, text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from names import data
from names.estimators import fitted
from names.sample import Answers, Sample


def compositions() -> Iterator[Sample]:
    """Samples of every composition."""
    yield from _of_columns()
    yield from _searches()
    yield from _ensembles()
    yield from _texts()
    yield from _beside_models()
    yield from _functions()


def _named(name: str, model: Any, rows: Any, target: Any = None) -> Sample:
    return fitted(f"sklearn/{name}", model, rows, target)


def _of_columns() -> Iterator[Sample]:
    from sklearn.compose import (
        ColumnTransformer,
        TransformedTargetRegressor,
        make_column_selector,
        make_column_transformer,
    )
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

    table, kinds = data.frame(), data.iris()[1]
    numbers = ["length", "width", "count"]
    words = ["colour", "size"]
    filled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer([("n", filled, numbers), ("w", OneHotEncoder(handle_unknown="ignore"), words)])
    yield _named("columns and a model", make_pipeline(columns, LogisticRegression()), table, kinds)
    by_kind = make_column_transformer(
        (OrdinalEncoder(), make_column_selector(pattern="colour|size")),
        (SimpleImputer(), make_column_selector(dtype_include=np.number)),
        remainder="passthrough",
    )
    yield _named("columns by type", make_pipeline(by_kind, RandomForestClassifier(3, random_state=0)), table, kinds)
    dropped = ColumnTransformer([("n", "passthrough", slice(0, 2)), ("d", "drop", ["size"])], remainder="passthrough")
    yield _named("columns by place", dropped, table[["width", "count", "size", "wide"]])
    shown = ColumnTransformer([("n", filled, numbers)], verbose_feature_names_out=False).set_output(transform="pandas")
    yield _named("columns to a table", shown, table)
    categories = HistGradientBoostingClassifier(max_iter=2, categorical_features=["count"])
    yield _named("categories", categories, table[numbers], kinds)
    both = FeatureUnion([("log", FunctionTransformer(np.log1p)), ("scaled", StandardScaler())])
    rows, target = data.diabetes()
    yield _named("union", make_pipeline(both, Ridge()), np.abs(rows), target)
    logged = TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)
    yield _named("target", logged, rows, target)
    scaled = TransformedTargetRegressor(Ridge(), transformer=StandardScaler())
    yield _named("scaled target", scaled, rows, target)
    yield _named("steps", make_pipeline(StandardScaler(), "passthrough", None, Ridge()), rows, target)


def _searches() -> Iterator[Sample]:
    from scipy import stats
    from sklearn import model_selection as selection
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.metrics import f1_score, make_scorer, mean_absolute_error
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    rows, kinds = data.iris()
    model = make_pipeline(StandardScaler(), SVC())
    grid: Any = [{"svc__kernel": ["linear"]}, {"svc__C": [1, 2], "standardscaler": [StandardScaler(), None]}]
    yield _named("grid", selection.GridSearchCV(model, grid, cv=2, return_train_score=True), rows, kinds)
    scores = {"f": make_scorer(f1_score, average="macro"), "accuracy": "accuracy"}
    yield _named("two scores", selection.GridSearchCV(SVC(), {"C": [1]}, scoring=scores, refit="f", cv=2), rows, kinds)
    drawn = {"C": stats.loguniform(0.1, 10), "max_iter": stats.randint(50, 99), "tol": stats.uniform(1e-4, 1e-2)}
    for splitter in _splitters(selection):
        search = selection.RandomizedSearchCV(LogisticRegression(), drawn, n_iter=2, cv=splitter, random_state=0)
        yield _named(f"drawn, {type(splitter).__name__}", search, rows, kinds)
    halving = selection.HalvingGridSearchCV(SVC(), {"C": [1, 2, 3]}, cv=2, random_state=0, min_resources=30)
    yield _named("halving", halving, rows, kinds)
    numbers, target = data.diabetes()
    error = make_scorer(mean_absolute_error, greater_is_better=False)
    yield _named("regression", selection.GridSearchCV(Ridge(), {"alpha": [1, 2]}, scoring=error, cv=2), numbers, target)


def _splitters(selection: Any) -> list[Any]:
    shuffled = {"n_splits": 2, "random_state": 0}
    return [
        2,
        selection.KFold(2, shuffle=True, random_state=0),
        selection.StratifiedKFold(2, shuffle=True, random_state=np.random.RandomState(3)),
        selection.RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0),
        selection.RepeatedKFold(n_splits=2, n_repeats=1, random_state=0),
        selection.ShuffleSplit(**shuffled),
        selection.StratifiedShuffleSplit(**shuffled),
        selection.PredefinedSplit(np.arange(75) % 2),
        selection.TimeSeriesSplit(2),
    ]


def _ensembles() -> Iterator[Sample]:
    from sklearn import ensemble, feature_selection, multiclass, multioutput
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, LinearSVC
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    rows, kinds = data.iris()
    words = np.array(["red", "green", "blue"])[kinds]
    members = [("line", LogisticRegression()), ("tree", DecisionTreeClassifier(max_depth=2))]
    yield _named("voting", ensemble.VotingClassifier(members, voting="soft", weights=[1, 2]), rows, words)
    yield _named("one dropped", ensemble.VotingClassifier([*members, ("none", "drop")]), rows, kinds)
    yield _named("stacking", ensemble.StackingClassifier(members, SVC(), cv=2, passthrough=True), rows, words)
    for method in ("sigmoid", "isotonic"):
        yield _named(f"calibrated {method}", CalibratedClassifierCV(GaussianNB(), method=method, cv=2), rows, kinds)
    whole = CalibratedClassifierCV(make_pipeline(StandardScaler(), LinearSVC()), ensemble=False, cv=2)
    yield _named("calibrated together", whole, rows, kinds)
    for kind in (multiclass.OneVsOneClassifier, multiclass.OneVsRestClassifier, multiclass.OutputCodeClassifier):
        yield _named(f"{kind.__name__} of machines", kind(LinearSVC(random_state=0)), rows, kinds)
    chosen = feature_selection.SelectFromModel(LogisticRegression(), threshold="mean")
    yield _named("chosen by model", chosen, rows, kinds)
    for score in ("f_classif", "chi2", "mutual_info_classif"):
        best = feature_selection.SelectKBest(getattr(feature_selection, score), k=2)
        yield _named(f"chosen by {score}", best, rows, kinds)
    numbers, target = data.diabetes()
    for score in ("f_regression", "mutual_info_regression", "r_regression"):
        best = feature_selection.SelectPercentile(getattr(feature_selection, score), percentile=50)
        yield _named(f"chosen by {score}", best, numbers, target)
    averaged = ensemble.VotingRegressor([("line", Ridge()), ("tree", DecisionTreeRegressor(max_depth=2))])
    yield _named("averaged", averaged, numbers, target)
    several = multioutput.MultiOutputRegressor(ensemble.GradientBoostingRegressor(n_estimators=2))
    yield _named("several targets", several, numbers, data.two_targets(target, numbers))


def _texts() -> Iterator[Sample]:
    from sklearn.feature_extraction import text
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.pipeline import make_pipeline

    lines, long = data.texts()
    made = [
        text.TfidfVectorizer(ngram_range=(1, 2), min_df=2, stop_words="english", sublinear_tf=True),
        text.CountVectorizer(analyzer="char_wb", ngram_range=(2, 3), max_features=50, binary=True),
        text.CountVectorizer(vocabulary=["iris", "class"], lowercase=False, dtype=np.int32),
        text.CountVectorizer(tokenizer=str.split, preprocessor=str.lower, token_pattern=None, strip_accents="unicode"),
        text.HashingVectorizer(n_features=64, alternate_sign=False),
        text.TfidfVectorizer(token_pattern=r"\w+", norm="l1", use_idf=False, stop_words=["the", "of"]),
    ]
    for number, vectorizer in enumerate(made):
        yield _named(f"text {number}", make_pipeline(vectorizer, LogisticRegression()), lines, long)
    yield _named(
        "counted words", make_pipeline(text.CountVectorizer(), text.TfidfTransformer(), MultinomialNB()), lines, long
    )
    hashed = make_pipeline(text.HashingVectorizer(n_features=64), SGDClassifier(random_state=0))
    yield _named("hashed words", hashed, lines, long)


def _beside_models() -> Iterator[Sample]:
    from sklearn.cluster import KMeans
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.preprocessing import StandardScaler

    rows, kinds = data.iris()
    model = LogisticRegression().fit(rows, kinds)
    kept = {"model": model, "scaler": StandardScaler().fit(rows), "columns": list("abcd"), "classes": model.classes_}
    yield Sample(
        "sklearn/a dict of models", kept, lambda found: found["model"].predict(found["scaler"].transform(rows))
    )
    yield Sample(
        "sklearn/a list of models", [model, KMeans(2, n_init=1).fit(rows)], lambda found: found[1].predict(rows)
    )
    yield Sample("sklearn/Bunch", load_iris(), lambda found: found.target)
    thin = LogisticRegression(max_iter=50).fit(rows, kinds).sparsify()
    yield Sample("sklearn/sparse coefficients", thin, Answers(rows))
    yield Sample("sklearn/unfitted", Ridge(alpha=0.5), lambda found: found.get_params())
    yield Sample("sklearn/a class", [Ridge, StandardScaler], lambda found: [kind.__name__ for kind in found])
    named = StandardScaler().fit(data.frame()[["width", "count"]])
    yield Sample("sklearn/names of columns", named, Answers(data.frame()[["width", "count"]]))


def _functions() -> Iterator[Sample]:
    from sklearn import feature_selection, metrics, model_selection
    from sklearn.metrics import pairwise

    measures = [
        name for name in metrics.__all__ if name.endswith(("_score", "_error", "_loss", "_deviance", "_matrix"))
    ]
    yield Sample("sklearn/measures", [getattr(metrics, name) for name in measures])
    near = [name for name in dir(pairwise) if re.fullmatch("(?!pairwise)[a-z].*_(kernel|distances|similarity)", name)]
    yield Sample("sklearn/kernels and distances", [getattr(pairwise, name) for name in near])
    chosen = ("chi2", "f_classif", "f_regression", "r_regression", "mutual_info_classif", "mutual_info_regression")
    yield Sample("sklearn/scores of features", [getattr(feature_selection, name) for name in chosen])
    more = ("GroupKFold", "GroupShuffleSplit", "LeaveOneGroupOut", "LeaveOneOut", "StratifiedGroupKFold")
    yield Sample("sklearn/splitters", [getattr(model_selection, name)() for name in more], repr)
    pairs = [
        model_selection.LeavePOut(2),
        model_selection.LeavePGroupsOut(2),
        model_selection.ParameterGrid({"a": [1]}),
    ]
    yield Sample("sklearn/more splitters", pairs, lambda found: [vars(one) for one in found])
    scorers = {name: metrics.get_scorer(name) for name in metrics.get_scorer_names()}
    yield Sample("sklearn/scorers", scorers, repr)
