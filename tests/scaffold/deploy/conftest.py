"""Where the commands of a pipeline, and those that check files, are found."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from scaffold.cases import LIST, bundle_of
from scaffold.deploy.running import COMMIT


@pytest.fixture
def bundle(tmp_path):
    """A bundle whose name is no name in a cluster."""
    return bundle_of(LIST, tmp_path / "bundle", name='Churn: "now" #1').folder


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "repository" / "models").mkdir(parents=True)
    return tmp_path / "repository"


@pytest.fixture
def environment(tmp_path):
    """What a runner has: the commands of this environment, where all that the pipeline installs is installed already."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    kept = {
        "PATH": path,
        "MLPACK_CACHE": str(tmp_path / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    return {**os.environ, **kept, "GITHUB_SHA": COMMIT, "CI_COMMIT_SHA": COMMIT, "CI": "true"}
