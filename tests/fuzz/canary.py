"""A module that no list holds: whoever reaches for anything in it has left the lists."""

from __future__ import annotations

from typing import Any

reached: list[str] = []


def trip(*arguments: Any) -> None:
    """Tell that code of the file's choosing ran."""
    reached.append(f"called with {arguments!r}"[:200])


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    reached.append(f"asked for {name}")
    return trip
