"""The build context of an image: Dockerfile, requirements, service and model, by their path in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlpack
from mlpack.core.errors import UsageError
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.folder import Files
from mlpack.scaffold.project import runtime_files, service_files
from mlpack.scaffold.templates import folder, render

USER = 10001
"""Whom the service runs as, in any image: a number that no account of a base has."""
_PIP_ARGUMENTS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")
"""What pip reads from its environment, where it asks an index from inside the build."""
_ARGUMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_NO_ARGUMENT = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "FTP_PROXY"})
"""Docker hands these to every step by itself, and keeps them out of the history unless they are declared."""


@dataclass(frozen=True)
class Recipe:
    """What an image is built from. ``base`` is its reference, ``python`` the version that ``requirements`` are pinned for.

    ``wheels`` are installed with no index; without them pip asks one. ``labels`` and ``arguments`` are the user's own. A base
    for ``gpu`` has CUDA and no Python, and gets that of its distribution.
    """

    base: str
    python: str
    requirements: str
    wheels: Sequence[Path] = ()
    labels: Mapping[str, str] | None = None
    arguments: Sequence[str] = ()
    base_digest: str = ""
    gpu: bool = False


def context_files(manifest: Manifest, recipe: Recipe) -> Files:
    """The whole context: equal for equal bundles and recipes, byte for byte.

    Raises UsageError for labels and arguments that are none, CorruptFileError as `mlpack.scaffold` does.
    """
    context = {
        "title": _one_line(f"The service of {manifest.name} {manifest.version}"),
        "base": recipe.base,
        "origin": "python" if recipe.gpu else "${BASE}",
        "python": recipe.python,
        "wheels": bool(recipe.wheels),
        "hashes": "--hash=" in recipe.requirements,
        "arguments": _arguments(recipe.arguments, () if recipe.wheels else _PIP_ARGUMENTS),
        "labels": [(name, quoted(value)) for name, value in sorted(labels_of(manifest, recipe).items())],
        "user": USER,
    }
    own = {
        ".dockerignore": render("docker/dockerignore.j2", context),
        "Dockerfile": render("docker/Dockerfile.gpu.j2" if recipe.gpu else "docker/Dockerfile.j2", context),
        "requirements.txt": recipe.requirements,
    }
    return {
        **{path: text.encode() for path, text in own.items()},
        "slim.py": folder() / "docker" / "slim.py",
        **{f"service/{path}": content for path, content in _service(manifest).items() if _runs(path)},
        **{f"model/{path.name}": path for path in sorted(manifest.folder.iterdir())},
        **{f"wheels/{path.name}": path for path in recipe.wheels},
    }


def _service(manifest: Manifest) -> Files:
    return {**service_files(manifest), **runtime_files()}


def labels_of(manifest: Manifest, recipe: Recipe) -> dict[str, str]:
    """What the image says of itself: OCI's own names where there are such, and the proof. Raises UsageError."""
    document: Mapping[str, Any] = manifest.document
    own = {
        "mlpack.model.format": manifest.model_format,
        "mlpack.model.sha256": manifest.model_sha256,
        "mlpack.parity": str(document["parity"]["verdict"]),
        "mlpack.source.sha256": str(document["source"]["sha256"]),
        "mlpack.version": mlpack.__version__,
        "org.opencontainers.image.base.name": recipe.base.partition("@")[0],
        "org.opencontainers.image.title": manifest.name,
        "org.opencontainers.image.version": manifest.version,
    }
    if recipe.base_digest:
        own["org.opencontainers.image.base.digest"] = recipe.base_digest
    for name in recipe.labels or {}:
        if not _LABEL.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a label", hint="--label org.opencontainers.image.vendor=ACME")
    return {**own, **(recipe.labels or {})}


def quoted(value: str) -> str:
    """``value`` in double quotes, as a Dockerfile has it: nothing in it is a variable, an escape or a second line."""
    escaped = _one_line(value).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    return f'"{escaped}"'


def _arguments(given: Sequence[str], more: Sequence[str]) -> list[str]:
    for name in given:
        if not _ARGUMENT.fullmatch(name):
            raise UsageError(f"{name!r} is no name of a build argument", hint="--build-arg NAME=VALUE")
    own = [name for name in given if name.upper() not in _NO_ARGUMENT]
    return sorted({*more, *own})


def _runs(path: str) -> bool:
    """Whether a file of the service is there to be run, and not for type checkers."""
    return not path.endswith(".pyi")


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)
