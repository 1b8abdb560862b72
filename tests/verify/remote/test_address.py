"""Addresses of services, and what is none."""

import pytest

import mlpack
from mlpack.core.errors import UsageError
from mlpack.verify.remote.address import address_of
from mlpack.verify.subject import subject_of


@pytest.mark.parametrize(
    ("text", "place", "prefix", "model", "version"),
    [
        ("http://localhost", "localhost:80", "", "", ""),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080", "", "", ""),
        ("https://example.org/v2", "example.org:443", "", "", ""),
        ("https://example.org/team/iris/v2/models/iris", "example.org:443", "/team/iris", "iris", ""),
        ("HTTP://[::1]:9/v2/models/a%20b/versions/3/infer", "[::1]:9", "", "a b", "3"),
        ("grpc://h:8081/v2/models/iris", "h:8081", "", "iris", ""),
        ("grpcs://h", "h:443", "", "", ""),
    ],
)
def test_the_parts_of_an_address(text, place, prefix, model, version):
    address = address_of(text)
    assert (address.place, address.prefix, address.model, address.version) == (place, prefix, model, version)
    assert address_of(address.naming("m")).model == "m"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("podman://iris:1", "no address that is known here"),
        ("ftp://host/model.onnx", "no address that is known"),
        ("http://", "no address of a service"),
        ("http://host:99999", "no address"),
        ("http://user:pass@host", "holds no password"),
        ("http://host/?model=iris", "no address of a service"),
        ("grpc://host", "names no port"),
        ("grpc://host:1/team", "a path that gRPC cannot follow"),
    ],
)
def test_what_is_no_address(text, says):
    with pytest.raises(UsageError, match=says):
        address_of(text)


def test_only_a_candidate_may_be_a_service(linear, tmp_path):
    with pytest.raises(UsageError, match="only the candidate"):
        subject_of("http://127.0.0.1:8080")
    with pytest.raises(UsageError, match="only the candidate"):
        mlpack.verify("http://127.0.0.1:8080", linear)
    with pytest.raises(UsageError, match="only the candidate"):
        mlpack.pack("http://127.0.0.1:8080", tmp_path / "m.mlpack")


def test_a_service_shows_no_layers(linear):
    with pytest.raises(UsageError, match="not the layers"):
        mlpack.verify(linear, "http://127.0.0.1:9", bisect=True)
