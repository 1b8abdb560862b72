"""Where the container engine listens, as the docker command finds it: DOCKER_HOST, else a context, else the machine's socket.

The SDK knows contexts only where there is a ``config.json`` beside them, and takes one that is missing for the default.
https://github.com/docker/cli/blob/master/cli/context/store/doc.go
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from mlpack.core.errors import EngineError

DEFAULT = "unix:///var/run/docker.sock"
_FILES = {"ca_cert": "ca.pem", "cert": "cert.pem", "key": "key.pem"}


def engine_address() -> tuple[str, Any]:
    """The address, and the TLS settings of the SDK or None. Raises EngineError."""
    if os.environ.get("DOCKER_HOST"):
        return _from_environment()
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    name = os.environ.get("DOCKER_CONTEXT") or _in_use(folder)
    if name in {"", "default"}:
        return DEFAULT, None
    place = hashlib.sha256(name.encode()).hexdigest()
    try:
        told = json.loads((folder / "contexts" / "meta" / place / "meta.json").read_bytes())
        endpoint = told["Endpoints"]["docker"]
        host, lenient = str(endpoint["Host"]), bool(endpoint.get("SkipTLSVerify"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise EngineError(f"the docker context {name!r} cannot be read", why=why, hint="docker context ls") from error
    return host, _tls(folder / "contexts" / "tls" / place / "docker", lenient=lenient)


def _from_environment() -> tuple[str, Any]:
    import docker.errors
    from docker.utils import kwargs_from_env

    try:
        found = kwargs_from_env()
    except docker.errors.DockerException as error:  # certificates that are not there
        why = " ".join(str(error).split())
        raise EngineError(
            "the TLS settings of DOCKER_HOST cannot be used", why=why, hint="check DOCKER_CERT_PATH"
        ) from error
    return str(found["base_url"]), found.get("tls")


def _in_use(folder: Path) -> str:
    """The context that the user chose; empty where none was."""
    try:
        return str(json.loads((folder / "config.json").read_bytes()).get("currentContext", ""))
    except (OSError, ValueError, AttributeError):
        return ""  # docker itself goes on without


def _tls(folder: Path, *, lenient: bool) -> Any:
    paths = {name: folder / file for name, file in _FILES.items()}
    if not any(path.is_file() for path in paths.values()):
        return None
    import docker.tls

    pair = (str(paths["cert"]), str(paths["key"])) if paths["cert"].is_file() and paths["key"].is_file() else None
    ca = str(paths["ca_cert"]) if paths["ca_cert"].is_file() else None
    return docker.tls.TLSConfig(client_cert=pair, ca_cert=ca, verify=not lenient)
