"""Symbols in place of what a pickle would import and call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlpack.core.errors import UnsafeFileError
from mlpack.scan.pickles.machine import Role


@dataclass(eq=False, slots=True)
class Name:
    """``module.name``, referred to and not imported."""

    module: str
    name: str

    @property
    def qualified(self) -> str:
        """The dotted name."""
        return f"{self.module}.{self.name}"


@dataclass(eq=False, slots=True)
class Call:
    """What ``target(*arguments, **keywords)`` would make, with the state and items set on it afterwards."""

    role: Role
    target: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    state: Any = None
    items: list[Any] | None = None
    pairs: list[tuple[Any, Any]] | None = None


@dataclass(eq=False, slots=True)
class Persistent:
    """What lies outside of the pickle under ``identifier``."""

    identifier: Any


Use = tuple[str, str]
"""A qualified name and its role: ``called``, ``built`` or ``referred``."""


class Symbols:
    """The builder that makes symbols and lists every use of a name with the offset at which the name stands."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        """Qualified names and the offset of the first mention of each."""
        self.roles: set[Use] = set()

    def name(self, module: str, name: str, offset: int) -> Name:
        """A Name."""
        found = Name(module, name)
        self.names.setdefault(found.qualified, offset)
        self.roles.add((found.qualified, "referred"))
        return found

    def call(self, role: Role, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """A Call."""
        if isinstance(target, Name):
            self.roles.add((target.qualified, role))
        return Call(role, target, arguments, keywords)

    def build(self, made: Any, state: Any) -> Any:
        """``made`` with its state noted.

        Raises UnsafeFileError where the state of a class is set, or one object's state twice: no pickler does either.
        """
        if isinstance(made, Name):
            raise _unsafe(f"it changes {made.qualified} itself")
        if isinstance(made, Call):
            if made.state is not None:
                raise _unsafe("it sets the state of one object twice")
            made.state = state
        return made

    def extend(self, made: Any, items: Sequence[Any]) -> None:
        """Note ``items``."""
        if isinstance(made, Call):
            made.items = made.items or []
            made.items.extend(items)

    def update(self, made: Any, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Note ``pairs``."""
        if isinstance(made, Call):
            made.pairs = made.pairs or []
            made.pairs.extend(pairs)

    def persistent(self, identifier: Any) -> Persistent:
        """A Persistent."""
        return Persistent(identifier)

    def is_made(self, value: Any) -> bool:
        """Whether ``value`` is a symbol."""
        return isinstance(value, Name | Call | Persistent)


def _unsafe(why: str) -> UnsafeFileError:
    return UnsafeFileError("the pickle is refused", why=why, hint="do not load this file")


_RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__"})


def class_of(value: Any) -> Name | None:
    """The class of the object that ``value`` stands for: the name called, seen through copyreg and bound methods."""
    for _ in range(8):
        if isinstance(value, Name):
            return value
        if isinstance(value, Persistent):
            # torch before 1.6 writes a module's class as ("module", class, file, source).
            identifier = value.identifier
            is_class = isinstance(identifier, tuple) and len(identifier) == 4 and identifier[0] == "module"
            value = identifier[1] if is_class else None
            continue
        if not isinstance(value, Call):
            return None
        target = value.target
        qualified = target.qualified if isinstance(target, Name) else ""
        through_first = qualified in _RECONSTRUCTORS or qualified == "builtins.getattr"
        value = value.arguments[0] if through_first and value.arguments else target
    return None


def attributes_of(value: Any) -> dict[Any, Any]:
    """The instance attributes set by a state: a dict, or the pair of a dict and slots that protocol 2 writes."""
    if not isinstance(value, Call):
        return {}
    state = value.state
    if isinstance(state, tuple) and len(state) == 2 and all(part is None or isinstance(part, dict) for part in state):
        return {**(state[0] or {}), **(state[1] or {})}
    return state if isinstance(state, dict) else {}
