"""TLS, certificates of clients, and API keys."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from mlpack.runtime.errors import StartError
from mlpack.runtime.rpc import open_inference_pb2 as pb

CODE = grpc.StatusCode
HEALTH = "/grpc.health.v1.Health/Check"


@dataclass
class Pair:
    """A certificate and its key, in PEM."""

    certificate: bytes
    key: bytes


def issued(name: str, issuer: tuple | None = None):
    """A certificate for ``name`` from ``issuer``, or from itself; and what it can issue others with."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    )
    certificate = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (certificate, key), Pair(certificate.public_bytes(serialization.Encoding.PEM), pem)


@pytest.fixture(scope="module")
def authority():
    return issued("the tests")


@pytest.fixture(scope="module")
def tls(authority, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tls")
    _, pair = issued("service", authority[0])
    (folder / "cert.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.key)
    return {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}


def live(served, credentials, seconds=3):
    with grpc.secure_channel(served.address, credentials) as channel:
        return served.oip("ServerLive", pb.ServerLiveRequest(), channel, timeout=seconds).live


def test_tls_is_spoken_and_nothing_else(serve, flower_bundle, authority, tls):
    with serve(flower_bundle, **tls) as served:
        assert live(served, grpc.ssl_channel_credentials(authority[1].certificate))
        with pytest.raises(grpc.RpcError) as refused:
            served.oip("ServerLive", pb.ServerLiveRequest(), timeout=2)  # in plain text
        assert refused.value.code() in {CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED}
        with pytest.raises(grpc.RpcError):
            live(served, grpc.ssl_channel_credentials(issued("another")[1].certificate), 2)


def test_clients_have_to_show_certificates_where_an_authority_is_given(serve, flower_bundle, authority, tls, tmp_path):
    (tmp_path / "ca.pem").write_bytes(authority[1].certificate)
    _, known = issued("client", authority[0])
    _, stranger = issued("client", issued("another authority")[0])
    root = authority[1].certificate
    with serve(flower_bundle, **tls, tls_client_ca=tmp_path / "ca.pem") as served:
        assert live(served, grpc.ssl_channel_credentials(root, known.key, known.certificate))
        for credentials in (
            grpc.ssl_channel_credentials(root),
            grpc.ssl_channel_credentials(root, stranger.key, stranger.certificate),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                live(served, credentials, 2)
            assert refused.value.code() in {CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED}


def test_a_certificate_that_is_none_is_no_start(serve, flower_bundle, tls, tmp_path):
    (tmp_path / "broken.pem").write_bytes(b"no certificate")
    for broken in (tmp_path / "broken.pem", tmp_path / "missing.pem"):
        with pytest.raises(StartError) as refused, serve(flower_bundle, **{**tls, "tls_cert": broken}):
            pass
        assert refused.value.exit_code == 2
        assert refused.value.why


@pytest.fixture(scope="module")
def locked(serve, flower_bundle):
    with serve(flower_bundle, api_key="a key") as served:
        yield served, "a key"


@pytest.mark.parametrize(
    "metadata",
    [None, [("x-api-key", "other")], [("authorization", "Bearer other")], [("authorization", "Basic a key")]],
)
def test_without_the_key_nothing_is_answered(locked, metadata):
    served, _ = locked
    with pytest.raises(grpc.RpcError) as refused:
        served.oip("ServerMetadata", pb.ServerMetadataRequest(), metadata=metadata)
    assert refused.value.code() is CODE.UNAUTHENTICATED
    assert "authorization: Bearer" in refused.value.details()
    with pytest.raises(grpc.RpcError) as refused:
        served.predict(served.messages.PredictRequest(), metadata=metadata)
    assert refused.value.code() is CODE.UNAUTHENTICATED


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
def test_with_the_key_everything_is(locked, name):
    served, key = locked
    metadata = [(name, f"Bearer {key}" if name == "authorization" else key)]
    assert served.oip("ServerMetadata", pb.ServerMetadataRequest(), metadata=metadata).name == "mlpack"
    assert not served.predict(served.messages.PredictRequest(), metadata=metadata).predictions


def test_reflection_wants_the_key_too_and_health_does_not(locked):
    from grpc_health.v1 import health_pb2
    from grpc_reflection.v1alpha import reflection_pb2

    served, _ = locked
    status = served.call(HEALTH, health_pb2.HealthCheckRequest(), health_pb2.HealthCheckResponse).status
    assert status == health_pb2.HealthCheckResponse.SERVING
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with grpc.insecure_channel(served.address) as channel:
        ask = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        with pytest.raises(grpc.RpcError) as refused:
            list(ask(iter([request.SerializeToString()]), timeout=5))
    assert refused.value.code() is CODE.UNAUTHENTICATED
