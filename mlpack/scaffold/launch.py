"""What `mlpack serve` does before the service takes over: the bundle, the project that serves it, the command to start it."""

from __future__ import annotations

import importlib.util
import shlex
import socket
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlpack.core.errors import MissingLibraryError, MlpackError, UsageError
from mlpack.core.trust_file import gathered
from mlpack.runtime.errors import StartError
from mlpack.runtime.manifest import is_bundle
from mlpack.runtime.settings import Settings, key_of, parse_settings
from mlpack.scaffold.cache import Judged, Packing, bundle_for
from mlpack.scaffold.service import service_project, shared_runtime

_EXTRAS: Mapping[str, tuple[str, ...]] = {
    "serve": ("fastapi", "httptools", "msgspec", "orjson", "prometheus_client", "pydantic", "uvicorn", "uvloop"),
    "grpc": ("google.protobuf", "grpc", "grpc_health", "grpc_reflection", "grpc_tools"),
}
_SCAN = (sys.executable, "-m", "mlpack", "scan", "--quiet")


@dataclass(frozen=True)
class Launch:
    """A service that is ready to start: its bundle, and the ``arguments`` of the program in its ``project`` folder."""

    bundle: Judged
    project: Path
    arguments: tuple[str, ...]


def prepared(
    model: str | Path,
    options: Sequence[str],
    *,
    packing: Packing,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    flags: Sequence[str] = (),
    begun: Callable[[str], None] | None = None,
    expected: Callable[[str], None] | None = None,
) -> Launch:
    """Everything that can be refused is refused here, the cheapest first; then the model is packed if it has to be.

    ``options`` are those of the service; ``flags`` say to `mlpack scan` what is trusted, before a reload; ``begun`` and
    ``expected`` are told what `bundle_for` tells. Raises UsageError for options and ports that cannot be used,
    MissingLibraryError for extras that are not installed, and what `mlpack.pack` raises.
    """
    check_extras()
    settings = _settings(options)
    _check_ports(settings)
    path = Path(model)
    if settings.reload and path.exists() and not is_bundle(path):
        raise UsageError(
            "--reload is for a bundle that is replaced, and a model file is not served itself",
            hint=f"mlpack pack {shlex.quote(str(path))} -o NAME.mlpack && mlpack serve NAME.mlpack --reload",
        )

    def begins(what: str) -> None:
        threading.Thread(target=_get_ready).start()
        if begun:
            begun(what)

    bundle = bundle_for(path, gathered(trust, allow), packing, begins, expected)
    manifest = bundle.manifest
    project = service_project(manifest)
    # A bundle that may be replaced is judged by each worker before it opens it, at its start if the format may carry code,
    # and whenever it was replaced; any other has to be the one that was judged here.
    judged = (
        ("--reload-check", shlex.join([*_SCAN, *flags]))
        if settings.reload
        else ("--model-sha256", manifest.model_sha256)
    )
    return Launch(bundle, project, ("--model", str(bundle.path.absolute()), *options, *judged))


def _get_ready() -> None:
    """Make what `service_project` will need, while this process waits for those that pack. What fails fails again there."""
    with suppress(MlpackError, OSError):
        shared_runtime()
    from mlpack.scaffold import project  # noqa: F401 - and the templates' engine with it


def check_extras() -> None:
    """Raises MissingLibraryError naming the extras that a service needs and that are not there."""
    missing = {extra: [name for name in names if not _is_there(name)] for extra, names in _EXTRAS.items()}
    lacking = [extra for extra, names in missing.items() if names]
    if lacking:
        names = [name for extra in lacking for name in missing[extra]]
        raise MissingLibraryError(
            f"serving needs {', '.join(names)}, which {'are' if len(names) > 1 else 'is'} not installed",
            hint=f'pip install "mlpack-toolkit[{",".join(lacking)}]"',
        )


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False  # the package that it is in


def _settings(options: Sequence[str]) -> Settings:
    """The settings as the service will read them, environment and all. Raises UsageError."""
    try:
        settings = parse_settings(options)
        key_of(settings)
    except StartError as error:
        raise UsageError(error.message, why=error.why, hint=error.hint or "mlpack serve --help") from error
    for file in (settings.tls_cert, settings.tls_key, settings.tls_client_ca):
        if file is not None and not file.is_file():
            raise UsageError(f"{file} does not exist", hint=f"check the path: ls {shlex.quote(str(file.parent))}")
    return settings


def _check_ports(settings: Settings) -> None:
    """Raises UsageError for a port that is taken or not allowed: packing may take a while, and would be for nothing."""
    for option, port in (("-p", settings.port), ("--grpc-port", settings.grpc_port)):
        if port <= 0:
            continue
        try:
            _bind(settings.host, port)
        except OSError as error:
            raise UsageError(
                f"port {port} of {settings.host} cannot be served on",
                why=error.strerror or str(error),
                hint=f"choose another with {option}, or 0 for a free one",
            ) from error


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
