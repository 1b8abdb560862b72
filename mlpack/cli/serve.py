"""``mlpack serve``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from mlpack.cli.options import (
    Allow,
    Json,
    Model,
    PackingData,
    PackingFormat,
    PackingName,
    Quiet,
    RequireSandbox,
    Trust,
    TrustFile,
    Verbose,
    vouched,
)
from mlpack.cli.render import Renderer

if TYPE_CHECKING:
    from mlpack.scaffold.launch import Launch
    from mlpack.scaffold.split import Successor

_NET, _LIMITS, _ACCESS, _WATCH = "Addresses and processes", "Limits", "Access", "Operation"

Port = Annotated[
    int | None, typer.Option("--port", "-p", help="Port of REST (8080); 0 is a free one.", rich_help_panel=_NET)
]
GrpcPort = Annotated[
    int | None, typer.Option("--grpc-port", help="Port of gRPC (8081); -1 for none.", rich_help_panel=_NET)
]
Host = Annotated[
    str | None,
    typer.Option("--host", help="Address to listen on (127.0.0.1); 0.0.0.0 is every one.", rich_help_panel=_NET),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", "-w", min=1, help="Processes that serve, on one port (1).", rich_help_panel=_NET),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", min=0, help="Threads of the model in each; 0 divides the processors.", rich_help_panel=_NET
    ),
]
Batching = Annotated[
    Literal["auto", "off"] | None,
    typer.Option("--batching", help="Whether requests that wait go in as one array (auto).", rich_help_panel=_NET),
]
MaxBody = Annotated[
    int | None, typer.Option("--max-body", metavar="BYTES", help="Largest request (16 MB).", rich_help_panel=_LIMITS)
]
MaxRows = Annotated[
    int | None,
    typer.Option("--max-rows", metavar="N", help="Most rows of a request (20,000).", rich_help_panel=_LIMITS),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Longest wait for an answer (30).", rich_help_panel=_LIMITS),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file",
        metavar="FILE",
        help="The key that requests have to bring; or in MLPACK_API_KEY.",
        rich_help_panel=_ACCESS,
    ),
]
TlsCert = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="CERT.pem", help="Certificate of the service.", rich_help_panel=_ACCESS),
]
TlsKey = Annotated[
    Path | None, typer.Option("--tls-key", metavar="KEY.pem", help="Its private key.", rich_help_panel=_ACCESS)
]
TlsClientCa = Annotated[
    Path | None,
    typer.Option(
        "--tls-client-ca",
        metavar="CA.pem",
        help="Who signs the certificates that clients have to show.",
        rich_help_panel=_ACCESS,
    ),
]
Reload = Annotated[
    bool,
    typer.Option("--reload", help="Take over a bundle that replaces this one, once proven.", rich_help_panel=_WATCH),
]
LogRequests = Annotated[
    bool, typer.Option("--log-requests", help="Log every request, and not only failures.", rich_help_panel=_WATCH)
]
LogLevel = Annotated[
    Literal["debug", "info", "warning", "error"] | None,
    typer.Option("--log-level", help="Least level that is logged (info).", rich_help_panel=_WATCH),
]
OtlpEndpoint = Annotated[
    str | None,
    typer.Option("--otlp-endpoint", metavar="URL", help="Where OpenTelemetry traces go.", rich_help_panel=_WATCH),
]


def serve(  # noqa: PLR0913 - a parameter an option
    context: typer.Context,
    model: Model,
    *,
    port: Port = None,
    grpc_port: GrpcPort = None,
    host: Host = None,
    workers: Workers = None,
    threads: Threads = None,
    batching: Batching = None,
    max_body: MaxBody = None,
    max_rows: MaxRows = None,
    timeout: Timeout = None,
    api_key_file: ApiKeyFile = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_client_ca: TlsClientCa = None,
    reload: Reload = False,
    log_requests: LogRequests = False,
    log_level: LogLevel = None,
    otlp_endpoint: OtlpEndpoint = None,
    data: PackingData = None,
    name: PackingName = None,
    format_: PackingFormat = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Serve a model over REST and gRPC on this machine, until Ctrl-C.

    A model file is packed first, into the cache. Every option has a variable in the environment, such as MLPACK_PORT.

    Example: mlpack serve churn.joblib -p 9000
    """
    options = [
        *_options(port=port, grpc_port=grpc_port, host=host, workers=workers, threads=threads, batching=batching),
        *_options(max_body=max_body, max_rows=max_rows, timeout=timeout, reload=reload, log_requests=log_requests),
        *_options(api_key_file=api_key_file, tls_cert=tls_cert, tls_key=tls_key, tls_client_ca=tls_client_ca),
        *_options(log_level=log_level, otlp_endpoint=otlp_endpoint, announce=_announce(json=json, quiet=quiet)),
    ]

    renderer = Renderer("serve", json=json, quiet=quiet, verbose=verbose)
    successor = _successor(context)
    successor.options(options)
    packing = {"data": data, "name": name, "format": format_, "require_sandbox": require_sandbox}
    trusted = (trust, allow, trust_file)
    renderer.hand_over(
        f"preparing the service of {model}",
        lambda: _prepared(model, options, packing, trusted, (renderer, successor)),
        lambda launch: _start(launch, successor, silent=quiet or json),
    )


def _prepared(
    model: Path,
    options: Sequence[str],
    packing: Mapping[str, Any],
    trusted: tuple[list[str] | None, list[str] | None, Path | None],
    listening: tuple[Renderer, Successor],
) -> Launch:
    """Prepare the service; who is ``listening`` hears what goes on."""
    from mlpack.scaffold.cache import Packing
    from mlpack.scaffold.launch import prepared

    renderer, successor = listening

    def expected(format: str) -> None:
        successor.expect(format)
        successor.begin()

    flags, vouching = _flags(*trusted), vouched(*trusted)
    wanted = Packing(**packing)
    return prepared(
        model, options, **vouching, packing=wanted, flags=flags, begun=renderer.tell, expected=expected
    )  # fmt: skip


def _successor(context: typer.Context) -> Successor:
    from mlpack.scaffold.split import Successor

    return context.obj or Successor()


def _announce(*, json: bool, quiet: bool) -> str | None:
    return "json" if json else "none" if quiet else None


def _options(**given: object) -> list[str]:
    """What was given, as the service takes it. It runs in another folder, so paths are whole."""
    arguments: list[str] = []
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            arguments.append(f"{option}={value.absolute() if isinstance(value, Path) else value}")
    return arguments


def _flags(trust: list[str] | None, allow: list[str] | None, trust_file: Path | None) -> list[str]:
    """What is trusted, as flags for `mlpack scan`."""
    named = [f"--trust={one}" for one in trust or ()] + [f"--allow={one}" for one in allow or ()]
    return [*named, f"--trust-file={trust_file.absolute()}"] if trust_file else named


def _start(launch: Launch, successor: Successor, *, silent: bool) -> NoReturn:
    if launch.bundle.packed and not silent:
        typer.echo(f"{launch.bundle.proof}; the bundle is kept in {launch.bundle.path}", err=True)
        sys.stderr.flush()
    successor.serve(launch.project, launch.arguments)
