"""The engine is looked for where the docker command looks, which writes the contexts here."""

import json
import os
import subprocess

import pytest

from mlpack.core.errors import EngineError
from mlpack.images.address import DEFAULT, engine_address


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of docker's settings with nothing in it."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def docker(*arguments):
    subprocess.run(["docker", *arguments], check=True, capture_output=True, env=dict(os.environ))


def test_without_a_word_it_is_that_of_the_machine(folder):
    assert engine_address() == (DEFAULT, None)
    (folder / "config.json").write_text("{")
    assert engine_address() == (DEFAULT, None)


def test_docker_host_goes_first(folder, monkeypatch):
    docker("context", "create", "ours", "--docker", "host=unix:///ours.sock")
    monkeypatch.setenv("DOCKER_CONTEXT", "ours")
    monkeypatch.setenv("DOCKER_HOST", "unix:///first.sock")
    assert engine_address()[0].endswith("///first.sock")


def test_the_context_in_use(folder, monkeypatch):
    docker("context", "create", "ours", "--docker", "host=unix:///ours.sock")
    docker("context", "create", "others", "--docker", "host=unix:///others.sock")
    docker("context", "use", "ours")
    assert engine_address() == ("unix:///ours.sock", None)
    monkeypatch.setenv("DOCKER_CONTEXT", "others")
    assert engine_address() == ("unix:///others.sock", None)
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert engine_address() == (DEFAULT, None)


def test_a_context_with_certificates(folder):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=far.example", "-days", "1"]
    made += ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run(made, check=True, capture_output=True)
    (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())
    files = ",".join(f"{name}={folder / name}.pem" for name in ("ca", "cert", "key"))
    docker("context", "create", "far", "--docker", f"host=tcp://far.example:2376,{files}")
    docker("context", "use", "far")
    address, tls = engine_address()
    assert address == "tcp://far.example:2376"
    assert tls.ca_cert.endswith("ca.pem")
    assert [path.rpartition("/")[2] for path in tls.cert] == ["cert.pem", "key.pem"]


@pytest.mark.parametrize("written", ["gone", "{", "[]", json.dumps({"Endpoints": {}})])
def test_a_context_that_cannot_be_read(folder, monkeypatch, written):
    docker("context", "create", "ours", "--docker", "host=unix:///ours.sock")
    (file,) = folder.glob("contexts/meta/*/meta.json")
    if written == "gone":
        file.unlink()
    else:
        file.write_text(written)
    monkeypatch.setenv("DOCKER_CONTEXT", "ours")
    with pytest.raises(EngineError, match="'ours'") as caught:
        engine_address()
    assert caught.value.hint == "docker context ls"


def test_certificates_that_are_not_there(folder, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2376")
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", str(folder / "gone"))
    with pytest.raises(EngineError, match="TLS"):
        engine_address()
