"""Engines that a test starts for itself, in a place of their own: one that a developer keeps is not touched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine import daemon, places


@pytest.fixture
def own_place(monkeypatch) -> Iterator[Path]:
    """A folder for engines, where ``DOCKER_HOST`` names none. Sockets lie in it: its path is short."""
    with tempfile.TemporaryDirectory(prefix="mlp-", dir="/var/tmp") as folder:
        monkeypatch.setattr(places, "ENGINES", Path(folder))
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        yield Path(folder)
        daemon.drop()
