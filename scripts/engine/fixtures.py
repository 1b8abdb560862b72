"""Fixtures for every test that says container, as a plugin of pytest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import contents, daemon, image, registry, wheelhouse
from mlpack.core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS = 300
"""The most that the engine may take for one answer: to import the base image is one."""


@contextmanager
def plainly() -> Iterator[None]:
    """What is missing fails a test, and never skips it, with what to install and without a traceback."""
    try:
        yield
    except EngineError as error:
        pytest.fail("\n".join(filter(None, [error.message, error.why, error.hint, error.details])), pytrace=False)


@pytest.fixture(scope="session", name="engine")
def engine_fixture() -> Iterator[DockerClient]:
    """A client of a real engine; ``DOCKER_HOST`` names it for the session, to commands as well."""
    import docker

    with plainly(), pytest.MonkeyPatch.context() as environment, daemon.running() as address:
        environment.setenv("DOCKER_HOST", address)
        if address.startswith("unix:"):
            environment.delenv("DOCKER_TLS_VERIFY", raising=False)
            environment.delenv("DOCKER_CERT_PATH", raising=False)
        client = docker.from_env(timeout=SECONDS)
        yield client
        client.close()


@pytest.fixture(scope="session", name="base_image")
def base_image_fixture(engine: DockerClient) -> str:
    """The tag of an image with what an official Python base has."""
    with plainly():
        return image.base_image(engine)


@pytest.fixture(scope="session", name="empty_image")
def empty_image_fixture(engine: DockerClient) -> str:
    """The tag of an image without Python, or anything else."""
    return image.empty_image(engine)


@pytest.fixture(scope="session", name="wheels")
def wheels_fixture() -> Callable[[Path], Path]:
    """Gives the folder of wheels for a ``requirements.txt``."""

    def wheels(requirements: Path) -> Path:
        with plainly():
            return wheelhouse.wheels(requirements)

    return wheels


@pytest.fixture(scope="session", name="registry")
def registry_fixture() -> Iterator[str]:
    """The ``host:port`` of an empty registry on this machine."""
    with plainly(), registry.registry() as address:
        yield address


@pytest.fixture
def engine_unchanged(engine: DockerClient, base_image: str, empty_image: str) -> Iterator[None]:  # noqa: ARG001 -- there before
    """The test fails where the engine holds more or less after it than before."""
    with contents.unchanged(engine):
        yield
