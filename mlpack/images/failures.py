"""What goes wrong with an engine, in words that say what to do: every error of the SDK passes through here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from mlpack.core.errors import EngineError, MlpackError

Kind = Literal["space", "platform", "image", "login", "network", "other"]
_WORDS: Mapping[Kind, str] = {
    "space": r"no space left on device|disk quota exceeded|not enough space",
    "platform": r"does not match the specified platform|no match for platform|no matching manifest",
    "image": r"manifest (for .* )?(not found|unknown)|pull access denied|repository does not exist|no such image"
    r"|not found: manifest",
    "login": r"unauthorized|authentication required|no basic auth|access to the requested resource|denied",
    "network": r"no such host|connection refused|i/o timeout|network is unreachable|TLS handshake|connection reset"
    r"|request canceled while waiting|server misbehaving|proxyconnect|HTTP response to HTTPS client",
}
"""Words of an engine by the kind of failure that they tell; the first that is found decides."""
_HINTS: Mapping[Kind, str] = {
    "space": "make room for the engine: docker system df shows what takes it, docker system prune frees what nobody uses",
    "platform": "choose a base that there is for this platform with --base, or another --platform",
    "image": "check the name: docker pull NAME:TAG; where there is no registry, load it first: docker load -i FILE.tar",
    "login": "log in first: docker login REGISTRY",
    "network": "check the network and the proxy of the engine; an image that is loaded needs none: docker load -i FILE.tar",
    "other": "see what the engine says of itself: docker info",
}


@contextmanager
def told(doing: str, hints: Mapping[Kind, str] | None = None) -> Iterator[None]:
    """Errors of the engine in this block become EngineErrors; ``doing`` is what was tried, as "the image cannot be built".

    ``hints`` are as in `classified`.
    """
    import docker.errors
    import requests.exceptions
    import urllib3.exceptions

    try:
        yield
    except MlpackError:
        raise
    except docker.errors.APIError as error:
        raise classified(doing, str(error.explanation or error), hints) from error
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


def classified(doing: str, why: str, hints: Mapping[Kind, str] | None = None) -> EngineError:
    """The error for what the engine said, with what to do about it; ``hints`` are better ones for some kinds."""
    why = " ".join(why.split())
    kind = kind_of(why)
    return EngineError(doing, why=why, hint=(hints or {}).get(kind) or _HINTS[kind])


def kind_of(why: str) -> Kind:
    """What went wrong, by the words of the engine."""
    return next((kind for kind, words in _WORDS.items() if re.search(words, why, re.IGNORECASE)), "other")
