"""The options of a service: one dataclass, read from the command line and from the environment."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from .errors import StartError

Announce = Literal["text", "json", "none"]
Batching = Literal["auto", "off"]
LogLevel = Literal["debug", "info", "warning", "error"]
PREFIX = "MLPACK_"
_HIDDEN = frozenset({"api_key"})
"""What must not stand on a command line, where every user of the machine can read it."""


def _about(text: str) -> dict[str, str]:
    return {"about": text}


@dataclass(frozen=True)
class Settings:
    """How a model is served. Sizes are in bytes, times in seconds. A port of 0 is a free one, a gRPC port below 0 none."""

    model: Path = field(default=Path("model"), metadata=_about("the bundle to serve"))
    model_sha256: str = field(
        default="", metadata=_about("the SHA-256 that its model has to have, where it was judged")
    )
    host: str = field(default="127.0.0.1", metadata=_about("the address to listen on; 0.0.0.0 is every one"))
    port: int = field(default=8080, metadata=_about("the port of REST"))
    grpc_port: int = field(default=8081, metadata=_about("the port of gRPC; -1 for none"))
    workers: int = field(default=1, metadata=_about("processes that serve, on one port"))
    threads: int = field(
        default=0, metadata=_about("threads of the model in each worker; 0 divides the processors among them")
    )
    batching: Batching = field(
        default="auto", metadata=_about("auto: requests that wait go to the model as one array; off: one by one")
    )
    timeout: float = field(default=30.0, metadata=_about("the longest that a request waits for its answer"))
    max_body: int = field(default=16 << 20, metadata=_about("the largest body of a request"))
    max_rows: int = field(default=20_000, metadata=_about("the most rows of a request"))
    max_waiting: int = field(default=1024, metadata=_about("requests that may wait in each worker; more get 429"))
    header_timeout: float = field(
        default=10.0, metadata=_about("the longest that the head of a request may take to arrive")
    )
    body_timeout: float = field(
        default=20.0, metadata=_about("the longest that the body of a request may take to arrive")
    )
    drain_delay: float = field(
        default=0.0, metadata=_about("how long readiness fails before the service stops to accept")
    )
    drain_timeout: float = field(
        default=30.0, metadata=_about("the longest that requests which were accepted may take at the end")
    )
    api_key: str = field(default="", metadata=_about("a key that every request has to bring"))
    api_key_file: Path | None = field(default=None, metadata=_about("a file with that key in its first line"))
    tls_cert: Path | None = field(default=None, metadata=_about("the certificate of the service, in PEM"))
    tls_key: Path | None = field(default=None, metadata=_about("its private key, in PEM"))
    tls_client_ca: Path | None = field(
        default=None, metadata=_about("who signs the certificates that clients have to show, in PEM")
    )
    reload: bool = field(
        default=False, metadata=_about("take over a bundle that replaces this one, once it has proven itself")
    )
    reload_check: str = field(
        default="", metadata=_about("a command that has to end with 0 for a new bundle, whose path is added to it")
    )
    log_level: LogLevel = field(default="info", metadata=_about("the least level that is logged, as JSON on stderr"))
    log_requests: bool = field(default=False, metadata=_about("log every request, and not only those that fail"))
    otlp_endpoint: str = field(default="", metadata=_about("where OpenTelemetry traces go, over HTTP; none without"))
    announce: Announce = field(
        default="text", metadata=_about("how the addresses are told on stdout once the service is ready")
    )


def parse_settings(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in ``arguments``; what they leave out is taken from the environment (``MLPACK_MAX_BODY``), else the default.

    Raises StartError for an option that is none and for a value that cannot be used. Ends the process for ``--help``.
    """
    parser = _parser()
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    settings = Settings(**{**_from_environment(environment), **given})
    _check(settings)
    return settings


def key_of(settings: Settings) -> str:
    """The API key that requests have to bring; empty where there is none. Raises StartError."""
    if settings.api_key_file is None:
        return settings.api_key
    try:
        lines = settings.api_key_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or str(error) if isinstance(error, OSError) else "it is no text in UTF-8"
        raise StartError(f"{settings.api_key_file} cannot be read", exit_code=2, why=why) from error
    if not lines or not lines[0].strip():
        raise StartError(f"{settings.api_key_file} holds no key in its first line", exit_code=2)
    return lines[0].strip()


def as_arguments(settings: Settings) -> list[str]:
    """The command line that gives ``settings``, without what equals the default and without the API key."""
    arguments: list[str] = []
    for option in fields(Settings):
        value = getattr(settings, option.name)
        if value == option.default or option.name in _HIDDEN:
            continue
        flag = f"--{option.name.replace('_', '-')}"
        arguments += [flag] if value is True else [flag, str(value)]
    return arguments


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """What is wrong is told like any other reason not to start."""
        raise StartError(message, exit_code=2, hint=f"{self.prog} --help")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m runtime",
        description="Serve the model over REST and gRPC.",
        epilog=f"Every option has a variable in the environment, {PREFIX}PORT for --port; {PREFIX}API_KEY has no option.",
        allow_abbrev=False,
    )
    for option in fields(Settings):
        if option.name in _HIDDEN:
            continue
        flag, about = f"--{option.name.replace('_', '-')}", option.metadata["about"]
        if option.default is False:
            parser.add_argument(flag, action="store_true", default=None, help=about)
            continue
        choices = get_args(_CHOICES[option.name]) if option.name in _CHOICES else None
        shown = "" if option.default in {None, ""} else f" ({option.default})"
        parser.add_argument(
            flag, type=_reader(option.name), choices=choices, help=about + shown, metavar=None if choices else "X"
        )
    return parser


_CHOICES: Mapping[str, Any] = {"announce": Announce, "batching": Batching, "log_level": LogLevel}


def _reader(name: str) -> Any:
    """What makes the value of the option ``name`` from text."""
    if name in {"model", "api_key_file", "tls_cert", "tls_key", "tls_client_ca"}:
        return Path
    default = next(option.default for option in fields(Settings) if option.name == name)
    return type(default)


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for option in fields(Settings):
        variable = PREFIX + option.name.upper()
        text = environment.get(variable, "")
        if not text:
            continue
        if option.default is False:
            found[option.name] = text.lower() in {"1", "true", "yes", "on"}
            continue
        try:
            found[option.name] = _reader(option.name)(text)
        except ValueError as error:
            raise StartError(f"{variable} is {text!r}", exit_code=2, why=str(error)) from error
    return found


def _check_numbers(settings: Settings) -> None:
    for name in ("workers", "max_body", "max_rows", "max_waiting", "timeout", "header_timeout", "body_timeout"):
        if not 0 < getattr(settings, name) < math.inf:
            raise StartError(f"--{name.replace('_', '-')} has to be more than 0", exit_code=2)
    for name in ("threads", "drain_delay", "drain_timeout"):
        if not 0 <= getattr(settings, name) < math.inf:
            raise StartError(f"--{name.replace('_', '-')} has to be 0 or more", exit_code=2)


def _check(settings: Settings) -> None:
    _check_numbers(settings)
    for name, choices in _CHOICES.items():
        if getattr(settings, name) not in get_args(choices):
            raise StartError(f"{PREFIX}{name.upper()} has to be one of {', '.join(get_args(choices))}", exit_code=2)
    if not 0 <= settings.port <= _LAST_PORT or settings.grpc_port > _LAST_PORT:
        raise StartError(f"a port is a number from 0 to {_LAST_PORT}", exit_code=2)
    if settings.port == settings.grpc_port != 0:
        raise StartError(f"REST and gRPC cannot share port {settings.port}", exit_code=2, hint="--grpc-port 0")
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise StartError("TLS takes a certificate and its key", exit_code=2, hint="--tls-cert FILE --tls-key FILE")
    if settings.tls_client_ca is not None and settings.tls_cert is None:
        raise StartError("clients can show certificates only to a service that has one", exit_code=2)


_LAST_PORT = 65535
