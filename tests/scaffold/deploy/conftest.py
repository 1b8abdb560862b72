"""Where the commands of a pipeline, and those that check files, are found."""

from __future__ import annotations

import pytest
from scaffold.cases import LIST, bundle_of


@pytest.fixture
def bundle(tmp_path):
    """A bundle whose name is no name in a cluster."""
    return bundle_of(LIST, tmp_path / "bundle", name='Churn: "now" #1').folder
