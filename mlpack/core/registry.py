"""Finds the formats, frameworks and converters: one declared object a file, plus plug-ins by entry point."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from mlpack.core.errors import MlpackError


@dataclass(frozen=True)
class BrokenPlugin:
    """An entry point that could not be used, and why; `mlpack doctor` lists them."""

    group: str
    name: str
    reason: str


@dataclass(frozen=True)
class Registry:
    """The declared objects of one package by name, in alphabetical order of their files."""

    entries: dict[str, Any]
    broken: tuple[BrokenPlugin, ...] = field(default=())


@cache
def registry(package: str, attribute: str) -> Registry:
    """Walk ``package`` and take the object called ``attribute`` from each file, then from entry points.

    The entry point group is the package's own name (``mlpack.formats``). A duplicate name in the package itself raises
    MlpackError; a plug-in that is broken or takes a name in use warns and is listed as broken.
    """
    entries: dict[str, Any] = {}
    for one in own(package, attribute):
        if one.name in entries:
            raise MlpackError(f"two files in {package} declare {one.name!r}", why="names are unique")
        entries[one.name] = one
    return Registry(entries, _add_plugins(package, entries))


def own(package: str, attribute: str) -> Iterator[Any]:
    """The objects of the files of ``package`` itself, in their order; a file is imported when it is asked for."""
    folder = importlib.import_module(package)
    for module in pkgutil.iter_modules(folder.__path__):
        yield getattr(importlib.import_module(f"{package}.{module.name}"), attribute)


def declared(package: str, attribute: str, name: str) -> Any:
    """What the file of ``package`` called ``name`` declares under that name; None where there is none.

    The other files are not imported for it, and no plug-in may take such a name.
    """
    whole = f"{package}.{name}"
    if not name.isidentifier():
        return None
    try:
        found = getattr(importlib.import_module(whole), attribute, None)
    except ModuleNotFoundError as error:
        if error.name != whole:
            raise
        return None
    return found if found is not None and found.name == name else None


@cache
def _points() -> Any:
    """The entry points of all that is installed, which has to be read whole for any group of them."""
    return entry_points()


def _add_plugins(group: str, entries: dict[str, Any]) -> tuple[BrokenPlugin, ...]:
    """Add what other distributions declare under ``group`` to ``entries``; name those that cannot be used."""
    broken: list[BrokenPlugin] = []
    for point in _points().select(group=group):
        reason = ""
        try:
            declared = point.load()
            if declared.name in entries:
                reason = f"the name {declared.name!r} is taken"
            else:
                entries[declared.name] = declared
        except Exception as error:  # noqa: BLE001 - a plug-in is a stranger's code: whatever it raises, mlpack goes on without it
            reason = f"{type(error).__name__}: {error}"
        if reason:
            broken.append(BrokenPlugin(group, point.name, reason))
            warnings.warn(f"plug-in {point.name} of {group} is left out: {reason}", stacklevel=2)
    return tuple(broken)
