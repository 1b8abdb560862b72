"""Several workers: one address, one readiness, and another for each that dies."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from mlpack.runtime.process.slot import Slot
from mlpack.runtime.process.sockets import listen
from mlpack.runtime.service.board import Board
from mlpack.runtime.settings import Settings


def test_they_share_the_work_and_the_counters(start, load, project):
    running = start(project, "--workers", "2", "--log-requests")
    assert running.told["workers"] == 2
    assert running.told["pid"] == running.process.pid
    assert len(running.workers()) == 2
    found = load(running, clients=32, seconds=2).result()
    assert not found.lost
    assert running.end() == 0
    counted = Counter(line["worker"] for line in running.lines() if line["msg"] == "request")
    assert set(counted) == {0, 1}
    assert sum(counted.values()) == found.answered


def test_metrics_are_of_all_workers(start, project):
    running = start(project, "--workers", "2")
    for _ in range(40):
        assert running.predict() == 200
    for _ in range(5):
        assert b'mlpack_requests_total{route="predict",status="200"} 40.0' in running.ask("/metrics")[1]


def test_the_supervisor_imports_nothing_heavy(start, project):
    running = start(project, "--workers", "2")
    mapped = Path(f"/proc/{running.process.pid}/maps").read_text()
    assert "numpy" not in mapped
    assert "onnxruntime" not in mapped
    assert "uvloop" not in mapped


def test_one_that_is_killed_takes_only_its_own_requests_with_it(start, load, until, forest_project):
    running = start(forest_project, "--workers", "2")
    loading = load(running, clients=16, seconds=12)
    time.sleep(2)
    victim = running.workers()[0]
    os.kill(victim, signal.SIGKILL)
    until(lambda: victim not in running.workers())
    time.sleep(0.1)
    asked = [running.ask("/readyz")[0] for _ in range(5)]
    assert asked == [503] * 5, "nobody waits for the one that is gone"
    assert running.predict() == 200
    until(lambda: running.ask("/readyz")[0] == 200)
    assert victim not in running.workers()
    assert len(running.workers()) == 2
    found = loading.result()
    assert set(found.statuses) == {"200"}
    assert 0 < len(found.lost) <= 16
    assert found.refused == 0
    assert b"mlpack_worker_restarts_total 1.0" in running.ask("/metrics")[1]
    (told,) = [line for line in running.lines() if line["msg"] == "a worker died and is replaced"]
    assert told["exit_code"] == -signal.SIGKILL
    assert running.end() == 0


def test_one_that_dies_again_and_again_is_made_to_wait(start, until, project):
    running = start(project, "--workers", "2")
    seen: set[int] = set()
    for _ in range(3):
        victim = until(
            lambda: next((pid for pid in running.workers() if pid not in seen and len(running.workers()) == 2), 0)
        )
        seen.update(running.workers())
        os.kill(victim, signal.SIGKILL)
        until(lambda victim=victim: victim not in running.workers())
    until(lambda: running.ask("/readyz")[0] == 200)
    waits = [line["wait"] for line in running.lines() if "wait" in line]
    assert waits == [0.5, 1.0, 2.0]
    assert running.end() == 0


def test_a_supervisor_that_is_killed(start, until, project, read_one):
    """Its workers notice, answer what they have, and go."""
    running = start(project, "--workers", "2")
    workers = running.workers()
    body = (project / "example.json").read_bytes()
    with socket.create_connection(("127.0.0.1", running.port)) as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body[:9]))
        time.sleep(0.2)
        running.process.kill()
        running.process.wait()
        until(lambda: sum(line["msg"] == "the service is ending" for line in running.lines()) == 2)
        time.sleep(2)
        slow.sendall(body[9:])
        assert read_one(slow)[0] == 200
    until(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in workers))


def test_a_second_signal_ends_all_at_once(start, until, project):
    running = start(project, "--workers", "2", "--drain-delay", "30")
    workers = running.workers()
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert running.end(seconds=5) == 128 + signal.SIGTERM
    until(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in workers), 5)


def test_ctrl_c_in_a_terminal_is_for_the_supervisor(start, project):
    running = start(project, "--workers", "2")
    groups = {os.getpgid(pid) for pid in running.workers()}
    assert os.getpgid(running.process.pid) not in groups
    assert running.end(signal.SIGINT) == 0


def test_a_worker_that_is_told_to_end_alone(start, until, project):
    """Others have its connections until it is replaced, and nobody has to knock twice."""
    running = start(project, "--workers", "2")
    victim = running.workers()[0]
    busy = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(16)]
    for one in busy:
        one.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
    time.sleep(0.3)
    os.kill(victim, signal.SIGTERM)
    time.sleep(0.7)
    assert victim in running.workers()
    for _ in range(20):
        socket.create_connection(("127.0.0.1", running.port), timeout=0.9).close()
    for one in busy:
        one.close()
    until(lambda: running.ask("/readyz")[0] == 200)
    assert victim not in running.workers()
    assert running.end() == 0


SILENT = """
import json, os, threading
threading.Timer(1, os.close, [json.loads(os.environ["MLPACK_PLACE"])["reports"]]).start()
"""


def test_a_worker_that_closes_its_pipe(start, project, tmp_path):
    """It costs its supervisor no time."""
    folder = Path(shutil.copytree(project, tmp_path / "silent"))
    with (folder / "app.py").open("a") as app:
        app.write(SILENT)
    running = start(folder, "--workers", "2")
    time.sleep(1.5)
    before = ticks(running.process.pid)
    time.sleep(2)
    assert ticks(running.process.pid) - before < os.sysconf("SC_CLK_TCK") / 20


def ticks(pid: int) -> int:
    """What the process ``pid`` has used of the processor."""
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]))


def test_a_machine_without_room_for_another_process(monkeypatch):
    """It is tried again, later and later, and nothing is left open."""
    listener = listen("127.0.0.1", 0)[0]
    alive = os.pipe()
    board = Board.create(1)
    slot = Slot(Settings(), listener, None, board, 0, alive[0])
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    descriptors = os.listdir("/proc/self/fd")
    for wait in (0.5, 1.0, 2.0):
        slot.start()
        assert not slot.runs
        assert slot.due == pytest.approx(time.monotonic() + wait, abs=0.3)
    assert os.listdir("/proc/self/fd") == descriptors
    assert board.state_of(0) == "gone"
    listener.close()
    for end in alive:
        os.close(end)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_is_refused_at_the_end_is_refused_at_once(start, project, workers):
    running = start(project, "--workers", workers, "--drain-timeout", "10")
    with socket.create_connection(("127.0.0.1", running.port)) as busy:
        busy.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.2)
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port), timeout=3)
