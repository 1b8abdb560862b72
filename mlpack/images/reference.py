"""Names of images, ``registry:5000/team/model:tag``, as the engine is asked for them."""

from __future__ import annotations

from dataclasses import dataclass

from mlpack.core.errors import UsageError
from mlpack.core.image_grammar import parts_of_image

_SCHEME = "docker://"
_EXAMPLE = "name:tag, such as churn:1 or registry.example.com:5000/team/churn:1.2"


@dataclass(frozen=True)
class Reference:
    """An image by its name. ``tag`` is ``latest`` where none was given, as everywhere; ``digest`` begins with ``@``."""

    repository: str
    tag: str = "latest"
    digest: str = ""

    @property
    def registry(self) -> str:
        """Where it is pushed to; empty where the name says none, which is Docker Hub."""
        first, slash, _ = self.repository.partition("/")
        return first if slash and (first == "localhost" or "." in first or ":" in first) else ""

    def __str__(self) -> str:
        return f"{self.repository}{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def reference_of(text: str) -> Reference:
    """The parts of the name of an image. Raises UsageError."""
    found = parts_of_image(text)
    if found is None:
        raise UsageError(f"{text!r} is no name of an image", why=_reason(text), hint=f"a name is {_EXAMPLE}")
    repository, tag, digest = found
    return Reference(repository, tag or "latest", digest)


def tag_of(text: str) -> Reference:
    """A name that an image can be given: one without a digest. Raises UsageError."""
    reference = reference_of(text)
    if reference.digest:
        raise UsageError(f"{text!r} has a digest, which follows from what is built", hint=f"a name is {_EXAMPLE}")
    return reference


def image_in(address: str) -> Reference:
    """The image in ``docker://name:tag``. Raises UsageError."""
    return reference_of(address.removeprefix(_SCHEME))


def _reason(text: str) -> str:
    if text != text.lower() and parts_of_image(text.lower()):
        return "a repository is in lower case"
    if "://" in text:
        return "it is an address: a name of an image has no scheme"
    if any(sign.isspace() for sign in text):
        return "it has a space in it"
    return "" if text else "it is empty"
