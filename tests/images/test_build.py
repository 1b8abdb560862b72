"""Builds that fail or are interrupted, on a real engine: the reason is told, and nothing is left of them."""

import io
import re
import tarfile

import docker
import pytest
from engine.contents import unchanged
from engine.daemon import started
from engine.image import base_image as base_of_tests

from mlpack.core.errors import EngineError
from mlpack.images.build import Wishes, build, remove_images
from mlpack.images.engine import connected

FILES = "COPY note /note\nRUN cat /note\n"


@pytest.fixture(autouse=True)
def nothing_left(engine, base_image):
    with unchanged(engine, layers=True):
        yield


@pytest.fixture
def connection(engine):
    with connected() as found:
        yield found


def built(connection, dockerfile, tell=lambda _: None, **wishes):
    files = {"Dockerfile": dockerfile.encode(), "note": b"a note\n"}
    base = re.match(r"FROM (\S+)", dockerfile)
    there = connection.api.images(name=base[1]) if base else []
    return build(connection, files, there[0]["Id"] if there else "", Wishes(**wishes), tell)


def test_steps_are_told_and_the_cache_is_used(connection, base_image):
    heard = []
    first = built(connection, f"FROM {base_image}\n{FILES}", heard.append)
    try:
        assert [step.number for step in heard] == [1, 2, 3]
        assert len(first.added) == 2
        assert (first.steps, first.cached) == (3, 0)
        again = built(connection, f"FROM {base_image}\n{FILES}")
        assert (again.image, again.added, again.cached) == (first.image, (), 2)
        anew = built(connection, f"FROM {base_image}\n{FILES}", cache=False)
        assert anew.cached == 0
        remove_images(connection, anew.added)
    finally:
        remove_images(connection, first.added)


def test_a_step_that_fails_is_named_with_what_it_wrote(connection, base_image):
    with pytest.raises(EngineError, match="step 4/4 RUN echo alas") as caught:
        built(connection, f"FROM {base_image}\n{FILES}RUN echo alas >&2 && false\n")
    assert "alas" in caught.value.why


def test_a_program_that_the_base_has_not(connection, base_image):
    with pytest.raises(EngineError) as caught:
        built(connection, f"FROM {base_image}\nRUN no-such-program\n")
    assert "missing in the base" in caught.value.why
    assert "--base" in caught.value.hint


def test_a_disk_that_is_full(connection, base_image):
    """The shared memory of a container is a file system of 64 MB."""
    with pytest.raises(EngineError) as caught:
        built(connection, f"FROM {base_image}\n{FILES}RUN dd if=/dev/zero of=/dev/shm/much bs=1M count=80\n")
    assert "docker system df" in caught.value.hint


def test_a_base_that_is_nowhere(connection):
    with pytest.raises(EngineError, match="cannot be built"):
        built(connection, "FROM no-such-image-of-mlpack:1\n")


def test_a_dockerfile_that_is_none(connection):
    with pytest.raises(EngineError) as caught:
        built(connection, "NONSENSE\n")
    assert "unknown instruction" in caught.value.why


def test_there_is_no_network_in_a_build(connection, base_image):
    seen = built(connection, f"FROM {base_image}\nRUN ls /sys/class/net > /interfaces\n")
    made = connection.api.create_container(seen.image)
    try:
        data = b"".join(connection.api.get_archive(made["Id"], "/interfaces")[0])
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            assert archive.extractfile("interfaces").read().split() == [b"lo"]
    finally:
        connection.api.remove_container(made["Id"])
        remove_images(connection, seen.added)


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_one_that_is_interrupted_ends_at_the_engine(connection, base_image, step):
    """While a file is copied, while a command runs, and while the layer that it wrote is committed."""

    def interrupt(begun):
        if begun.number == step:
            raise KeyboardInterrupt

    steps = "RUN sleep 1; dd if=/dev/zero of=/much bs=1M count=100\nRUN sleep 60\n"
    with pytest.raises(KeyboardInterrupt):
        built(connection, f"FROM {base_image}\nCOPY note /note\n{steps}", interrupt)
    assert not connection.api.containers(all=True)


def test_an_image_that_somebody_else_builds_on_the_base_meanwhile_stays(connection, base_image):
    """It begins where the build that fails is at, and has a name."""
    others = []

    def meanwhile(step):
        if step.number == 2:
            stream = io.BytesIO(f"FROM {base_image}\nLABEL whose=others\n".encode())
            list(connection.api.build(fileobj=stream, tag="somebody:1", rm=True, decode=True))
            others.append(connection.api.inspect_image("somebody:1")["Id"])

    try:
        with pytest.raises(EngineError):
            built(connection, f"FROM {base_image}\nRUN sleep 1 && false\n", meanwhile)
        assert connection.api.inspect_image("somebody:1")["Id"] == others[0]
    finally:
        connection.api.remove_image("somebody:1", force=True)


def test_an_engine_that_ends_in_the_middle_of_a_build(monkeypatch):
    """The reason is told as one of the engine's, not as a bug of ours that hides it."""
    with started() as own:
        monkeypatch.setenv("DOCKER_HOST", own.address)
        client = docker.DockerClient(own.address, timeout=300)
        base = base_of_tests(client)
        client.close()

        def end(step):
            if step.number == 2:
                own.process.kill()
                own.process.wait()

        with connected() as connection, pytest.raises(EngineError) as caught:
            built(connection, f"FROM {base}\nRUN sleep 5\n", end)
    assert caught.value.exit_code == 8
