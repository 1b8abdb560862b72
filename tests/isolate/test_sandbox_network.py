"""The network, tried from inside a worker, with somebody real at the other end."""

import secrets
import socket
from pathlib import Path

import pytest

from mlpack.core.errors import WorkerError
from mlpack.isolate import Worker


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def assert_nobody_came(server):
    with pytest.raises(BlockingIOError):
        server.accept()


def test_no_connection_is_made(house, listener):
    house.refuses("connect", port=listener.getsockname()[1])
    assert_nobody_came(listener)


def test_no_port_is_opened(house):
    house.refuses("listen")


def test_no_datagram_is_sent(house):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        house.refuses("send_datagram", port=receiver.getsockname()[1])
        with pytest.raises(BlockingIOError):
            receiver.recv(100)


@pytest.mark.parametrize("abstract", [False, True])
def test_no_unix_socket_is_reached(house, abstract):
    name = f"mlpack-{secrets.token_hex(4)}"
    path = house.results / name
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}" if abstract else str(path))
        server.listen()
        server.setblocking(False)
        if abstract:
            house.refuses("connect_abstract", name=name)
        else:
            house.refuses("connect_unix", path=path)
        assert_nobody_came(server)


def test_no_pair_of_sockets_is_made(house):
    house.refuses("pair")


def test_no_name_is_looked_up(house):
    with pytest.raises(WorkerError, match="gaierror"):
        house.worker.call("look_up", name="localhost")


def test_nothing_of_the_caller_is_handed_down(house, listener):
    """A worker holds its input, its output, its two pipes, and the mark that keeps /proc/self known; no socket, no process."""
    descriptors = house.worker.call("descriptors")
    kinds = sorted(
        target.partition(":")[0].rpartition(" ")[0] or target.partition(":")[0] for target in descriptors.values()
    )
    assert not any("socket" in target or "pidfd" in target for target in descriptors.values()), kinds
    assert sum(target.startswith("pipe:") for target in descriptors.values()) == 2
    assert len(descriptors) <= 6


def test_what_it_inherits_of_the_environment_holds_no_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    secret = {
        "HF_TOKEN": "hf_1",
        "AWS_SECRET_ACCESS_KEY": "aws_1",
        "AWS_ACCESS_KEY_ID": "aws_2",
        "PGPASSWORD": "pg_1",
        "MYSQL_PWD": "my_1",
        "OPENAI_APIKEY": "ai_1",
        "GOOGLE_APPLICATION_CREDENTIALS": "/home/me/google.json",
        "DATABASE_URL": "postgres://me:db_1@db/prod",
        "SSH_AUTH_SOCK": "/run/agent",
        "https_proxy": "http://me:proxy_1@proxy:3128",
    }
    plain = {
        "TOKENIZERS_PARALLELISM": "false",
        "KERAS_BACKEND": "torch",
        "HTTP_PROXY": "http://proxy:3128",
        "PWD": str(Path.cwd()),
    }
    for name, value in {**secret, **plain}.items():
        monkeypatch.setenv(name, value)
    with Worker("burglar:Burglar") as worker:
        variables, raw = worker.call("environment"), worker.call("own_environment")
    assert not secret.keys() & variables.keys()
    assert not any(value in raw for value in secret.values())
    assert {name: variables[name] for name in plain} == plain
