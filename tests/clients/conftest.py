"""Two models that are served as users serve them, and the clients that ask, each made once a session."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from clients.asking import Client, started
from clients.environments import python_of
from clients.examples import Example, cancer, customers, packed
from clients.served import Served, served


@pytest.fixture(scope="session")
def numbers(shelf) -> Example:
    return packed(shelf, "cancer", cancer)


@pytest.fixture(scope="session")
def texts(shelf) -> Example:
    return packed(shelf, "customers", customers)


@pytest.fixture(scope="session")
def numbers_served(numbers, tmp_path_factory) -> Iterator[Served]:
    with served(numbers.bundle, tmp_path_factory.mktemp("numbers")) as service:
        yield service


@pytest.fixture(scope="session")
def texts_served(texts, tmp_path_factory) -> Iterator[Served]:
    with served(texts.bundle, tmp_path_factory.mktemp("texts")) as service:
        yield service


@pytest.fixture(params=["numbers", "texts"])
def pair(request) -> tuple[Example, Served]:
    """Each of the models, with the service that serves it."""
    return request.getfixturevalue(request.param), request.getfixturevalue(f"{request.param}_served")


@pytest.fixture(scope="session")
def triton() -> Iterator[Client]:
    with started(python_of("triton"), "ask_triton.py") as client:
        yield client


@pytest.fixture(scope="session")
def kserve() -> Iterator[Client]:
    with started(python_of("kserve"), "ask_kserve.py") as client:
        yield client


@pytest.fixture(scope="session")
def reflection() -> Iterator[Client]:
    with started(sys.executable, "ask_reflection.py") as client:
        yield client
