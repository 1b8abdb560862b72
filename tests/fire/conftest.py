"""Two models under fire: a cheap one, answered on the event loop, and a costly one, answered in batches from a thread."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from clients.examples import Example, cancer, packed
from clients.served import Served, served

QUICK = {"header_timeout": 2, "body_timeout": 2}
"""Slow clients are given less time than by default, so that the tests take less."""


def wide() -> Any:
    """A network of a million and a half weights on the same rows: most of a millisecond a row, a tenth of it in a batch."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
    network = MLPClassifier((1024, 1024, 512), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that two rounds are few
        return make_pipeline(StandardScaler(), network).fit(rows, target)


@pytest.fixture(scope="session", params=["cheap", "costly"])
def model(request, shelf) -> Example:
    """Each of the models."""
    return packed(shelf, "cancer", cancer) if request.param == "cheap" else packed(shelf, "wide", wide)


@pytest.fixture(scope="session")
def costly(shelf) -> Example:
    return packed(shelf, "wide", wide)


@pytest.fixture(scope="session")
def service(model, tmp_path_factory) -> Iterator[Served]:
    """The service that all hostile requests go to, one after the other."""
    with served(model.bundle, tmp_path_factory.mktemp("fire"), **QUICK) as service:
        yield service


@pytest.fixture
def answers_well(model, service) -> Iterator[None]:
    """The next good request, on a connection of its own, is answered; nothing was logged as a fault of the service."""
    before = service.log.stat().st_size
    yield
    rows = model.rows.to_dict("records")
    status, told = service.ask("/predict", {"instances": rows})
    assert status == 200
    assert [one["label"] for one in told["predictions"]] == model.estimator.predict(model.rows).tolist()
    with service.log.open() as log:
        log.seek(before)
        assert '"level": "error"' not in log.read()
