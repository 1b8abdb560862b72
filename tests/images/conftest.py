"""One image, built once a session from a real model, for all that is asked of it."""

from __future__ import annotations

import pytest

import mlpack
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.requirements import lock_of

TAG = "mlpack-test/cancer:1"


@pytest.fixture(scope="session")
def image_cache(tmp_path_factory):
    """The cache of mlpack, for this process and for the commands that it runs."""
    folder = tmp_path_factory.mktemp("image-cache")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLPACK_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def bundle(logistic_pickle, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundles") / "cancer.mlpack"
    mlpack.pack(logistic_pickle, path)
    return path


@pytest.fixture(scope="session")
def manifest(bundle):
    return read_manifest(bundle)


@pytest.fixture(scope="session")
def wheelhouse(manifest, wheels, tmp_path_factory):
    """The wheels of the service."""
    requirements = tmp_path_factory.mktemp("requirements") / "requirements.txt"
    requirements.write_text(lock_of(manifest, hashes=False).text)
    return wheels(requirements)


@pytest.fixture(scope="session")
def built(engine, bundle, base_image, wheelhouse, image_cache):
    """What `mlpack.containerize` says of the image, which stays in the engine."""
    return mlpack.containerize(bundle, TAG, base=base_image, wheels=wheelhouse)
