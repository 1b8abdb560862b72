"""Golden predictions asked over the wire: another model's answers are seen, and so is a service that gives none."""

import pytest
from engine.contents import unchanged

import mlpack
from mlpack.core.errors import SmokeTestError
from mlpack.images.container import running
from mlpack.images.engine import connected
from mlpack.images.replay import replayed
from mlpack.runtime.manifest import read_manifest


@pytest.fixture
def container(engine, built):
    with unchanged(engine, layers=True), connected() as found, running(found, built.image) as service:
        yield service


@pytest.fixture(scope="module")
def other(cancer, tmp_path_factory):
    """A bundle of the same inputs whose model learned the opposite."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    path = tmp_path_factory.mktemp("other") / "cancer.mlpack"
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(cancer[0], 1 - cancer[1])
    mlpack.pack(model, path, sample=cancer[0])
    return read_manifest(path)


def test_the_same_model_gives_the_same_answers_over_both(container, manifest):
    found = replayed(container, manifest)
    assert [replay.to_json()["protocol"] for replay in found] == ["REST", "gRPC"]
    assert found[0].max_abs == found[1].max_abs


def test_another_model_is_seen(container, other):
    with pytest.raises(SmokeTestError, match="over REST as the original model does") as caught:
        replayed(container, other)
    assert "is served" in caught.value.why  # the log of the container


def test_a_service_that_is_gone_is_told(container, manifest):
    container.engine.api.stop(container.name, timeout=10)
    with pytest.raises(SmokeTestError, match="over REST"):
        replayed(container, manifest)
