"""SciPy: sparse matrices, distributions of a search, interpolators, trees, results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from names import data
from names.sample import Sample, itself

_FORMATS = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
_DISTRIBUTIONS: dict[str, tuple[float, ...]] = {
    "uniform": (0, 2),
    "loguniform": (1e-3, 10),
    "norm": (0, 1),
    "randint": (1, 9),
    "expon": (0, 2),
    "gamma": (2,),
    "beta": (2, 3),
    "poisson": (3,),
    "geom": (0.2,),
    "lognorm": (0.5,),
    "truncnorm": (-1, 1),
    "halfnorm": (),
    "binom": (5, 0.4),
    "bernoulli": (0.4,),
    "t": (4,),
    "chi2": (3,),
    "triang": (0.5,),
    "laplace": (),
    "logistic": (),
    "cauchy": (),
    "weibull_min": (1.5,),
    "pareto": (2,),
}


def science() -> Iterator[Sample]:
    """Samples of SciPy."""
    yield from _sparse()
    yield from _distributions()
    yield from _interpolators()
    yield from _trees_and_results()
    yield from _functions()


def _sample(name: str, value: Any, answers: Callable[[Any], Any] = itself) -> Sample:
    return Sample(f"scipy/{name}", value, answers)


def _slotted(name: str, value: Any, answers: Callable[[Any], Any]) -> Sample:
    return Sample(f"scipy/{name}", value, answers, oldest=2)


def _sparse() -> Iterator[Sample]:
    from scipy import sparse

    dense = np.diag(np.arange(5.0))
    for name in _FORMATS:
        for kind in ("matrix", "array"):
            made = getattr(sparse, f"{name}_{kind}")(dense)
            yield _sample(f"{name}_{kind}", made, lambda value: value.toarray())


def _distributions() -> Iterator[Sample]:
    from scipy import stats

    for name, arguments in _DISTRIBUTIONS.items():
        frozen = getattr(stats, name)(*arguments)
        yield _sample(name, frozen, lambda value: value.rvs(5, random_state=0))
    yield _sample("uniform itself", stats.uniform, lambda value: value.rvs(size=5, random_state=0))
    kinds = stats.rv_continuous | stats.rv_discrete
    every = [name for name in dir(stats) if isinstance(getattr(stats, name), kinds) and name != "trapz"]
    yield _sample(
        "every distribution", [getattr(stats, name) for name in every], lambda found: [one.name for one in found]
    )
    yield _sample("multivariate_normal", stats.multivariate_normal(np.zeros(2)), lambda value: value.pdf([0.1, 0.2]))
    yield _sample("gaussian_kde", stats.gaussian_kde(data.iris()[0][:, 0]), lambda value: value(np.arange(9)))


def _interpolators() -> Iterator[Sample]:
    from scipy import interpolate

    x, y = np.arange(9.0), np.sqrt(np.arange(9.0))
    middle = x[:-1] + 0.5
    for name in ("CubicSpline", "PchipInterpolator", "Akima1DInterpolator", "UnivariateSpline", "make_interp_spline"):
        yield _slotted(name, getattr(interpolate, name)(x, y), lambda value: value(middle))
    for kind in ("linear", "nearest", "nearest-up", "zero", "cubic", "previous", "next"):
        yield _slotted(f"interp1d {kind}", interpolate.interp1d(x, y, kind), lambda value: value(middle))
    yield _sample("splrep", interpolate.splrep(x, y))
    yield _slotted("PPoly", interpolate.PPoly(np.ones((3, 2)), [0, 1, 2]), lambda value: value([0.5, 1.5]))
    grid = interpolate.RegularGridInterpolator((x, x), np.outer(y, y))
    yield _sample("RegularGridInterpolator", grid, lambda value: value([[0.5, 3.25]]))
    points, values = data.iris()[0][:20, :2], data.iris()[0][:20, 3]
    smooth = interpolate.RBFInterpolator(points, values, smoothing=1.0)
    yield _sample("RBFInterpolator", smooth, lambda value: value(points + 0.1))
    yield _slotted("NearestND", interpolate.NearestNDInterpolator(points, values), lambda value: value(points + 0.1))


def _trees_and_results() -> Iterator[Sample]:
    from scipy import cluster, optimize, spatial

    rows = data.iris()[0]
    yield _slotted("KDTree", spatial.KDTree(rows), lambda tree: tree.query(rows[:5] + 0.1, 2))
    yield _slotted("cKDTree", spatial.cKDTree(rows), lambda tree: tree.query(rows[:5] + 0.1, 2))
    yield _slotted("Rotation", spatial.transform.Rotation.from_euler("x", 0.3), lambda turn: turn.as_quat())
    found = optimize.minimize(lambda x: ((x - 1) ** 2).sum(), np.zeros(2))
    yield _sample("OptimizeResult", found, lambda result: [result.x, result.success, result.message])
    yield _sample("linkage", cluster.hierarchy.linkage(rows[:10]))


_METRICS = ("braycurtis", "canberra", "chebyshev", "cityblock", "correlation", "cosine", "euclidean", "jensenshannon")
_OF_TRUTHS = ("hamming", "jaccard", "dice", "rogerstanimoto", "russellrao", "yule")
_SPECIAL = (
    "expit",
    "logit",
    "log1p",
    "expm1",
    "erf",
    "erfinv",
    "gammaln",
    "digamma",
    "softmax",
    "log_softmax",
    "logsumexp",
)
_BOXES = ("boxcox", "boxcox1p", "inv_boxcox", "inv_boxcox1p", "xlogy", "cbrt")


def _functions() -> Iterator[Sample]:
    from scipy import special
    from scipy.spatial import distance

    names = (*_METRICS, *_OF_TRUTHS, "minkowski", "sqeuclidean", "mahalanobis", "seuclidean")
    yield _sample("distances", [getattr(distance, name) for name in names])
    yield _sample("special functions", [getattr(special, name) for name in (*_SPECIAL, *_BOXES)])
