"""What loads a service from a process of its own: wrk for HTTP, h2load for gRPC, and a generator of a constant rate."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from serving.cores import LOADER, pinned
from serving.process import HOST, NotServingError, Serving

HERE = Path(__file__).parent
TOOLS = {"wrk": "wrk", "h2load": "nghttp2-client"}
"""Each tool and the Debian package that it comes in."""
GRPC_HEADERS = {"content-type": "application/grpc", "te": "trailers"}


@dataclass(frozen=True)
class Target:
    """One request of one protocol. ``connections`` are kept busy, each with one request at a time; gRPC's are streams of one.

    ``expected`` is a number that a right answer has in it, as text.
    """

    name: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    protocol: Literal["http", "grpc"] = "http"
    connections: int = 16
    expected: float | None = None


@dataclass(frozen=True)
class Load:
    """What a service did under load. Latencies are in seconds, ``processor`` is its processor time a request."""

    rate: float
    p50: float
    p99: float
    processor: float
    memory: int = 0


def missing_tools() -> str:
    """What to type to get the tools that are not there; empty where they all are."""
    packages = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    return f"apt-get install --yes {' '.join(packages)}" if packages else ""


def load(serving: Serving, target: Target, seconds: float, folder: Path) -> Load:
    """Load ``target`` for ``seconds`` after a fifth of that for warming. Raises NotServingError where a request fails."""
    generate, port = (_wrk, serving.port) if target.protocol == "http" else (_h2load, serving.grpc_port)
    generate(port, target, max(1, seconds / 5), folder)
    before = serving.processor_seconds()
    requests, spent, p50, p99 = generate(port, target, seconds, folder)
    used = serving.processor_seconds() - before
    if not requests:
        raise NotServingError(f"{target.path}: no answer in {seconds:.0f} s")
    return Load(requests / spent, p50, p99, used / requests, serving.memory())


def median_load(loads: Sequence[Load]) -> Load:
    """The median of each figure."""
    return Load(
        statistics.median(load.rate for load in loads),
        statistics.median(load.p50 for load in loads),
        statistics.median(load.p99 for load in loads),
        statistics.median(load.processor for load in loads),
        int(statistics.median(load.memory for load in loads)),
    )


def constant_rate(serving: Serving, target: Target, rate: float, seconds: float, folder: Path) -> tuple[float, float]:
    """p50 and p99 at ``rate`` requests a second, each counted from when it should have been sent. In seconds.

    What was under way while the loader itself was halted is left out (`open_loop.py`).
    """
    (folder / "body").write_bytes(target.body)
    command = [sys.executable, str(HERE / "open_loop.py"), str(serving.port), target.path, str(folder / "body")]
    numbers = [str(rate), str(seconds), str(target.connections)]
    told = json.loads(_output([*command, *numbers, *_lines(target.headers)]))
    if told["failed"]:
        raise NotServingError(f"{target.path}: {told['failed']} of {told['requests']} requests failed")
    return told["p50"], told["p99"]


Counted = tuple[int, float, float, float]
"""Requests, seconds, and the latencies of the median and of the 99th in a hundred."""


def _wrk(port: int, target: Target, seconds: float, folder: Path) -> Counted:
    (folder / "body").write_bytes(target.body)
    threads = [
        "--threads",
        "1",
        "--connections",
        str(target.connections),
        "--duration",
        f"{max(1, round(seconds))}s",
        "--timeout",
        "30s",
    ]
    command = ["wrk", *threads, "--script", str(HERE / "post.lua"), f"http://{HOST}:{port}{target.path}", "--"]
    told = json.loads(_output([*command, str(folder / "body"), *_lines(target.headers)]).splitlines()[-1])
    if told["failed"]:
        raise NotServingError(f"{target.path}: {told['failed']} of {told['requests']} requests failed")
    return told["requests"], told["seconds"], told["p50"], told["p99"]


def _h2load(port: int, target: Target, seconds: float, folder: Path) -> Counted:
    """One message a request, with gRPC's five bytes before it, and the calls as streams of one connection, as channels do.

    Its log has a line a request: start, status, microseconds.
    """
    frame, log = folder / "frame", folder / "h2load.log"
    frame.write_bytes(b"\0" + len(target.body).to_bytes(4, "big") + target.body)
    log.unlink(missing_ok=True)
    whole = max(1, round(seconds))
    threads = ["--threads=1", "--clients=1", f"--max-concurrent-streams={target.connections}", f"--duration={whole}"]
    headers = [f"--header={line}" for line in _lines(GRPC_HEADERS)]
    _output(
        ["h2load", *threads, *headers, f"--data={frame}", f"--log-file={log}", f"http://{HOST}:{port}{target.path}"]
    )
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    if any(row[1] != "200" for row in rows):
        raise NotServingError(f"{target.path}: {sum(row[1] != '200' for row in rows)} of {len(rows)} calls failed")
    latencies = sorted(int(row[2]) / 1e6 for row in rows)
    p50, p99 = (latencies[len(rows) * percent // 100] if rows else 0.0 for percent in (50, 99))
    return len(rows), float(whole), p50, p99


def _lines(headers: Mapping[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def _output(command: Sequence[str]) -> str:
    ended = subprocess.run(pinned(LOADER, command), capture_output=True, text=True, check=False)
    if ended.returncode:
        raise NotServingError(f"{command[0]} ended with {ended.returncode}: {(ended.stderr or ended.stdout)[-300:]}")
    return ended.stdout
