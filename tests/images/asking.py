"""Containers of an image, run as a user might run them, and asked."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

PATIENCE = 60.0


@contextmanager
def served(engine, image, **options):
    """The container, and the address of its REST service, once it is ready."""
    ports = {"8080/tcp": ("127.0.0.1", None), "8081/tcp": ("127.0.0.1", None)}
    container = engine.containers.run(image, detach=True, ports=ports, **options)
    try:
        container.reload()
        address = f"http://127.0.0.1:{container.ports['8080/tcp'][0]['HostPort']}"
        await_ready(address, lambda: container.logs().decode())
        yield container, address
    finally:
        container.remove(force=True, v=True)


def await_ready(address, log):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
                return answer.read()
        except (OSError, urllib.error.HTTPError):
            assert time.monotonic() < until, log()
            time.sleep(0.05)


def predicted(address, instances):
    body = json.dumps({"instances": instances}).encode()
    request = urllib.request.Request(f"{address}/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["predictions"]


def said(container, *command, user=None):
    """What a command in the container prints. It has to succeed."""
    code, output = container.exec_run(list(command), user=user or "")
    assert code == 0, output.decode()
    return output.decode().strip()
