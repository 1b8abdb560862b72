"""A container that is started to be asked: it is removed whatever comes of it, and its log tells why nothing did."""

import pytest
from engine.contents import unchanged

from mlpack.core.errors import EngineError, SmokeTestError
from mlpack.images.build import Wishes, build, remove_images
from mlpack.images.container import running
from mlpack.images.engine import connected


@pytest.fixture(autouse=True)
def nothing_left(engine, base_image):
    with unchanged(engine, layers=True):
        yield


@pytest.fixture
def connection(engine):
    with connected() as found:
        yield found


@pytest.fixture
def image_of(connection, base_image):
    """Gives an image whose command is a line for a shell."""
    made = []

    def image(command):
        dockerfile = f'FROM {base_image}\nEXPOSE 8080 8081\nENTRYPOINT ["sh", "-c", "{command}"]\n'
        made.append(build(connection, {"Dockerfile": dockerfile.encode()}, "", Wishes(), lambda _: None))
        return made[-1].image

    yield image
    for one in made:
        remove_images(connection, one.added)


def test_a_service_that_ends_is_told_with_its_log(connection, image_of):
    with (
        pytest.raises(SmokeTestError, match="exit code 3") as caught,
        running(connection, image_of("echo so it ends; exit 3")),
    ):
        pass
    assert "so it ends" in caught.value.why


def test_a_service_that_never_gets_ready_is_told_with_its_log(connection, image_of):
    image = image_of("echo still at it; sleep 600")
    with pytest.raises(SmokeTestError, match="in time") as caught, running(connection, image, ready_seconds=1):
        pass
    assert "still at it" in caught.value.why


def test_an_image_that_is_not_there(connection):
    with pytest.raises(EngineError, match="cannot be started"), running(connection, "no-such-image-of-mlpack:1"):
        pass


def test_one_that_cannot_be_executed(connection, image_of, base_image):
    dockerfile = f'FROM {base_image}\nENTRYPOINT ["/no/such/program"]\n'
    made = build(connection, {"Dockerfile": dockerfile.encode()}, "", Wishes(), lambda _: None)
    with pytest.raises(EngineError, match="cannot be started"), running(connection, made.image):
        pass
    remove_images(connection, made.added)


def test_whoever_leaves_in_between_leaves_nothing(connection, built):
    with pytest.raises(KeyboardInterrupt), running(connection, built.image):
        raise KeyboardInterrupt


def test_two_at_a_time_have_ports_of_their_own(connection, built):
    with running(connection, built.image) as one, running(connection, built.image) as other:
        assert len({one.rest, one.grpc, other.rest, other.grpc}) == 4
        for service in (one, other):
            bound = connection.api.inspect_container(service.name)["NetworkSettings"]["Ports"]["8080/tcp"]
            assert {place["HostIp"] for place in bound} == {"127.0.0.1"}
