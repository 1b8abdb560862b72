"""A logistic regression and a forest, packed once: what the parts of a service are tried on."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlpack


@pytest.fixture(scope="session")
def logistic_bundle(logistic_pickle, shelf) -> Path:
    path = shelf / "logistic.mlpack"
    mlpack.pack(logistic_pickle, path)
    return path


@pytest.fixture
def copied(logistic_bundle, tmp_path) -> Path:
    """A copy of the bundle that a test may damage."""
    import shutil

    return Path(shutil.copytree(logistic_bundle, tmp_path / "copy.mlpack"))
