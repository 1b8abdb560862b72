from pathlib import Path

import pytest

from mlpack.isolate.early import end_early, start_early, take_early
from mlpack.isolate.sandbox import Sandbox


@pytest.fixture
def target(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return "crew:Crew"


def test_it_is_taken_once_for_what_it_was_started_for(target, tmp_path):
    sandbox = Sandbox((tmp_path / "model.pkl",))
    start_early(target, sandbox, ["json"])
    assert take_early(target, Sandbox((tmp_path / "other.pkl",))) is None
    assert take_early("crew:Other", sandbox) is None
    with take_early(target, Sandbox((tmp_path / "model.pkl",))) as worker:
        assert worker.call("warmed") == ["json"]
    assert take_early(target, sandbox) is None


def test_it_is_in_its_sandbox_before_it_is_taken(target, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    allowed = tmp_path / "allowed.txt"
    allowed.write_text("allowed")
    start_early(target, Sandbox((allowed,)), [])
    with take_early(target, Sandbox((allowed,))) as worker:
        assert worker.call("read", path=str(allowed)) == "allowed"
        assert worker.call("read", path=str(secret)) is None


def test_those_that_nobody_takes_are_ended(target, tmp_path):
    start_early(target, Sandbox((tmp_path,)), [])
    end_early()
    assert take_early(target, Sandbox((tmp_path,))) is None
