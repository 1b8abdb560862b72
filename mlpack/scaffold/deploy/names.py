"""Names for clusters and registries: what a model is called there, and the image that holds it."""

from __future__ import annotations

import re
import shlex
import unicodedata
from dataclasses import dataclass

from mlpack.core.errors import UsageError
from mlpack.core.image_grammar import parts_of_image

LONGEST = 52
"""Characters that a name may have. A label of DNS has 63, and KServe adds ``-predictor`` to it."""
_LONGEST_LABEL = 63
_NO_LABEL = re.compile(r"[^a-z0-9]+")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True)
class ImageName:
    """The name of an image, with its tag, its digest, which begins with ``@``, or both; ``str()`` is how it is written."""

    name: str
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.name}{f':{self.tag}' if self.tag else ''}{self.digest}"

    @property
    def last(self) -> str:
        """The last part of its path: what it is called where the registry and its owner are known."""
        return self.name.rpartition("/")[2]


def image_name(text: str) -> ImageName:
    """The image that ``text`` names. Raises UsageError."""
    found = parts_of_image(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no name of an image",
            why="lower-case letters, digits, and . _ - between them, parts divided by /, then :TAG",
            hint="such as --image churn:1, or --image registry.example.com/risk/churn:1",
        )
    return ImageName(*found)


def dns_label(name: str) -> str:
    """``name`` as a label of DNS that begins with a letter: what every object of a cluster may be called.

    RFC 1123 (and 1035, for the names of services). Accents go, all else that a label has not becomes a hyphen. Raises
    UsageError where nothing is left, or too much.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    label = _NO_LABEL.sub("-", plain).strip("-")
    if not label:
        raise UsageError(
            f"{name!r} holds nothing that a name in a cluster can be made of",
            why="such a name has the letters a to z, digits and hyphens",
            hint="choose one: --name NAME",
        )
    label = label if label[0].isalpha() else f"model-{label}"
    if len(label) > LONGEST:
        raise UsageError(
            f"{label!r} is too long for a name in a cluster: {len(label)} characters, and there may be {LONGEST}",
            hint=f"choose a shorter one: --name {shlex.quote(label[: LONGEST // 2].strip('-'))}",
        )
    return label


def check_namespace(name: str) -> str:
    """``name``, which has to be that of a namespace as it stands: it is there already. Raises UsageError."""
    if not _LABEL.fullmatch(name) or len(name) > _LONGEST_LABEL:
        raise UsageError(
            f"{name!r} is no name of a namespace",
            why=f"it has the letters a to z, digits, hyphens between them, and at most {_LONGEST_LABEL} of them",
            hint="those that there are: kubectl get namespaces",
        )
    return name


def is_label_value(text: str) -> bool:
    """Whether ``text`` may stand in a label of an object as it is."""
    return bool(_LABEL_VALUE.fullmatch(text))
