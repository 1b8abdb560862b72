"""A model that was really served and timed, once for all who look at it."""

import pytest

import mlpack
from mlpack.core.model_file import manifest_in


@pytest.fixture(scope="session")
def bundle(logistic_pickle, tmp_path_factory):
    """A scaled logistic regression of 30 columns."""
    path = tmp_path_factory.mktemp("advised") / "cancer.mlpack"
    mlpack.pack(logistic_pickle, path)
    return path


@pytest.fixture(scope="session")
def manifest(bundle):
    return manifest_in(bundle)


@pytest.fixture(scope="session")
def advice(bundle):
    """The advice for it, on what it did in fractions of a second."""
    told = []
    result = mlpack.advise(bundle, latency_ms=60_000, bulk_rows=1000, clients=4, seconds=0.3, tell=told.append)
    return result, told
