"""Projects as they are rendered, started as their users start them; and HTTP alone, before an application of a few lines."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

import mlpack
from mlpack.runtime.process.front import Front
from mlpack.runtime.process.sockets import listen
from mlpack.runtime.rest.answer import Later
from mlpack.runtime.settings import Settings

LOADER = str(Path(__file__).with_name("loader.py"))
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MLPACK_")}


@pytest.fixture(scope="session")
def logistic_bundle(logistic_pickle, shelf) -> Path:
    path = shelf / "process" / "logistic.mlpack"
    path.parent.mkdir(exist_ok=True)
    mlpack.pack(logistic_pickle, path, budget=5)
    return path


@pytest.fixture(scope="session")
def forest_bundle(forest_pipeline, shelf) -> Path:
    path = shelf / "process" / "forest.mlpack"
    path.parent.mkdir(exist_ok=True)
    mlpack.pack(forest_pipeline, path, budget=5)
    return path


@pytest.fixture(scope="session")
def project(logistic_bundle, shelf) -> Path:
    """The service of a logistic regression, rendered."""
    folder = shelf / "process" / "project"
    mlpack.scaffold.scaffold(logistic_bundle, folder, lock=False)
    return folder


@pytest.fixture(scope="session")
def forest_project(forest_bundle, shelf) -> Path:
    folder = shelf / "process" / "forest-project"
    mlpack.scaffold.scaffold(forest_bundle, folder, lock=False)
    return folder


@dataclass
class Running:
    """A service that has announced itself; ``told`` is what it told."""

    process: subprocess.Popen[bytes]
    told: dict[str, Any]
    log: Path

    @property
    def port(self) -> int:
        return int(self.told["rest"].rpartition(":")[2])

    @property
    def grpc(self) -> str:
        return str(self.told["grpc"])

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """Status and body of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request("GET" if body is None else "POST", path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def predict(self) -> int:
        return self.ask("/predict", example(self))[0]

    def end(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def lines(self) -> list[dict[str, Any]]:
        """What was logged, every line of it."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line]

    def workers(self) -> list[int]:
        """The processes under this one."""
        return [
            int(one) for one in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]


def example(running: Running) -> dict[str, Any]:
    """The golden request of the project that runs."""
    return json.loads((Path(f"/proc/{running.process.pid}/cwd") / "example.json").read_text())


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    """Starts a project on free ports and waits until it is ready. What still runs at the end is killed, and it alone."""
    started: list[Running] = []

    def begin(folder: Path, *options: str, **environment: str) -> Running:
        log = tmp_path / f"log-{len(started)}"
        process = launch(folder, log, *options, **environment)
        line = process.stdout.readline() if process.stdout else b""
        assert line, f"it did not start:\n{log.read_text()}"
        running = Running(process, json.loads(line)["data"], log)
        started.append(running)
        return running

    yield begin
    for running in started:
        for pid in running.workers() if running.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        running.process.kill()
        running.process.wait()
        if running.process.stdout:
            running.process.stdout.close()


def launch(folder: Path, log: Path, *options: str, **environment: str) -> subprocess.Popen[bytes]:
    """``python -m runtime`` in ``folder`` on free ports; what it announces comes as JSON."""
    command = [sys.executable, "-m", "runtime", "--port", "0", "--grpc-port", "0", "--announce", "json", *options]
    with log.open("wb") as errors:
        return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors, env=CLEAN | environment)


def wait_for(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What ``true`` gives as soon as that is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come true within {seconds} s")


@pytest.fixture(scope="session")
def until() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="session")
def launched() -> Callable[..., subprocess.Popen[bytes]]:
    return launch


class Loading:
    """Clients in a process of their own that ask ``running`` for predictions of ``rows`` rows."""

    def __init__(self, running: Running, clients: int, seconds: float, rows: int, file: Path) -> None:
        file.write_text(json.dumps({"instances": example(running)["instances"] * rows}))
        command = [sys.executable, LOADER, str(running.port), str(clients), str(seconds), str(file)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)

    def result(self, seconds: float = 60) -> Any:
        told, _ = self._process.communicate(timeout=seconds)
        return SimpleNamespace(**json.loads(told))


@pytest.fixture
def load(tmp_path) -> Callable[..., Loading]:
    def begin(running: Running, clients: int = 32, seconds: float = 60, rows: int = 1) -> Loading:
        return Loading(running, clients, seconds, rows, tmp_path / "body.json")

    return begin


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Gives the body back, or does what the path says."""
    path, seconds = scope["path"], float(scope["query_string"] or b"0.2")
    if path == "/refuse":
        await answer(send, 413, b"no", [(b"connection", b"close")])
        return
    body, more = b"", path != "/unread"
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        body, more = body + message["body"], message["more_body"]
    if path in ODD:
        await ODD[path](send)
        return
    if path == "/slow":
        await asyncio.sleep(seconds)
    await answer(send, 200, bytes(8 << 20) if path == "/large" else body)


class Hurried:
    """`echo`, which answers what is there as a whole at once; under /later a little later, under /never not at all.

    ``waiting`` are what these wait for, and ``ends`` is how each ended: whether nobody waited for it any more.
    """

    def __init__(self) -> None:
        self.ends: list[bool] = []
        self.waiting: list[asyncio.Future[None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await echo(scope, receive, send)

    def at_once(self, target: bytes, headers: Any, body: bytes) -> Any:
        answer = (200, [(b"content-length", b"%d" % len(body))], body)
        if target not in {b"/later", b"/never"}:
            return answer if target == b"/" else None
        loop = asyncio.get_running_loop()
        outputs = loop.create_future()
        self.waiting.append(outputs)

        def finish() -> Any:
            self.ends.append(outputs.cancelled())
            return None if outputs.cancelled() else answer

        if target == b"/later":
            loop.call_later(0.2, lambda: outputs.done() or outputs.set_result(None))
        return Later(outputs, finish)


async def fail(send: Any) -> None:
    raise ValueError


async def fail_half_way(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    await send({"type": "http.response.body", "body": b"half", "more_body": True})
    raise ValueError


async def say_nothing(send: Any) -> None:
    pass


async def give_chunks(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for part in (b"one", b"", b"two"):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


ODD = {"/fail": fail, "/half": fail_half_way, "/silent": say_nothing, "/chunks": give_chunks}


async def answer(send: Any, status: int, body: bytes, headers: Any = ()) -> None:
    await send(
        {"type": "http.response.start", "status": status, "headers": [*headers, (b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


@dataclass
class Fronted:
    """A front that runs in a thread."""

    port: int
    front: Front
    loop: asyncio.AbstractEventLoop

    def call(self, work: Any) -> Any:
        """What the coroutine ``work`` gives on its loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def connect(self, seconds: float = 10.0) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port))
        connection.settimeout(seconds)
        return connection


@contextmanager
def fronting(app: Any = echo, **options: Any) -> Iterator[Fronted]:
    """``app`` behind a front on a free port."""
    loop = uvloop.new_event_loop()
    listener = listen("127.0.0.1", 0)[0]
    port = listener.getsockname()[1]
    front = Front(app, listener, Settings(**options))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    fronted = Fronted(port, front, loop)
    try:
        fronted.call(front.start())
        yield fronted
    finally:
        fronted.call(front.stop_accepting())
        fronted.call(front.finish(0))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture(scope="module")
def fronted() -> Iterator[Fronted]:
    with fronting() as one:
        yield one


@pytest.fixture(scope="module")
def hurried() -> Iterator[Fronted]:
    with fronting(Hurried(), max_body=1000) as one:
        yield one


@pytest.fixture
def own_hurried() -> Iterator[Fronted]:
    """As `hurried`, for a test that ends it."""
    with fronting(Hurried()) as one:
        yield one


@pytest.fixture
def hasty() -> Iterator[Fronted]:
    """A front that gives a request half a second to arrive."""
    with fronting(header_timeout=0.5) as one:
        yield one


@pytest.fixture
def own_front() -> Iterator[Fronted]:
    """A front that a test may end."""
    with fronting() as one:
        yield one


def all_of(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def one_response(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next response."""
    unbuffered = SimpleNamespace(makefile=lambda mode: connection.makefile(mode, buffering=0))
    response = http.client.HTTPResponse(unbuffered)
    response.begin()
    return response.status, dict(response.getheaders()), response.read()


@pytest.fixture(scope="session")
def read_all() -> Callable[[socket.socket], bytes]:
    return all_of


@pytest.fixture(scope="session")
def read_one() -> Callable[[socket.socket], tuple[int, dict[str, str], bytes]]:
    return one_response
