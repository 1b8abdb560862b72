"""What goes wrong with an engine, in words that say what to do: every error of the SDK passes through here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlpack.core.errors import EngineError, MlpackError

_NO_SPACE = re.compile(r"no space left on device|disk quota exceeded|not enough space", re.IGNORECASE)
_NO_NETWORK = re.compile(
    r"no such host|connection refused|i/o timeout|network is unreachable|TLS handshake|request canceled while waiting"
    r"|connection reset|server misbehaving|proxyconnect",
    re.IGNORECASE,
)
_NO_IMAGE = re.compile(
    r"manifest (for .* )?(not found|unknown)|pull access denied|repository does not exist|no such image|not found: manifest",
    re.IGNORECASE,
)
_NO_LOGIN = re.compile(
    r"unauthorized|authentication required|no basic auth|access to the requested resource|denied", re.IGNORECASE
)
_NO_PLATFORM = re.compile(
    r"does not match the specified platform|no match for platform|no matching manifest", re.IGNORECASE
)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Errors of the engine in this block become EngineErrors; ``doing`` is what was tried, as "the image cannot be built"."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    try:
        yield
    except MlpackError:
        raise
    except docker.errors.APIError as error:
        raise classified(doing, str(error.explanation or error)) from error
    except requests.exceptions.Timeout as error:
        raise EngineError(doing, why="the engine does not answer", hint="see what it does: docker info") from error
    except (
        docker.errors.DockerException,
        requests.exceptions.RequestException,
        urllib3.exceptions.HTTPError,
    ) as error:
        raise EngineError(
            doing, why=f"the connection to the engine broke off: {error}", hint="see whether it still runs: docker info"
        ) from error


@contextmanager
def passed_over() -> Iterator[None]:
    """What the engine does wrong in this block is not told: another error is on its way, and tells more."""
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException, urllib3.exceptions.HTTPError):
        return  # such as an engine that has ended, or an image that something else has begun to use


def classified(doing: str, why: str) -> EngineError:
    """The error for what the engine said, with what to do about it."""
    why = " ".join(why.split())
    return EngineError(doing, why=why, hint=_advice(why))


def _advice(why: str) -> str:
    if _NO_SPACE.search(why):
        return (
            "make room for the engine: docker system df shows what takes it, docker system prune frees what nobody uses"
        )
    if _NO_PLATFORM.search(why):
        return "choose a base that there is for this platform with --base, or another --platform"
    if _NO_IMAGE.search(why):
        return (
            "check the name: docker pull NAME:TAG; where there is no registry, load it first: docker load -i FILE.tar"
        )
    if _NO_LOGIN.search(why):
        return "log in first: docker login REGISTRY"
    if _NO_NETWORK.search(why):
        return (
            "check the network and the proxy of the engine; an image that is loaded needs none: docker load -i FILE.tar"
        )
    return "see what the engine says of itself: docker info"
