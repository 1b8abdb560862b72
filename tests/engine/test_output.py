"""What a command says in a container is all there, and a container is gone once it said it."""

from __future__ import annotations

import docker
import pytest
from engine.output import output_of


def test_all_that_was_said_is_there(engine, base_image, engine_unchanged) -> None:
    lines = output_of(engine, base_image, ["python", "-c", "for one in range(10_000): print(one)"]).split()
    assert lines == [str(one) for one in range(10_000)]


def test_what_fails_says_so(engine, base_image, engine_unchanged) -> None:
    with pytest.raises(AssertionError, match="no such thing"):
        output_of(engine, base_image, ["python", "-c", "raise SystemExit('no such thing')"])


def test_what_is_not_there_does_not_start(engine, base_image) -> None:
    with pytest.raises(docker.errors.APIError, match="nothing-of-the-kind"):
        output_of(engine, base_image, ["nothing-of-the-kind"])
    (made,) = [one for one in engine.containers.list(all=True) if one.attrs["Config"]["Cmd"] == ["nothing-of-the-kind"]]
    made.remove()
