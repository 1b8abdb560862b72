"""dockerd of the project's own: it starts beside others, runs containers, and leaves nothing, however it ends."""

from __future__ import annotations

import ipaddress
import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import docker
import pytest
from engine import daemon, leftovers, places
from engine.image import base_image
from engine.output import output_of

from mlpack.core.errors import EngineError

SCRIPTS = Path(daemon.__file__).parent.parent


def client_of(address: str) -> closing[docker.DockerClient]:
    return closing(docker.DockerClient(base_url=address, timeout=300))


def left_of(folder: Path) -> list[object]:
    """All that the engine in ``folder`` still has on this machine."""
    found = [leftovers.processes(folder), leftovers.mounts(folder), leftovers.bridges(folder)]
    return [*found[0], *found[1], *found[2], *leftovers.control_groups(folder), *([folder] if folder.exists() else [])]


def firewall() -> str:
    ended = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True)
    return "\n".join(line for line in ended.stdout.splitlines() if not line.startswith(("#", ":")))


def fill(client: docker.DockerClient) -> list[int]:
    """A container that runs and does not end when asked, in a network of its own; its processes."""
    client.networks.create("around")
    command = ["python", "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"]
    busy = client.containers.run(base_image(client), command, detach=True, network="around")
    return [int(row[1]) for row in busy.top()["Processes"]]


def test_a_container_runs_and_answers_on_its_port(own_place) -> None:
    with daemon.started() as engine, client_of(engine.address) as client:
        assert client.info()["Driver"] == "overlay2"
        tag = base_image(client)
        assert output_of(client, tag, ["python", "-c", "print(6 * 7)"]) == "42\n"
        serving = ["python", "-u", "-m", "http.server", "--directory", "/usr/lib/python3", "8000"]
        server = client.containers.run(tag, serving, detach=True, ports={"8000/tcp": ("127.0.0.1", None)})
        lines = server.logs(stream=True)
        assert next(lines).startswith(b"Serving")
        lines.close()
        server.reload()
        port = server.ports["8000/tcp"][0]["HostPort"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/dist-packages/") as answer:
            assert b"pip/" in answer.read()


def test_nothing_is_left_of_it(own_place) -> None:
    with daemon.started() as engine, client_of(engine.address) as client:
        pids = fill(client)
        assert len(leftovers.bridges(engine.folder)) == 2
        assert set(pids) <= set(leftovers.processes(engine.folder))
        assert leftovers.mounts(engine.folder)
        assert leftovers.control_groups(engine.folder)
        bridges = leftovers.bridges(engine.folder)
    assert not left_of(engine.folder)
    assert not [pid for pid in pids if leftovers.runs(pid)]
    assert not [name for name in bridges if Path("/sys/class/net", name).exists()]
    assert not [path for path in own_place.iterdir() if path.is_dir()]


def test_the_host_is_as_before_while_it_runs(own_place) -> None:
    forwarding = Path("/proc/sys/net/ipv4/ip_forward")
    before = firewall(), forwarding.read_text()
    with daemon.started():
        assert (firewall(), forwarding.read_text()) == before


def test_two_stand_beside_each_other(own_place) -> None:
    with (
        daemon.started() as one,
        daemon.started() as other,
        client_of(one.address) as first,
        client_of(other.address) as second,
    ):
        fill(first)
        second.networks.create("around")
        bridges = [
            net for client in (first, second) for net in client.networks.list() if net.attrs["Driver"] == "bridge"
        ]
        nets = [ipaddress.ip_network(net.attrs["IPAM"]["Config"][0]["Subnet"]) for net in bridges]
        assert len(nets) == 4
        assert not [pair for pair in itertools.combinations(nets, 2) if pair[0].overlaps(pair[1])]
        assert second.containers.list(all=True) == []
    assert not left_of(one.folder)
    assert not left_of(other.folder)


def test_an_engine_that_was_there_is_used_and_left_alone(own_place, monkeypatch) -> None:
    with daemon.started() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.address)
        with daemon.running() as address:
            assert address == engine.address
        assert daemon.answers(engine.address)


def test_one_that_was_named_and_does_not_answer_is_none(own_place, monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with daemon.running() as address:
        assert address != os.environ["DOCKER_HOST"]
        assert daemon.answers(address)


def test_a_run_that_was_killed_does_not_stop_the_next(own_place) -> None:
    """Both are killed: the process that wanted the engine, and dockerd, which leaves a container that runs on."""
    code = f"""
import pathlib, signal
from engine import daemon, places
places.ENGINES = pathlib.Path({str(own_place)!r})
with daemon.started() as engine:
    print(engine.folder, engine.process.pid, flush=True)
    signal.pause()
"""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment)
    where, pid = owner.stdout.readline().split()
    with client_of(daemon.address_in(Path(where))) as client:
        pids = fill(client)
    os.kill(int(pid), signal.SIGKILL)
    owner.kill()
    owner.communicate()
    assert all(leftovers.runs(one) for one in pids)
    assert left_of(Path(where))
    with daemon.started() as engine:
        assert daemon.answers(engine.address)
        assert not left_of(Path(where))
        assert not [one for one in pids if leftovers.runs(one)]


def test_it_ends_with_the_process_that_wanted_it(own_place) -> None:
    code = f"""
import os, pathlib, signal
from engine import daemon, places
places.ENGINES = pathlib.Path({str(own_place)!r})
with daemon.started() as engine:
    print(engine.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    until = time.monotonic() + leftovers.PATIENCE
    while leftovers.runs(int(ended.stdout)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not leftovers.runs(int(ended.stdout))


def test_one_that_is_kept_stays_and_is_started_again_when_it_was_killed(own_place) -> None:
    address = daemon.keep()
    assert daemon.keep() == address
    with daemon.started():
        assert daemon.answers(address)
    (pid,) = leftovers.daemons(own_place / places.KEPT)
    leftovers.end([pid], signal.SIGKILL, leftovers.PATIENCE)
    assert daemon.keep() == address
    assert daemon.answers(address)
    daemon.drop()
    assert not daemon.answers(address)
    assert not left_of(own_place / places.KEPT)


def test_a_small_disk_is_full_soon(own_place) -> None:
    """What a test of a machine without space needs: nothing else on this machine is full."""
    with daemon.started(megabytes=100) as engine, client_of(engine.address) as client:
        with pytest.raises(docker.errors.DockerException):
            base_image(client)
        assert not client.images.list()


def test_what_is_missing_is_said_with_what_to_install(own_place, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(daemon, "PATH", str(tmp_path))
    with pytest.raises(EngineError) as caught, daemon.started():
        pass
    assert "docker.io" in caught.value.hint
    assert caught.value.hint.startswith("apt-get install")


def test_one_that_does_not_start_says_why_and_leaves_nothing(own_place, monkeypatch) -> None:
    monkeypatch.setattr(daemon, "storage_driver", lambda folder: "papyrus")
    with pytest.raises(EngineError, match="does not start") as caught, daemon.started():
        pass
    assert "driver not supported" in caught.value.why
    assert "papyrus" in caught.value.details
    assert not [path for path in own_place.iterdir() if path.is_dir()]
