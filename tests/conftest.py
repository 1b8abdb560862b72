"""Real models on scikit-learn's bundled data, made once a session and shared by the tests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

pytest_plugins = ["engine.fixtures"]  # a Docker Engine, for tests that say container

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "2")


@pytest.fixture(scope="session")
def shelf(tmp_path_factory) -> Path:
    """A folder for the session's models."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def cancer():
    """Breast cancer: 569 rows of 30 floats, two classes."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="session")
def forest_pipeline(shelf, cancer) -> Path:
    """The most common pipeline there is: a scaler before a forest, in joblib."""
    import joblib
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RandomForestClassifier(20, random_state=0)).fit(*cancer)
    path = shelf / "forest.joblib"
    joblib.dump(model, path)
    return path


@pytest.fixture(scope="session")
def logistic_pickle(shelf, cancer) -> Path:
    """A scaled logistic regression in a pickle."""
    import pickle

    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    path = shelf / "logistic.pkl"
    path.write_bytes(pickle.dumps(make_pipeline(StandardScaler(), LogisticRegression()).fit(*cancer)))
    return path


@pytest.fixture(scope="session")
def embedding(shelf) -> Path:
    """A Keras network that looks five ids up in a table of fifty."""
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            keras.layers.Embedding(50, 4),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    path = shelf / "embedding.keras"
    model.save(path)
    return path


def trust_in(path: Path) -> list[str]:
    """What a user who made ``path`` names with ``--trust``."""
    return [hashlib.sha256(path.read_bytes()).hexdigest()]


@pytest.fixture(scope="session")
def trusted():
    """Gives the SHA-256 of a file, as a list to pass as ``trust``."""
    return trust_in
