"""Every way in which an engine fails has advice of its own."""

import docker.errors
import pytest
import requests.exceptions

from mlpack.core.errors import EngineError, UsageError
from mlpack.images.failures import classified, told
from mlpack.images.push import hints_for
from mlpack.images.reference import tag_of

SAID = {
    "write /var/lib/docker/tmp/x: no space left on device": "docker system df",
    'Get "https://registry/v2/": dial tcp: lookup registry: no such host': "network",
    "manifest for python:9.9 not found: manifest unknown": "check the name",
    "pull access denied for a/b, repository does not exist or may require 'docker login'": "check the name",
    "unauthorized: authentication required": "docker login",
    "no matching manifest for linux/riscv64 in the manifest list entries": "--platform",
    "something else": "docker info",
}


@pytest.mark.parametrize("why", SAID)
def test_what_the_engine_says_comes_with_advice(why):
    error = classified("the image cannot be built", why)
    assert error.exit_code == 8
    assert error.why == why
    assert SAID[why] in error.hint


@pytest.mark.parametrize(
    "raised",
    [
        docker.errors.APIError("500", explanation="no space left on device"),
        requests.exceptions.ReadTimeout("late"),
        requests.exceptions.ConnectionError("gone"),
        docker.errors.DockerException("odd"),
    ],
)
def test_errors_of_the_sdk_become_ours(raised):
    with pytest.raises(EngineError, match="it cannot be done") as caught, told("it cannot be done"):
        raise raised
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "why", "says"),
    [
        ("127.0.0.1:9/churn:1", "dial tcp 127.0.0.1:9: connect: connection refused", "is 127.0.0.1:9, the first part"),
        ("reg.example.com/churn:1", "server gave HTTP response to HTTPS client", "is reg.example.com, the first part"),
        (
            "reg.example.com/churn:1",
            "no basic auth credentials",
            "docker login reg.example.com && docker push reg.example",
        ),
        ("reg.example.com/a/churn:1", "name unknown: repository does not exist", "in reg.example.com? Once it is"),
        (
            "churn:1",
            "denied: requested access to the resource is denied",
            "goes to Docker Hub: docker login && docker push",
        ),
        ("team/churn:1", "dial tcp: lookup registry-1.docker.io: no such host", "-t REGISTRY/team/churn:1"),
        ("churn:1", "no space left on device", "docker system df"),
    ],
)
def test_what_keeps_an_image_from_its_registry_has_advice_about_the_registry(name, why, says):
    reference = tag_of(name)
    error = classified("it cannot be pushed", why, hints_for(reference))
    assert says in error.hint
    assert "docker load" not in error.hint


def test_our_own_errors_pass():
    with pytest.raises(UsageError), told("it cannot be done"):
        raise UsageError("wrong")
