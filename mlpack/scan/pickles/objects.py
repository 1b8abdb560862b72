"""Real objects in place of symbols: the loader's builder, which uses only the names that the gate lets through."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from operator import attrgetter
from sys import intern
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

import numpy as np

from mlpack.core.errors import UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.core.trust import Role, Use
from mlpack.scan.lists import canonical
from mlpack.scan.pickles.arguments import BINDER, HELD_BACK, PARTIAL, Check, builds_of, check_of, partial_of
from mlpack.scan.pickles.array_guard import ArrayGuard
from mlpack.scan.pickles.gate import Gate, finding_of
from mlpack.scan.pickles.hot import Deed
from mlpack.scan.pickles.soundness import Reason, checks_of, reason
from mlpack.scan.pickles.states import is_shared, wrong_key, wrong_partial, wrong_state
from mlpack.scan.plainly import shown
from mlpack.scan.rules import Rule, pickles

_INDIRECT, _INDIRECTLY = (BINDER, PARTIAL), (getattr, partial)
_CALLED: frozenset[Role] = frozenset({"called"})
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict, set, frozenset, bytearray})

_CODE = frozenset({type, ModuleType, FunctionType, BuiltinFunctionType, MethodType})


@dataclass(frozen=True, eq=False, slots=True)
class Target:
    """A name that may be called or built but not passed on: what a file would get hold of is this, not the object."""

    module: str
    name: str
    value: Any
    roles: frozenset[Role]
    check: Check | None = None
    qualified: str = ""

    builds: int = 0
    """How many of its arguments are classes that it makes an object of."""

    @property
    def is_handed_out(self) -> bool:
        """Whether the file gets hold of the object itself."""
        return "referred" in self.roles and self.qualified not in HELD_BACK


_OF_TENSORS = frozenset({"torch._tensor", "torch._utils"})
_STORAGE = ("torch.storage", "_load_from_bytes")
"""What rebuilds tensors, and the call that holds their bytes outside of torch's own files: it is allowed by name alone."""
_STATELESS = _PLAIN | _CODE | {Target}


class Objects:
    """Imports, calls and builds what the gate lets through, and raises UnsafeFileError with the finding for all else.

    Raises what importing raises, and what the libraries' own constructors raise.
    """

    carry = None

    def __init__(self, name: str, gate: Gate) -> None:
        self._file = name
        self._gate = gate
        self.arrays = ArrayGuard(name)
        self._targets: dict[tuple[str, str], Target] = {}
        self._stated: dict[int, Any] = {}
        """What was given a state, by identity, and held so that no other object gets that identity."""
        self._referred: dict[int, Target] = {}
        """Names that were handed out as the objects they are, by their identity; each is held by its Target."""
        self._watched: dict[int, Any] = {}
        """Objects that are looked at when all of the file is there, by their identity."""

    def name(self, module: str, name: str, offset: int) -> Any:
        """The object itself where it may be referred to, else a Target."""
        target = self._targets.get((module, name))
        if target is None:
            roles = self._gate.roles(module, name)
            if (module, name) in _INDIRECT:
                roles = _CALLED
            if not roles and not self._gate.owns_names(module, name):
                self._refuse(finding_of(Use(module, name, "referred"), offset))
            qualified = f"{module}.{name}"
            if module in _OF_TENSORS and not self._gate.roles(*_STORAGE):
                self._misdeed(pickles.CALL, f"it rebuilds a tensor, by {qualified}, and holds none")
            target = Target(
                module=module,
                name=name,
                value=_resolved(module, name),
                roles=roles,
                check=check_of(module, name),
                qualified=qualified,
                builds=builds_of(module, name),
            )
            self._targets[module, name] = target
            if target.is_handed_out:
                self._referred[id(target.value)] = target
        return target.value if target.is_handed_out else target

    def call(self, role: Deed, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """What the call makes."""
        named = target if target.__class__ is Target else self._referred.get(id(target))
        if named is None:
            self._misdeed(pickles.CALL, f"it calls a {type(target).__name__} that it made itself")
        if role not in named.roles:
            self._refuse(finding_of(Use(named.module, named.name, role), None))
        if named.check is not None and not named.check(arguments, self._name_of):
            self._misdeed(pickles.ARGUMENT, f"it calls {named.module}.{named.name} as no library does")
        if role == "built":
            return _built(named.value, arguments, keywords)
        if named.value in _INDIRECTLY:
            return self._bound(arguments) if named.value is getattr else self._partial(arguments)
        if named.builds:
            kinds = [self._to_build(kind, named) for kind in arguments[: named.builds]]
            arguments = (*kinds, *arguments[named.builds :])
        if self.arrays.fresh:
            self.arrays.used(arguments)
        made = named.value(*arguments, **keywords)
        if isinstance(made, np.dtype):
            self.arrays.made(made)
        if checks_of(type(made)) is not None:
            self._watch(made)
        return made

    def build(self, made: Any, state: Any) -> Any:
        """``made`` with its state set, as pickle sets it; the method that does so is its class's own."""
        kind = type(made)
        if kind in _STATELESS or id(made) in self._referred or is_shared(kind.__name__):
            self._misdeed(pickles.STATE, "it sets the state of a name, a plain value, code, or what a library shares")
        if id(made) in self._stated:
            self._misdeed(pickles.STATE, f"it sets the state of one {kind.__qualname__} twice")
        self._stated[id(made)] = made
        if issubclass(kind, np.dtype):
            return self.arrays.dtype(made, state)
        if issubclass(kind, np.ndarray):
            self.arrays.check(made, state)
        if kind is np.ndarray:
            made.__setstate__(state)
            return made
        wrong = wrong_partial(made.func, state) if kind is partial else wrong_state(kind.__module__, state)
        if wrong:
            self._misdeed(pickles.STATE, wrong)
        checks = checks_of(kind)
        if checks is not None:
            self._sound(checks.before, state)
        setstate = getattr(kind, "__setstate__", None)
        if setstate is not None:
            setstate(made, state)
        else:
            self._set_attributes(made, state)
        if checks is not None:
            self._watch(made)
        return made

    def _set_attributes(self, made: Any, state: Any) -> None:
        """What pickle does for a class that does not say how its state is set."""
        kind = type(made)
        slots: dict[Any, Any] = {}
        if isinstance(state, tuple) and len(state) == 2:
            state, slots = state
        if state:
            if not isinstance(state, dict):
                self._misdeed(pickles.STATE, f"it sets a {type(state).__name__} as the state of a {kind.__qualname__}")
            # As C pickle does: names of attributes are interned, which is how Python finds them fastest.
            made.__dict__.update({intern(name) if type(name) is str else name: state[name] for name in state})
        for name, value in (slots or {}).items():
            if not isinstance(name, str) or name.startswith("__"):
                self._misdeed(pickles.STATE, f"it sets {shown(name)} of an object of {kind.__qualname__}")
            setattr(made, name, value)

    def extend(self, made: Any, items: Sequence[Any]) -> None:
        """Add ``items`` to an object of a subclass of list, deque or set."""
        if isinstance(made, list | deque):
            made.extend(items)
        elif isinstance(made, set):
            made.update(items)
        else:
            self._misdeed(pickles.STATE, f"it adds items to an object of {type(made).__qualname__}")

    def update(self, made: Any, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Set items of an object of a subclass of dict."""
        if not isinstance(made, dict):
            self._misdeed(pickles.STATE, f"it sets keys of an object of {type(made).__qualname__}")
        wrong = wrong_key(type(made).__module__, pairs)
        if wrong:
            self._misdeed(pickles.STATE, wrong)
        for key, value in pairs:
            made[key] = value

    def persistent(self, identifier: Any) -> Any:
        """Nothing lies outside of these files."""
        self._misdeed(pickles.OUTSIDE, f"it refers to {shown(identifier)}, which lies outside of it")

    def hold(self, items: Sequence[Any]) -> None:
        """Names that may not be referred to are no use to whoever holds them."""

    def is_made(self, value: Any) -> bool:
        """Whether ``value`` is anything but a plain value of Python."""
        return type(value) not in _PLAIN

    def finish(self) -> None:
        """All of the file is there: what compiled code believes of the objects has to hold. Raises UnsafeFileError."""
        for made in self._watched.values():
            checks = checks_of(type(made))
            if checks is not None:
                self._sound(checks.later, made)

    def _watch(self, made: Any) -> None:
        checks = checks_of(type(made))
        if checks is not None:
            self._sound(checks.now, made)
            self._watched[id(made)] = made

    def _sound(self, check: Reason | None, value: Any) -> None:
        wrong = reason(check, value)
        if wrong:
            self._misdeed(pickles.STATE, f"it makes {wrong}")

    def _bound(self, arguments: tuple[Any, ...]) -> Any:
        """A method of a class or of an object: ``Class.method`` has to be listed."""
        if len(arguments) == 2 and type(arguments[1]) is str:
            owner, method = arguments
            named = owner if owner.__class__ is Target else self._referred.get(id(owner))
            if named is not None:
                return self.name(named.module, f"{named.name}.{method}", -1)
            kind = type(owner)
            if "referred" in self._gate.roles(kind.__module__, f"{kind.__qualname__}.{method}"):
                return getattr(owner, method)
        return self._refuse(finding_of(Use(*BINDER, "called"), None))

    def _partial(self, arguments: tuple[Any, ...]) -> Any:
        """A partial of a function that is listed as one that may be bound to arguments."""
        function = self._name_of(arguments[0]) if arguments else ""
        if function and "called" in self._gate.roles(PARTIAL[0], partial_of(function)):
            return partial(arguments[0], *arguments[1:])
        return self._refuse(finding_of(Use(*PARTIAL, "called"), None))

    def _to_build(self, value: Any, maker: Target) -> Any:
        named = value if value.__class__ is Target else self._referred.get(id(value))
        role: Role = "built" if maker.module == "copyreg" else "referred"
        if named is None or role not in named.roles:
            self._misdeed(pickles.CALL, "it builds an object of what may not be built")
        return named.value

    def _name_of(self, value: Any) -> str:
        named = self._referred.get(id(value)) or (value if value.__class__ is Target else None)
        return "" if named is None else named.qualified

    def _misdeed(self, rule: Rule, message: str) -> NoReturn:
        raise rule.error(self._file, message)

    def _refuse(self, found: Finding) -> NoReturn:
        raise UnsafeFileError(f"{self._file} is refused", why=found.message, hint=found.hint, findings=(found,))


def _built(kind: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    if not isinstance(kind, type):
        raise TypeError(f"{shown(kind)} is no class")
    return kind.__new__(kind, *arguments, **keywords)


def _resolved(module: str, name: str) -> Any:
    """The object called ``module.name``; NumPy's core by whichever name the NumPy at hand has for it."""
    module = canonical(module)
    if module.startswith("numpy._core"):
        module = _core_of_numpy(module)
    # A dot leads into a class: a name with one is listed, or it does not come here.
    return attrgetter(name)(import_module(module))


def _core_of_numpy(module: str) -> str:
    import numpy as np

    core = "numpy._core" if int(np.__version__.partition(".")[0]) > 1 else "numpy.core"
    return core + module.removeprefix("numpy._core").removeprefix("numpy.core")
