"""Compares what mlpack requires, by its own metadata, with what is installed. Imports none of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, assert_never

if TYPE_CHECKING:
    from packaging.requirements import Requirement

DISTRIBUTION = "mlpack-toolkit"

_SAME_LIBRARY = {"tensorflow-cpu": ("tensorflow",), "xgboost-cpu": ("xgboost",)}
"""Other distributions that bring the same import package."""

_EVERYTHING = "all"
"""The extra that is made of the others: it says nothing about who needs a library."""

State = Literal["ok", "missing", "unfit"]


@dataclass(frozen=True)
class Library:
    """A distribution that mlpack or one of its extras requires. ``version`` is empty where it is not installed.

    ``extras`` are those that bring it, the smallest first; none for a base requirement. ``bounds`` is the version specifier.
    """

    name: str
    version: str
    bounds: str
    extras: tuple[str, ...]
    state: State

    @property
    def install(self) -> str:
        """What to type to get it, empty where nothing is wrong."""
        match self.state:
            case "ok":
                return ""
            case "missing":
                return (
                    f"pip install '{DISTRIBUTION}[{self.extras[0]}]'" if self.extras else f"pip install {self._pinned}"
                )
            case "unfit":
                return f"pip install {self._pinned}"
        assert_never(self.state)

    @property
    def _pinned(self) -> str:
        return f"'{self.name}{self.bounds}'"

    def to_json(self) -> dict[str, Any]:
        """The library as JSON-ready values."""
        return {
            "name": self.name,
            "version": self.version or None,
            "bounds": self.bounds,
            "extras": list(self.extras),
            "state": self.state,
            "install": self.install,
        }


def installed_libraries() -> tuple[Library, ...]:
    """Every distribution that mlpack's metadata names, base requirements first.

    Empty where mlpack runs from a source tree that was never installed: then it has no metadata.
    """
    try:
        own = metadata.metadata(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return ()
    bounds: dict[str, Any] = {}
    brought: dict[str, list[str]] = {}
    for requirement, extra in _requirements(own.get_all("Provides-Extra") or []):
        name = requirement.name
        bounds[name] = bounds.get(name, requirement.specifier) & requirement.specifier
        brought.setdefault(name, []).extend([extra] if extra else [])
    size = Counter(extra for extras in brought.values() for extra in extras)
    found = [
        _library(name, bounds[name], tuple(sorted(extras, key=lambda extra: (size[extra], extra))))
        for name, extras in brought.items()
    ]
    return tuple(sorted(found, key=lambda library: (library.extras[:1], library.name.lower())))


def _requirements(extras: list[str]) -> Iterator[tuple[Requirement, str]]:
    """Each requirement that holds on this machine, with the extra that brings it, once an extra."""
    from packaging.requirements import Requirement

    for text in metadata.requires(DISTRIBUTION) or []:
        requirement = Requirement(text)
        if requirement.name == DISTRIBUTION:
            continue  # an extra made of other extras
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement, ""
        else:
            asked = [extra for extra in extras if extra != _EVERYTHING]
            yield from ((requirement, extra) for extra in asked if requirement.marker.evaluate({"extra": extra}))


def _library(name: str, bounds: Any, extras: tuple[str, ...]) -> Library:
    for candidate in (name, *_SAME_LIBRARY.get(name, ())):
        try:
            version = metadata.version(candidate)
        except metadata.PackageNotFoundError:
            continue
        state: State = "ok" if bounds.contains(version, prereleases=True) else "unfit"
        return Library(candidate, version, str(bounds), extras, state)
    return Library(name, "", str(bounds), extras, "missing")
