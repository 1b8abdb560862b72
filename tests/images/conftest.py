"""One image, built once a session from a real model, for all that is asked of it."""

from __future__ import annotations

import io

import pytest

import mlpack
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.requirements import lock_of

TAG = "mlpack-test/cancer:1"
BASE = "mlpack-test/official:1"


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
def official(engine, base_image):
    """A base as the official ones are: its standard library comes without bytecode."""
    strip = "find /usr/lib/python3* -name __pycache__ -prune -exec rm -rf {} +"
    dockerfile = io.BytesIO(f"FROM {base_image}\nRUN {strip}\n".encode())
    engine.images.build(fileobj=dockerfile, tag=BASE, network_mode="none", rm=True)
    return BASE


@pytest.fixture(scope="session")
def built(engine, bundle, official, wheelhouse, image_cache):
    """What `mlpack.containerize` says of the image, which stays in the engine."""
    return mlpack.containerize(bundle, TAG, base=official, wheels=wheelhouse)
