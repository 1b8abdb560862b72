"""The service over TLS, with a certificate made for the test: REST, gRPC, clients that have to show one, and the end."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """A certificate of 127.0.0.1, and one of a client, each its own authority."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("server", "client"):
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        command += ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
        command += ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def context(certificates: Path, *, client: bool = False) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(certificates / "server.pem"))
    if client:
        made.load_cert_chain(certificates / "client.pem", certificates / "client.key")
    return made


def ask(running, path: str, tls: ssl.SSLContext, body: bytes | None = None) -> int:
    connection = http.client.HTTPSConnection("127.0.0.1", running.port, timeout=20, context=tls)
    try:
        connection.request("POST" if body else "GET", path, body)
        return connection.getresponse().status
    finally:
        connection.close()


def test_rest_and_grpc(start, project, certificates):
    options = ["--tls-cert", str(certificates / "server.pem"), "--tls-key", str(certificates / "server.key")]
    running = start(project, *options)
    assert running.told["rest"].startswith("https://")
    answered = subprocess.run(["bash", "-c", running.told["curl"]], capture_output=True, check=True)
    assert b"predictions" in answered.stdout
    credentials = grpc.ssl_channel_credentials((certificates / "server.pem").read_bytes())
    with grpc.secure_channel(running.grpc, credentials) as channel:
        told = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    assert told.status == health_pb2.HealthCheckResponse.SERVING
    idle = http.client.HTTPSConnection("127.0.0.1", running.port, timeout=20, context=context(certificates))
    idle.request("GET", "/livez")
    assert idle.getresponse().read()
    began = time.monotonic()
    assert running.end() == 0
    assert time.monotonic() - began < 10
    idle.close()


def test_clients_that_have_to_show_who_they_are(start, project, certificates):
    files = {"--tls-cert": "server.pem", "--tls-key": "server.key", "--tls-client-ca": "client.pem"}
    running = start(project, *[part for option, name in files.items() for part in (option, str(certificates / name))])
    assert ask(running, "/predict", context(certificates, client=True), (project / "example.json").read_bytes()) == 200
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
        ask(running, "/livez", context(certificates))
    assert running.end() == 0


def test_a_handshake_that_does_not_come(start, project, certificates):
    import socket

    options = ["--tls-cert", str(certificates / "server.pem"), "--tls-key", str(certificates / "server.key")]
    running = start(project, *options, "--header-timeout", "0.5")
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.settimeout(10)
        assert connection.recv(1) == b""
    assert ask(running, "/readyz", context(certificates)) == 200
