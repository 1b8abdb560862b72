"""The other end of `clients.lines`: starts a client in a process of its own and asks it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
_TYPES = {"float32": "FP32", "float64": "FP64", "int64": "INT64"}


class Refused(Exception):
    """What the client raised: the name of its class, and its message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


class Client:
    """A client that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, call: str, **arguments: Any) -> Any:
        """What the client answers. Raises Refused for what it raises."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"call": call, **arguments}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, f"the client ended with {self._process.wait()}"
        told = json.loads(line)
        if "error" in told:
            raise Refused(told["error"], told["message"])
        return told["answer"]


@contextmanager
def started(python: str | Path, script: str) -> Iterator[Client]:
    """The client ``script`` under the interpreter ``python``, while the block runs."""
    with subprocess.Popen(
        [str(python), str(HERE / script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Client(process)
        finally:
            process.kill()


def check_ready(client: Client, example: Any, service: Any, over: str) -> None:
    """Hold that the service and its model are there for ``client``, whose library has the names of all others for it."""
    for call, named in (
        ("is_server_live", {}),
        ("is_server_ready", {}),
        ("is_model_ready", {"model_name": example.name}),
    ):
        assert client.ask(call, over=over, at=service.at[over], **named) is True, call


def tensors(feed: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The arrays as JSON, with the protocol's names of their types. Every number is exact."""
    return {
        name: {"datatype": _TYPES.get(str(array.dtype), "BYTES"), "shape": array.shape, "data": array.tolist()}
        for name, array in feed.items()
    }
