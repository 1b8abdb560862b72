"""What is told on stdout once a service is ready, or where it is not: for people, or as one JSON document for programs."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import StartError
from ..settings import Announce, Settings
from .sockets import address_of

_LONGEST = 8000
"""Characters of an example that stands in the command; a longer one is read from its file."""


def card(settings: Settings, ports: tuple[int, int], model: tuple[str, str], schema: Any) -> dict[str, Any]:
    """What is known of a service that is ready: addresses, and a command that asks it for a prediction.

    ``ports`` are those of REST and gRPC, -1 for none; ``model`` is its name and version.
    """
    scheme = "http" if settings.tls_cert is None else "https"
    rest = f"{scheme}://{address_of(settings.host, ports[0])}"
    return {
        "name": model[0],
        "version": model[1],
        "rest": rest,
        "docs": f"{rest}/docs",
        "grpc": address_of(settings.host, ports[1]) if ports[1] >= 0 else None,
        "pid": os.getpid(),
        "workers": settings.workers,
        "curl": curl(f"{rest}/predict", schema, settings),
    }


def curl(address: str, schema: Any, settings: Settings) -> str:
    """A line for a shell that sends the example of ``schema`` to ``address``. A key is named in it, and not shown."""
    parts = ["curl", address, "-H", "'content-type: application/json'"]
    if settings.api_key_file is not None:
        parts += ["-H", f'"x-api-key: $(head -n 1 {shlex.quote(str(settings.api_key_file.absolute()))})"']
    elif settings.api_key:
        parts += ["-H", '"x-api-key: $MLPACK_API_KEY"']
    if settings.tls_cert is not None:
        parts += ["--cacert", shlex.quote(str(settings.tls_cert.absolute()))]
    text = json.dumps(schema.EXAMPLE, ensure_ascii=False)
    if len(text) > _LONGEST:
        file = Path(schema.__file__).with_name("example.json").absolute()
        return " ".join([*parts, "--data-binary", shlex.quote(f"@{file}")])
    return " ".join([*parts, "-d", shlex.quote(text)])


def announce(how: Announce, told: Mapping[str, Any]) -> None:
    """Tell that the service is ready."""
    if how == "json":
        _print(_envelope(0, told, []))
    elif how == "text":
        grpc = [f"  gRPC  {told['grpc']}"] if told["grpc"] else []
        workers = f", {told['workers']} workers" if told["workers"] > 1 else ""
        _print(
            "\n".join(
                [
                    f"{told['name']} {told['version']} is served, ready after {told['seconds_to_ready']:.2f} s{workers}",
                    f"  REST  {told['rest']}",
                    f"  docs  {told['docs']}",
                    *grpc,
                    f"  stop  Ctrl-C, or kill {told['pid']}",
                    "",
                    told["curl"],
                ]
            )
        )


def complain(how: Announce, error: StartError) -> int:
    """Tell why the service cannot start: what happened, why, what to do. Returns the exit code."""
    lines = [f"error: {error.message}", *(f"  {line}" for line in error.why.splitlines())]
    if error.hint:
        lines.append(f"next: {error.hint}")
    sys.stderr.write("\n".join(lines) + "\n")
    if how == "json":
        _print(_envelope(error.exit_code, None, [as_json(error)]))
    return error.exit_code


def as_json(error: StartError) -> dict[str, Any]:
    """The error as it stands in the ``errors`` of the document."""
    return {
        "type": type(error).__name__,
        "exit_code": error.exit_code,
        "message": error.message,
        "why": error.why,
        "hint": error.hint,
        "findings": [],
    }


def from_json(told: Mapping[str, Any]) -> StartError:
    """The inverse of `as_json`."""
    return StartError(told["message"], exit_code=told["exit_code"], why=told["why"], hint=told["hint"])


def _envelope(code: int, data: Mapping[str, Any] | None, errors: list[dict[str, Any]]) -> str:
    document = {"command": "serve", "ok": code == 0, "exit_code": code, "data": data, "errors": errors}
    return json.dumps(document, ensure_ascii=False)


def _print(text: str) -> None:
    """Whoever started the service may have closed stdout: it serves all the same."""
    try:
        sys.stdout.write(text.encode(errors="replace").decode() + "\n")
        sys.stdout.flush()
    except (OSError, ValueError, UnicodeEncodeError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - what is left in its buffer is not written at the end
