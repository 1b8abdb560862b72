"""The names that model files may use, a data file for each library: ``(module, name)`` and its roles.

The files are written by ``scripts/list_names.py`` from real models of real libraries, and reviewed as a diff. A file holds the
``library``, the ``versions`` it was seen in, and ``names``: ``module:name:role`` with the versions that use it. What a name
means that is in no list is said in `mlpack.scan.lists.unlisted`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from mlpack.core.finding import Severity
from mlpack.core.trust import Role
from mlpack.scan.lists.unlisted import meaning_of

PYTHON = "python"
"""The list of Python's own library."""

_NOTHING: frozenset[Role] = frozenset()
_LONGEST = 100


@dataclass(frozen=True)
class Names:
    """The list of one library."""

    library: str
    versions: tuple[str, ...]
    roles: Mapping[tuple[str, str], frozenset[Role]]
    owners: frozenset[tuple[str, str]]
    """Classes whose methods are listed."""


def roles_of(module: str, name: str) -> frozenset[Role]:
    """The roles in which a model file may use ``module.name``: none for a name that is in no list."""
    module = canonical(module)
    listed = names_of(list_of(module))
    return _NOTHING if listed is None else listed.roles.get((module, name), _NOTHING)


def owns_names(module: str, name: str) -> bool:
    """Whether a list holds a method of the class ``module.name``, as ``Class.method``."""
    module = canonical(module)
    listed = names_of(list_of(module))
    return listed is not None and (module, name) in listed.owners


def severity_of(module: str, name: str, role: Role) -> Severity:
    """What it means that ``module.name`` is in no list, or not in that role."""
    module = canonical(module)
    return meaning_of(list_of(module), module, name, role)


def canonical(module: str) -> str:
    """The name of a module in the lists.

    ``numpy.core`` is what NumPy 1 calls ``numpy._core``. What scikit-learn 1.4 to 1.7 compiled of its losses calls itself
    ``_loss``, as if it stood alone.
    """
    if module == "_loss":
        return "sklearn._loss._loss"
    return f"numpy._core{module[10:]}" if module == "numpy.core" or module.startswith("numpy.core.") else module


def list_of(module: str) -> str:
    """Which list a module belongs to: its top-level package, or Python's own."""
    package = module.partition(".")[0]
    return PYTHON if package in sys.stdlib_module_names and package != "__main__" else package


@cache
def names_of(package: str) -> Names | None:
    """The list of a library by its import package; None where there is none."""
    if not package.isidentifier() or len(package) > _LONGEST:
        return None  # no name of a file
    file = files(__name__) / f"{package}.json"
    if not file.is_file():
        return None
    return _parse(json.loads(file.read_text(encoding="utf-8")))


def _parse(document: Mapping[str, Any]) -> Names:
    roles: dict[tuple[str, str], set[Role]] = {}
    for use in document["names"]:
        module, name, role = use.split(":")
        roles.setdefault((module, name), set()).add(role)
    return Names(
        library=document["library"],
        versions=tuple(document["versions"]),
        roles={key: frozenset(found) for key, found in roles.items()},
        owners=frozenset((module, name.rpartition(".")[0]) for module, name in roles if "." in name),
    )
