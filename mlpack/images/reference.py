"""Names of images, ``registry:5000/team/model:tag``, by the grammar of the distribution project.

https://github.com/distribution/reference/blob/main/reference.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlpack.core.errors import UsageError

_SCHEME = "docker://"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_MOST_SIGNS = 255
_EXAMPLE = "name:tag, such as churn:1 or registry.example.com:5000/team/churn:1.2"


@dataclass(frozen=True)
class Reference:
    """An image by its name. ``tag`` is ``latest`` where none was given, as everywhere; ``digest`` begins with ``@``."""

    repository: str
    tag: str = "latest"
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.repository}{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def reference_of(text: str) -> Reference:
    """The parts of the name of an image. Raises UsageError."""
    found = _REFERENCE.fullmatch(text)
    if found is None or len(found["repository"]) > _MOST_SIGNS:
        raise UsageError(f"{text!r} is no name of an image", why=_reason(text), hint=f"a name is {_EXAMPLE}")
    return Reference(found["repository"], found["tag"] or "latest", found["digest"] or "")


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
    if text != text.lower() and _REFERENCE.fullmatch(text.lower()):
        return "a repository is in lower case"
    if "://" in text:
        return "it is an address: a name of an image has no scheme"
    if any(sign.isspace() for sign in text):
        return "it has a space in it"
    return "" if text else "it is empty"
