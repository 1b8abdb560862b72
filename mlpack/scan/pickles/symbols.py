"""Symbols in place of what a pickle would import and call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from mlpack.core.finding import Finding
from mlpack.core.trust import Role, Use
from mlpack.scan.pickles.arguments import BINDER, PARTIAL, RECONSTRUCTORS, Check, check_of, partial_of
from mlpack.scan.pickles.array_judge import ArrayJudge, Made, made_by
from mlpack.scan.pickles.gate import shown_name
from mlpack.scan.pickles.hot import Deed
from mlpack.scan.pickles.reader import Payload
from mlpack.scan.pickles.states import is_shared, wrong_key, wrong_partial, wrong_state
from mlpack.scan.plainly import shown
from mlpack.scan.rules import Rule, pickles


@dataclass(eq=False, slots=True)
class Name:
    """``module.name``, mentioned and not imported. ``offset`` is where it is first mentioned.

    ``roles`` are those it was seen in, ``shown`` the arguments of its first call in short.
    """

    module: str
    name: str
    offset: int = 0
    check: Check | None = None
    made: Made = ""
    roles: set[Role | Literal["binding"]] = field(default_factory=set)
    shown: str = ""

    @property
    def qualified(self) -> str:
        """The dotted name."""
        return f"{self.module}.{self.name}"


@dataclass(eq=False, slots=True)
class Call:
    """What ``target(*arguments, **keywords)`` would make, with the state and items set on it afterwards."""

    role: Deed
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


class Symbols:
    """The builder that makes symbols, and keeps every use of a name and every misdeed that it saw."""

    def __init__(self, member: str = "", *, outside: bool = True) -> None:
        """``outside``: the pickle may refer to what lies outside of it, as torch's do to their tensors."""
        self.names: dict[str, int] = {}
        """Qualified names and the offset of the first mention of each."""
        self.misdeeds: list[Finding] = []
        self.nested: list[bytes | bytearray | Payload] = []
        """What is given to be unpickled."""
        self._member = member
        self._outside = outside
        self._inner: dict[Use, tuple[int, str]] = {}
        self._known: dict[tuple[str, str], Name] = {}
        self._carried: dict[int, tuple[tuple[Any, ...], list[Name]]] = {}
        self._arrays = ArrayJudge()

    def name(self, module: str, name: str, offset: int) -> Name:
        """A Name, the same for every mention."""
        found = self._known.get((module, name))
        if found is None:
            found = self._known[module, name] = Name(
                module, name, offset, check_of(module, name), made_by(module, name)
            )
            self.names[found.qualified] = offset
        return found

    def call(self, role: Deed, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """A Call. torch before 1.6 keeps classes outside of the pickle: one of them counts as its name."""
        if target.__class__ is Persistent:
            target = class_of(target) or target
        if target.__class__ is Name:
            if target.name in _INDIRECT:
                bind = self._bound if target.name == "getattr" else self._partial
                bound = bind(role, target, arguments)
                if bound is not None:
                    return bound
            if role not in target.roles:
                target.roles.add(role)
                target.shown = target.shown or shown_arguments(arguments)
            if target.check is not None and not target.check(arguments, _name_of):
                self._misuse(target, arguments)
            if target.module == "copyreg" and arguments and arguments[0].__class__ is Name:
                self._rebuild(target, arguments)
            else:
                self._refer(arguments)
        else:
            self._misdeed(pickles.CALL, f"it calls what {_maker(target)} gave it, with {shown_arguments(arguments)}")
            self._refer(arguments)
        if keywords:
            self.hold(tuple(keywords.values()))
        made = Call(role, target, arguments, keywords)
        if self._arrays.fresh or (target.__class__ is Name and target.made):
            self._note(target, made)
        return made

    def build(self, made: Any, state: Any) -> Any:
        """``made`` with its state noted. The state of a class, or of one object twice: no pickler sets either."""
        if made.__class__ is Name:
            self._misdeed(pickles.STATE, f"it changes {shown_name(made.qualified)} itself", made.offset)
        elif made.__class__ is Call:
            if made.state is not None:
                self._misdeed(pickles.STATE, f"it sets the state of one object of {_maker(made)} twice")
            made.state = state
            kind = class_of(made)
            if kind is not None and (kind.module, kind.name) == PARTIAL:
                wrong = wrong_partial(made.arguments[0] if made.arguments else None, state)
            elif kind is not None and is_shared(kind.name):
                wrong = f"it changes what {shown_name(kind.qualified)} gives to everybody"
            else:  # a type's state has fields, which are no attributes
                wrong = wrong_state(kind.module if kind else "", state) if kind is None or not kind.made else ""
            if wrong:
                self._misdeed(pickles.STATE, wrong)
            lie = self._arrays.wrong(made, kind.made, state) if kind and kind.made else ""
            if lie:
                self._misdeed(pickles.ARRAY, lie)
        elif made.__class__ is not Persistent:
            self._misdeed(pickles.STATE, f"it sets the state of a {type(made).__name__}")
        return made

    def extend(self, made: Any, items: Sequence[Any]) -> None:
        """Note ``items``."""
        if isinstance(made, Call):
            made.items = made.items or []
            made.items.extend(items)

    def update(self, made: Any, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Note ``pairs``."""
        if isinstance(made, Call):
            kind = class_of(made)
            wrong = wrong_key(kind.module if kind else "", pairs)
            if wrong:
                self._misdeed(pickles.STATE, wrong)
            made.pairs = made.pairs or []
            made.pairs.extend(pairs)

    def persistent(self, identifier: Any) -> Persistent:
        """A Persistent."""
        self.hold((identifier,))
        if not self._outside:
            self._misdeed(pickles.OUTSIDE, "it refers to objects that lie outside of it")
        return Persistent(identifier)

    def hold(self, items: Sequence[Any]) -> None:
        """Names among ``items``, and in tuples among them, are referred to."""
        carried = self._carried
        for item in items:
            if item.__class__ is Name:
                item.roles.add("referred")
            elif carried and item.__class__ is tuple and id(item) in carried:
                for name in carried.pop(id(item))[1]:
                    name.roles.add("referred")

    def carry(self, items: tuple[Any, ...]) -> None:
        """Remember the names in a tuple until it is known what becomes of it."""
        carried = self._carried
        found = [item for item in items if item.__class__ is Name]
        if carried:
            for item in items:
                if item.__class__ is tuple and id(item) in carried:
                    found += carried[id(item)][1]
        if found:
            carried[id(items)] = (items, list({id(name): name for name in found}.values()))

    def is_made(self, value: Any) -> bool:
        """Whether ``value`` is a symbol."""
        return isinstance(value, Name | Call | Persistent)

    def uses(self) -> dict[Use, tuple[int, str]]:
        """Every use of a name, with the offset of its first mention and the arguments of its first call, in short.

        A name that is mentioned and never used is referred to: the mention alone imports its module.
        """
        for _, names in self._carried.values():
            for name in names:
                name.roles.add("referred")
        self._carried.clear()
        return self._inner | {
            Use(name.module, name.name, role): (name.offset, name.shown if role != "referred" else "")
            for name in self._known.values()
            for role in get_args(Role)
            if role in (name.roles or _REFERRED)
        }

    def absorb(
        self, names: Mapping[str, int], uses: Mapping[Use, tuple[int, str]], misdeeds: Iterable[Finding]
    ) -> None:
        """Take over what a pickle inside this one mentions, uses and does."""
        self.misdeeds.extend(misdeeds)
        for name, offset in names.items():
            self.names.setdefault(name, offset)
        for use, sighting in uses.items():
            self._inner.setdefault(use, sighting)

    def _note(self, target: Any, made: Call) -> None:
        """Something of NumPy is made, or made of its types; or something is unpickled."""
        self._arrays.used(made.arguments)
        kind = target.made if target.__class__ is Name else ""
        if kind == "dtype":
            self._arrays.made(made, made.arguments[0] if made.arguments else None)
        if kind == "pickled" and len(self.nested) < _MAX_NESTED:
            self.nested += (one for one in made.arguments[:1] if isinstance(one, bytes | bytearray | Payload))
        lie = self._arrays.wrong_scalar(made.arguments) if kind == "scalar" else ""
        if lie:
            self._misdeed(pickles.ARRAY, lie)

    def _misuse(self, target: Name, arguments: tuple[Any, ...]) -> None:
        message = f"it calls {target.qualified}{shown_arguments(arguments)}, as no library does"
        self._misdeed(pickles.ARGUMENT, message, target.offset)

    def _bound(self, role: Deed, target: Name, arguments: tuple[Any, ...]) -> Call | Name | None:
        """What a method of an object or of a class is asked for by: a name of its own, ``Class.method``."""
        if (target.module, target.name) != BINDER or len(arguments) != 2 or type(arguments[1]) is not str:
            return None
        owner = arguments[0]
        kind = owner if owner.__class__ is Name else class_of(owner) if owner.__class__ is Call else None
        if kind is None or len(kind.name) + len(arguments[1]) > _LONGEST_NAME:
            return None
        method = self.name(kind.module, f"{kind.name}.{arguments[1]}", target.offset)
        target.roles.add("binding")
        self._carried.pop(id(arguments), None)
        if owner.__class__ is Name:
            kind.roles.add("binding")
            return method
        method.roles.add("referred")
        return Call(role, target, arguments, {})

    def _partial(self, role: Deed, target: Name, arguments: tuple[Any, ...]) -> Call | None:
        """A partial of a named function is judged by a name of its own, ``partial(module.name)``."""
        if (target.module, target.name) != PARTIAL or not arguments or arguments[0].__class__ is not Name:
            return None
        made = self.name(PARTIAL[0], partial_of(arguments[0].qualified), target.offset)
        made.roles.add("called")
        target.roles.add("binding")
        self._refer(arguments)
        return Call(role, target, arguments, {})

    def _rebuild(self, target: Name, arguments: tuple[Any, ...]) -> None:
        """Copyreg's functions build an object of their first argument."""
        self._carried.pop(id(arguments), None)
        arguments[0].roles.add("built" if target.qualified in RECONSTRUCTORS else "referred")
        self.hold(arguments[1:])

    def _refer(self, arguments: tuple[Any, ...]) -> None:
        self._carried.pop(id(arguments), None)
        self.hold(arguments)

    def _misdeed(self, rule: Rule, message: str, offset: int | None = None) -> None:
        if len(self.misdeeds) < _MAX_MISDEEDS:
            self.misdeeds.append(rule.finding(message, member=self._member, offset=offset))


_MAX_MISDEEDS = _MAX_NESTED = 100
_LONGEST_NAME = 1000
"""Of a method of a method of a class; no library has a tenth of it."""
_INDIRECT = frozenset({BINDER[1], PARTIAL[1]})
_REFERRED: frozenset[Role] = frozenset({"referred"})


def _maker(value: Any) -> str:
    kind = class_of(value)
    return shown_name(kind.qualified) if kind else "the file"


def _name_of(value: Any) -> str:
    return value.qualified if value.__class__ is Name else ""


def shown_arguments(arguments: Any, limit: int = 120) -> str:
    """``('touch x',)`` as ``('touch x')``, cut after ``limit`` characters."""
    text = ", ".join(_shown(argument) for argument in arguments[:6]) if isinstance(arguments, tuple) else "..."
    return f"({text[:limit]}{'…' if len(text) > limit else ''})"


def _shown(value: Any) -> str:
    if value is None or isinstance(value, str | bytes | int | float):
        return shown(value)
    if value.__class__ is Name:
        return shown_name(value.qualified)
    return "…"


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
        through_first = qualified in RECONSTRUCTORS or qualified == "builtins.getattr"
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
