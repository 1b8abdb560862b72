"""scikit-learn's estimators with other parameters than the usual: each may bring classes and functions of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from names import data
from names.estimators import fitted
from names.sample import Sample


def variants() -> Iterator[Sample]:
    """Samples by module."""
    for number, (model, rows, target) in enumerate(_all()):
        yield fitted(f"sklearn/{type(model).__name__} {number}", model, rows, target)


def _all() -> Iterator[tuple[Any, Any, Any]]:
    flowers, kinds = data.iris()
    numbers, target = data.diabetes()
    for model in (*_linear_classifiers(), *_machines(), *_tree_classifiers(), *_near(), *_other_classifiers()):
        yield model, flowers, kinds
    for model in (*_linear_regressors(), *_tree_regressors(), *_processes(), *_other_regressors()):
        yield model, numbers, target
    for model in (*_clusters(), *_parts(), *_scalers()):
        yield model, flowers, None
    yield from _other_targets()


def _linear_classifiers() -> Iterator[Any]:
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, Perceptron, SGDClassifier

    for solver in ("lbfgs", "newton-cg", "saga", "newton-cholesky"):
        yield LogisticRegression(solver=solver, class_weight="balanced", max_iter=50, random_state=0)
    yield LogisticRegression(
        class_weight={0: 1.0, 1: 2.0, 2: 1.0}, warm_start=True, random_state=np.random.RandomState(1)
    )
    yield LogisticRegressionCV(Cs=2, cv=2, scoring="accuracy", max_iter=50)
    losses = ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber")
    for loss in (*losses, "epsilon_insensitive", "squared_epsilon_insensitive"):
        yield SGDClassifier(loss=loss, max_iter=20, random_state=0)
    yield SGDClassifier(
        early_stopping=True, average=True, learning_rate="adaptive", eta0=0.1, max_iter=20, random_state=0
    )
    yield Perceptron(penalty="elasticnet", max_iter=20, random_state=0)


def _linear_regressors() -> Iterator[Any]:
    from sklearn.linear_model import (
        LassoLars,
        QuantileRegressor,
        RANSACRegressor,
        Ridge,
        RidgeCV,
        SGDRegressor,
        TweedieRegressor,
    )
    from sklearn.tree import DecisionTreeRegressor

    for solver in ("svd", "cholesky", "lsqr", "sparse_cg", "sag", "lbfgs"):
        yield Ridge(solver=solver, positive=solver == "lbfgs", random_state=0)
    for loss in ("squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"):
        yield SGDRegressor(loss=loss, max_iter=20, random_state=0)
    yield RidgeCV(alphas=[0.1, 1.0], scoring="r2", cv=2)
    yield RANSACRegressor(DecisionTreeRegressor(max_depth=2), min_samples=20, random_state=0)
    yield RANSACRegressor(loss="squared_error", random_state=0)
    for power in (0, 1, 1.5, 2, 3):
        yield TweedieRegressor(power=power, max_iter=20)
    yield LassoLars(random_state=0, jitter=0.01)
    yield QuantileRegressor(solver="highs-ds", quantile=0.2)


def _machines() -> Iterator[Any]:
    from sklearn.svm import SVC, LinearSVC, NuSVC

    for kernel in ("linear", "poly", "sigmoid"):
        yield SVC(kernel=kernel, class_weight="balanced", break_ties=False)
    yield SVC(probability=True, random_state=0)
    yield SVC(decision_function_shape="ovo", gamma=0.3)
    yield NuSVC(nu=0.2)
    yield LinearSVC(dual=False, penalty="l1", random_state=0)


def _tree_classifiers() -> Iterator[Any]:
    from sklearn import ensemble, tree

    for criterion in ("gini", "entropy", "log_loss"):
        yield tree.DecisionTreeClassifier(criterion=criterion, splitter="random", max_features="sqrt", random_state=0)
    yield tree.DecisionTreeClassifier(ccp_alpha=0.01, class_weight={0: 1, 1: 2, 2: 3})
    yield ensemble.RandomForestClassifier(5, oob_score=True, class_weight="balanced_subsample", random_state=0)
    yield ensemble.RandomForestClassifier(3, max_samples=0.5, warm_start=True, random_state=np.random.RandomState(2))
    yield ensemble.ExtraTreesClassifier(3, bootstrap=True, oob_score=True, random_state=0)
    yield ensemble.GradientBoostingClassifier(n_estimators=3, init="zero", subsample=0.8, random_state=0)
    yield ensemble.GradientBoostingClassifier(n_estimators=9, n_iter_no_change=2, random_state=0)
    yield ensemble.GradientBoostingClassifier(n_estimators=3, init=tree.DecisionTreeClassifier(max_depth=1))
    yield ensemble.HistGradientBoostingClassifier(
        max_iter=3, early_stopping=True, class_weight="balanced", random_state=0
    )
    yield ensemble.HistGradientBoostingClassifier(max_iter=3, interaction_cst=[{0, 1}, {2, 3}])
    yield ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=1), n_estimators=3, random_state=0)
    yield ensemble.BaggingClassifier(n_estimators=3, max_features=0.5, oob_score=True, random_state=0)


def _tree_regressors() -> Iterator[Any]:
    from sklearn import ensemble, tree

    for criterion in ("squared_error", "friedman_mse", "absolute_error"):
        yield tree.DecisionTreeRegressor(criterion=criterion, max_depth=3)
    yield ensemble.RandomForestRegressor(3, criterion="absolute_error", oob_score=True, bootstrap=True, random_state=0)
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield ensemble.GradientBoostingRegressor(loss=loss, n_estimators=3, random_state=0)
    for loss in ("squared_error", "absolute_error", "quantile"):
        quantile = 0.3 if loss == "quantile" else None
        yield ensemble.HistGradientBoostingRegressor(loss=loss, quantile=quantile, max_iter=3, random_state=0)
    for loss in ("linear", "square", "exponential"):
        yield ensemble.AdaBoostRegressor(loss=loss, n_estimators=3, random_state=0)


def _near() -> Iterator[Any]:
    from scipy.spatial import distance
    from sklearn import neighbors

    for algorithm in ("ball_tree", "kd_tree", "brute"):
        for metric in ("euclidean", "manhattan", "chebyshev", "minkowski"):
            yield neighbors.KNeighborsClassifier(algorithm=algorithm, metric=metric, weights="distance")
    for metric in (
        "hamming",
        "canberra",
        "braycurtis",
        "jaccard",
        "dice",
        "rogerstanimoto",
        "russellrao",
        "sokalsneath",
    ):
        yield neighbors.KNeighborsClassifier(algorithm="ball_tree", metric=metric)
    yield neighbors.KNeighborsClassifier(metric="mahalanobis", metric_params={"VI": np.eye(4)}, algorithm="ball_tree")
    yield neighbors.KNeighborsClassifier(metric="seuclidean", metric_params={"V": np.ones(4)}, algorithm="ball_tree")
    yield neighbors.KNeighborsClassifier(metric="minkowski", p=3, algorithm="kd_tree")
    yield neighbors.KNeighborsClassifier(metric="cosine")
    for function in (distance.cosine, distance.euclidean, distance.cityblock, distance.correlation, distance.minkowski):
        yield neighbors.KNeighborsClassifier(metric=function)
    yield neighbors.KNeighborsClassifier(metric=distance.euclidean, algorithm="ball_tree")
    for kernel in ("gaussian", "tophat", "epanechnikov", "cosine"):
        yield neighbors.KernelDensity(kernel=kernel)


def _other_classifiers() -> Iterator[Any]:
    from sklearn import discriminant_analysis as analysis
    from sklearn.covariance import OAS
    from sklearn.dummy import DummyClassifier
    from sklearn.gaussian_process import GaussianProcessClassifier, kernels
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neural_network import MLPClassifier

    yield GaussianProcessClassifier(1.0 * kernels.RBF(), random_state=0)
    yield GaussianProcessClassifier(multi_class="one_vs_one", random_state=0)
    yield analysis.LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=OAS())
    yield analysis.LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto")
    for solver in ("lbfgs", "sgd"):
        yield MLPClassifier((4, 3), solver=solver, activation="tanh", max_iter=3, random_state=0)
    yield MLPClassifier((4,), early_stopping=True, activation="logistic", max_iter=3, random_state=0)
    yield GaussianNB(priors=[0.2, 0.3, 0.5])
    for strategy in ("most_frequent", "stratified", "uniform"):
        yield DummyClassifier(strategy=strategy, random_state=0)


def _processes() -> Iterator[Any]:
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.metrics import pairwise

    plain = (
        kernels.RBF(),
        kernels.Matern(nu=1.5),
        kernels.RationalQuadratic(),
        kernels.DotProduct(),
        kernels.ExpSineSquared(),
    )
    for kernel in plain:
        yield GaussianProcessRegressor(kernel, alpha=10.0, optimizer=None)
    mixed = kernels.ConstantKernel(2.0) * kernels.RBF() + kernels.WhiteKernel()
    yield GaussianProcessRegressor(mixed, normalize_y=True, n_restarts_optimizer=1, random_state=0)
    yield GaussianProcessRegressor(
        kernels.Exponentiation(kernels.PairwiseKernel(metric="rbf"), 2), alpha=10.0, optimizer=None
    )
    for kernel in ("rbf", "polynomial", "laplacian", "sigmoid", "linear"):
        yield KernelRidge(kernel=kernel)
    for function in (pairwise.rbf_kernel, pairwise.polynomial_kernel, pairwise.laplacian_kernel):
        yield _with_kernel(function)


def _with_kernel(function: Any) -> Any:
    from sklearn.svm import SVR

    return SVR(kernel=function)


def _other_regressors() -> Iterator[Any]:
    from sklearn import neighbors, svm
    from sklearn.dummy import DummyRegressor
    from sklearn.neural_network import MLPRegressor

    for kernel in ("linear", "poly", "rbf", "sigmoid"):
        yield svm.SVR(kernel=kernel)
        yield svm.NuSVR(kernel=kernel)
    for strategy in ("mean", "median"):
        yield DummyRegressor(strategy=strategy)
    yield DummyRegressor(strategy="quantile", quantile=0.3)
    yield MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", max_iter=5, random_state=0)
    yield neighbors.KNeighborsRegressor(weights="distance", algorithm="kd_tree")
    yield neighbors.KNeighborsRegressor(weights=np.exp)


def _clusters() -> Iterator[Any]:
    from sklearn import cluster, mixture
    from sklearn.neighbors import LocalOutlierFactor
    from sklearn.svm import OneClassSVM

    for algorithm in ("lloyd", "elkan"):
        yield cluster.KMeans(3, algorithm=algorithm, n_init=1, init="random", random_state=0)
    yield cluster.MiniBatchKMeans(3, n_init=1, random_state=np.random.RandomState(0))
    yield cluster.Birch(n_clusters=cluster.KMeans(2, n_init=1, random_state=0))
    for linkage in ("complete", "average", "single"):
        yield cluster.AgglomerativeClustering(3, linkage=linkage, compute_distances=True)
    yield cluster.DBSCAN(metric="manhattan", algorithm="ball_tree")
    yield cluster.SpectralClustering(3, affinity="nearest_neighbors", n_neighbors=5, random_state=0)
    for kind in ("full", "tied", "diag", "spherical"):
        yield mixture.GaussianMixture(2, covariance_type=kind, init_params="random", random_state=0)
        yield mixture.BayesianGaussianMixture(n_components=2, covariance_type=kind, max_iter=5, random_state=0)
    for kernel in ("linear", "poly", "sigmoid"):
        yield OneClassSVM(kernel=kernel)
    yield LocalOutlierFactor(novelty=True, metric="manhattan", algorithm="kd_tree")


def _parts() -> Iterator[Any]:
    from sklearn import decomposition, kernel_approximation, manifold, random_projection

    for solver in ("full", "randomized", "arpack"):
        yield decomposition.PCA(2, svd_solver=solver, whiten=True, random_state=0)
    for kernel in ("linear", "poly", "rbf", "sigmoid", "cosine"):
        yield decomposition.KernelPCA(2, kernel=kernel, fit_inverse_transform=True)
    for function in ("logcosh", "exp", "cube"):
        yield decomposition.FastICA(2, fun=function, whiten="unit-variance", random_state=0)
    yield decomposition.NMF(2, solver="mu", beta_loss="kullback-leibler", max_iter=20, random_state=0)
    yield decomposition.TruncatedSVD(2, algorithm="arpack", random_state=0)
    yield decomposition.LatentDirichletAllocation(2, learning_method="online", max_iter=2, random_state=0)
    yield kernel_approximation.Nystroem(kernel="rbf", n_components=5, random_state=0)
    yield kernel_approximation.Nystroem(kernel="polynomial", degree=2, n_components=5, random_state=0)
    for method in ("modified", "hessian", "ltsa"):
        yield manifold.LocallyLinearEmbedding(n_neighbors=12, method=method, eigen_solver="dense", random_state=0)
    yield random_projection.SparseRandomProjection(2, dense_output=True, random_state=0)


def _scalers() -> Iterator[Any]:
    from sklearn import impute, preprocessing

    for strategy in ("uniform", "quantile", "kmeans"):
        for encode in ("onehot", "ordinal", "onehot-dense"):
            yield preprocessing.KBinsDiscretizer(3, strategy=strategy, encode=encode)
    yield preprocessing.PolynomialFeatures((1, 3), interaction_only=True)
    yield preprocessing.SplineTransformer(extrapolation="periodic")
    for method in ("yeo-johnson", "box-cox"):
        yield preprocessing.PowerTransformer(method=method)
    yield preprocessing.QuantileTransformer(n_quantiles=20, output_distribution="normal")
    yield preprocessing.RobustScaler(quantile_range=(10, 90), unit_variance=True)
    for function, inverse in ((np.log1p, np.expm1), (np.sqrt, np.square), (np.abs, None), (None, None)):
        yield preprocessing.FunctionTransformer(function, inverse, check_inverse=False)
    yield preprocessing.FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 2})
    for strategy in ("mean", "median", "most_frequent", "constant"):
        yield impute.SimpleImputer(strategy=strategy, add_indicator=True)
    yield impute.KNNImputer(weights="distance", add_indicator=True)


def _other_targets() -> Iterator[tuple[Any, Any, Any]]:
    from scipy import sparse
    from sklearn import ensemble, impute, linear_model, naive_bayes, neighbors, preprocessing, svm, tree
    from sklearn.experimental import enable_iterative_imputer  # noqa: F401
    from sklearn.impute import IterativeImputer
    from sklearn.multiclass import OneVsRestClassifier

    flowers, kinds = data.iris()
    numbers, target = data.diabetes()
    words, pairs = np.array(["red", "green", "blue"])[kinds], data.labels_of_two_kinds(flowers, kinds)
    several = data.two_targets(target, numbers)
    two, cancerous = data.cancer()
    thin = sparse.csr_matrix(np.where(flowers > 1, flowers, 0))
    holes = np.where(flowers > 5, np.nan, flowers)
    for label in (words, words.astype(object), kinds == 1, kinds.astype("int8"), kinds.astype(float) + 0.0):
        yield linear_model.LogisticRegression(max_iter=50), flowers, label
        yield tree.DecisionTreeClassifier(), flowers, label
    for model in (tree.DecisionTreeClassifier(), ensemble.RandomForestClassifier(3), neighbors.KNeighborsClassifier()):
        yield model, flowers, pairs
    for model in (tree.DecisionTreeRegressor(), ensemble.ExtraTreesRegressor(3), linear_model.RidgeCV()):
        yield model, numbers, several
    for model in (linear_model.LogisticRegression(), svm.SVC(), svm.LinearSVC(), naive_bayes.MultinomialNB()):
        yield model, thin, kinds
    for model in (neighbors.KNeighborsClassifier(), tree.DecisionTreeClassifier(), ensemble.BaggingClassifier()):
        yield model, thin, kinds
    yield linear_model.LogisticRegression(solver="liblinear", random_state=0), two, cancerous
    yield ensemble.HistGradientBoostingClassifier(max_iter=2, monotonic_cst=[1, 0, 0, -1, 0]), two, cancerous
    yield ensemble.GradientBoostingClassifier(n_estimators=3, loss="exponential"), two, cancerous
    yield ensemble.HistGradientBoostingRegressor(max_iter=2, loss="poisson"), np.abs(numbers), target
    yield ensemble.HistGradientBoostingRegressor(max_iter=2, loss="gamma"), np.abs(numbers), target
    yield ensemble.HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]), np.round(flowers), kinds
    yield tree.DecisionTreeRegressor(criterion="poisson"), numbers, target
    yield IterativeImputer(linear_model.BayesianRidge(), max_iter=2, random_state=0), holes, None
    yield IterativeImputer(ensemble.ExtraTreesRegressor(2), max_iter=2, sample_posterior=False), holes, None
    yield impute.KNNImputer(), holes, None
    yield impute.SimpleImputer(add_indicator=True), holes, None
    yield OneVsRestClassifier(svm.LinearSVC()), flowers, pairs
    yield preprocessing.OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2), words[:, None], None
    yield (
        preprocessing.OneHotEncoder(drop="first", sparse_output=False, dtype=np.float32),
        words[:, None].astype(object),
        None,
    )
    yield preprocessing.OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), words[:, None], None
    yield preprocessing.OrdinalEncoder(categories=[["blue", "green", "red"]], dtype=np.int32), words[:, None], None
    yield preprocessing.TargetEncoder(target_type="continuous", random_state=0), words[:, None], kinds.astype(float)
    yield preprocessing.MaxAbsScaler(), thin, None
    yield preprocessing.StandardScaler(with_mean=False), thin, None
