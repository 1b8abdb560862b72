"""The pickle machine: stack, marks and memo as CPython has them, with everything that could run left to a builder.

A builder that makes symbols gives a view of the file (`mlpack.scan.pickles.symbols`). Plain values are what they are:
numbers, text, bytes, lists, tuples, dicts and sets of the file come as Python's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from mlpack.scan.pickles.hot import Deed, Hot
from mlpack.scan.pickles.opcodes import OPCODES
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.pickles.stack import Budget
from mlpack.scan.pickles.unfolding import Unfolding
from mlpack.scan.rules import pickles

_STOP = ord(".")
_QUICK = frozenset({str, int})
"""Kinds of keys that hash quickly."""
_PLAIN = frozenset({str, int, float, bool, bytes, type(None)})
"""Kinds of parts of a key that need no walk."""
_WIDE = (1 << 61) - 1
"""Numbers below it are their own hashes."""
_DEEPEST_KEY = 100
"""Tuples in tuples: two equal keys are compared by recursion."""
_MANY = 64
"""Arguments that are looked through one by one, and counted: fewer are no matter."""


class Builder(Protocol):
    """Makes what is not a plain value."""

    def name(self, module: str, name: str, offset: int) -> Any:
        """What ``module.name`` stands for."""
        ...

    def call(self, role: Deed, target: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The object that ``target`` makes of ``arguments``."""
        ...

    def build(self, made: Any, state: Any) -> Any:
        """``made`` with ``state`` set; what takes its place on the stack."""
        ...

    def extend(self, made: Any, items: Sequence[Any]) -> None:
        """Add ``items`` to a list-like or set-like object that `call` made."""
        ...

    def update(self, made: Any, pairs: Sequence[tuple[Any, Any]]) -> None:
        """Set the items ``pairs`` of a dict-like object that `call` made."""
        ...

    def persistent(self, identifier: Any) -> Any:
        """The object that lies outside of the pickle under ``identifier``."""
        ...

    def hold(self, items: Sequence[Any]) -> None:
        """``items`` become part of a container, a state or a tuple in one of these: names among them are referred to."""
        ...

    @property
    def carry(self) -> Callable[[tuple[Any, ...]], None] | None:
        """Called with each tuple, which may end as the arguments of a call; None where that does not matter."""
        ...

    def is_made(self, value: Any) -> bool:
        """Whether ``value`` came from `name`, `call`, `build` or `persistent`."""
        ...


class Machine(Hot):
    """Runs one pickle from the reader's position through its STOP.

    Raises CorruptFileError for what CPython's unpickler would stumble over, UnsafeFileError for what costs more than
    the budget or asks for what lies outside of the file (EXT registry, out-of-band buffers).
    """

    def __init__(self, reader: Reader, builder: Builder, budget: Budget | None = None) -> None:
        super().__init__(reader, budget or Budget())
        self._builder = builder
        self._hold, self._make_call = builder.hold, builder.call
        self._told_of_tuples, self._carry = builder.carry, self._weigh
        self._unfolding = Unfolding(self._budget.unfolded)
        self._wide: dict[int, int] = {}
        self._collided = 0
        self._steps: list[Callable[[Any], None] | None] = [None] * 256
        for code, opcode in OPCODES.items():
            self._steps[code] = getattr(self, f"_{opcode.name.lower()}", self._push)
            if opcode.argument == "none" and code != _STOP:
                self._bare[code] = self._steps[code]

    def run(self) -> Any:
        """The object that the pickle describes."""
        read, steps = self._reader.next, self._steps
        while True:
            self._sprint()
            self._spent += 1
            self._objects -= 1
            self._count()
            if self._spent > self._budget.opcodes:
                raise self._costly(f"its pickle has more than {self._budget.opcodes:,} bytes of opcodes")
            if len(self._marks) > self._budget.marks:
                self._reader.opcode_offset = self._reader.source.position
                raise self._costly(f"its pickle has more than {self._budget.marks:,} open marks")
            code, argument = read()
            if code == _STOP:
                return self._finish()
            step = steps[code]
            assert step is not None  # the reader refuses unknown opcodes
            step(argument)

    def _finish(self) -> Any:
        if self._marks or len(self._stack) != 1:
            self._fail("the pickle stops with values left over or none at all")
        return self._stack.pop()

    # Containers

    def _empty_list(self, _: None) -> None:
        self._make([])

    def _empty_dict(self, _: None) -> None:
        self._make({})

    def _empty_set(self, _: None) -> None:
        self._make(set())

    def _empty_tuple(self, _: None) -> None:
        self._stack.append(())

    def _list(self, _: None) -> None:
        items = self._pop_to_mark()
        self._hold(items)
        self._make(items)

    def _weigh(self, items: tuple[Any, ...]) -> None:
        """A tuple was made."""
        self._unfolding.made(items)
        self._check_unfolding()
        if self._told_of_tuples is not None:
            self._told_of_tuples(items)

    def _use(self, value: Any) -> None:
        """``value`` is looked through."""
        self._unfolding.used(value)
        self._check_unfolding()

    def _check_unfolding(self) -> None:
        if self._unfolding.left < 0:
            raise self._costly(f"what is in its pickle unfolds to more than {self._budget.unfolded:,} parts")

    def _tuple(self, _: None) -> None:
        items = tuple(self._pop_to_mark())
        self._weigh(items)
        self._stack.append(items)

    def _tuple1(self, _: None) -> None:
        self._tuple_of(self._stack, 1)

    def _tuple2(self, _: None) -> None:
        self._tuple_of(self._stack, 2)

    def _tuple3(self, _: None) -> None:
        self._tuple_of(self._stack, 3)

    def _dict(self, _: None) -> None:
        items = self._pop_to_mark()
        self._hold(items)
        self._make(self._checked_dict({}, self._pairs(items)))

    def _frozenset(self, _: None) -> None:
        items = self._pop_to_mark()
        self._hold(items)
        self._check_keys(items)
        made = frozenset(items)
        self._unfolding.made(made)
        self._check_unfolding()
        self._make(made)

    def _append(self, _: None) -> None:
        item = self._pop_value()
        self._extend([item])

    def _appends(self, _: None) -> None:
        self._extend(self._pop_to_mark())

    def _extend(self, items: list[Any]) -> None:
        self._hold(items)
        target = self._top()
        if target.__class__ is list:
            target.extend(items)
        elif self._builder.is_made(target):
            self._builder.extend(target, items)
        else:
            self._fail(f"items are added to {type(target).__name__}")

    def _additems(self, _: None) -> None:
        items = self._pop_to_mark()
        self._hold(items)
        target = self._top()
        self._check_keys(items)
        if target.__class__ is set:
            target.update(items)
        elif self._builder.is_made(target):
            self._builder.extend(target, items)
        else:
            self._fail(f"items are added to {type(target).__name__}")

    def _setitem(self, _: None) -> None:
        value, key = self._pop_value(), self._pop_value()
        self._hold((key, value))
        self._update([(key, value)])

    def _setitems(self, _: None) -> None:
        items = self._pop_to_mark()
        self._hold(items)
        self._update(self._pairs(items))

    def _update(self, pairs: list[tuple[Any, Any]]) -> None:
        target = self._top()
        if target.__class__ is dict:
            self._checked_dict(target, pairs)
        elif self._builder.is_made(target):
            self._check_keys([key for key, _ in pairs])
            self._builder.update(target, pairs)
        else:
            self._fail(f"keys are set in {type(target).__name__}")

    def _pairs(self, items: list[Any]) -> list[tuple[Any, Any]]:
        if len(items) % 2:
            self._fail("a key has no value")
        return list(zip(items[::2], items[1::2], strict=True))

    def _checked_dict(self, target: dict[Any, Any], pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        self._check_keys([key for key, _ in pairs])
        target.update(pairs)
        return target

    def _check_keys(self, keys: Sequence[Any]) -> None:
        """Whether ``keys`` can be hashed, and quickly."""
        kinds = set(map(type, keys))
        if int in kinds:
            self._count_wide(key for key in keys if type(key) is int)
        if not kinds <= _QUICK:
            for key in keys:
                if type(key) not in _QUICK:
                    self._check_key(key)

    def _count_wide(self, keys: Iterable[int]) -> None:
        """Numbers that are apart by a multiple of 2^61 - 1 have one hash: many of them would be compared in pairs."""
        for key in keys:
            if not -_WIDE < key < _WIDE and self._wide.setdefault(hash(key), key) != key:
                self._collided += 1
        if self._collided > self._budget.key_leaves:
            raise self._costly("the keys in its pickle are numbers with one hash")

    def _check_key(self, key: Any) -> None:
        """A tuple hashes its leaves each time: one made of itself by memo or DUP would hash for ever."""
        if type(key) is tuple:
            self._use(key)
            if len(key) <= self._budget.key_leaves and _PLAIN.issuperset(map(type, key)):
                return
        pending, leaves = [(key, 0)], 0
        while pending:
            leaves += 1
            part, depth = pending.pop()
            if leaves > self._budget.key_leaves or depth > _DEEPEST_KEY:
                raise self._costly("a key in its pickle unfolds without end")
            if isinstance(part, list | dict | set | bytearray):
                self._fail(f"a {type(part).__name__} is used as a key")
            if isinstance(part, tuple | frozenset):
                pending.extend((inner, depth + 1) for inner in part)

    # Names and what is made of them

    def _global(self, names: tuple[str, str]) -> None:
        self._make(self._name(*names))

    def _stack_global(self, _: None) -> None:
        name, module = self._pop_value(), self._pop_value()
        if not isinstance(name, str) or not isinstance(module, str):
            self._fail("a name that is no text")
        self._make(self._name(module, name))

    def _name(self, module: str, name: str) -> Any:
        if self._reader.protocol < 3:
            module, name = _renamed(module, name)
        if not module or not name:
            self._fail("an empty name")
        return self._builder.name(module, name, self._reader.opcode_offset)

    def _reduce(self, _: None) -> None:
        self._call_top("called")

    def _newobj(self, _: None) -> None:
        self._call_top("built")

    def _call_top(self, role: Deed) -> None:
        stack = self._stack
        if len(stack) < 2:
            self._fail("the stack is empty")
        arguments = stack.pop()
        if arguments.__class__ is not tuple:
            self._fail("arguments that are no tuple")
        self._count()
        if len(arguments) > _MANY:
            self._use(arguments)
        stack[-1] = self._make_call(role, stack[-1], arguments, {})

    def _newobj_ex(self, _: None) -> None:
        keywords, arguments, target = self._pop_value(), self._pop_value(), self._pop_value()
        if not isinstance(keywords, dict) or not all(isinstance(key, str) for key in keywords):
            self._fail("keyword arguments that are no dictionary of names")
        self._call("built", target, arguments, keywords)

    def _inst(self, names: tuple[str, str]) -> None:
        arguments = tuple(self._pop_to_mark())
        self._unfolding.made(arguments)
        self._call("called", self._name(*names), arguments, {})

    def _obj(self, _: None) -> None:
        items = self._pop_to_mark()
        if not items:
            self._fail("an object without a class")
        arguments = tuple(items[1:])
        self._unfolding.made(arguments)
        self._call("called", items[0], arguments, {})

    def _call(self, role: Deed, target: Any, arguments: Any, keywords: dict[str, Any]) -> None:
        if arguments.__class__ is not tuple:
            self._fail("arguments that are no tuple")
        self._use(arguments)
        self._make(self._make_call(role, target, arguments, keywords))

    def _build(self, _: None) -> None:
        stack = self._stack
        if len(stack) < 2:
            self._fail("the stack is empty")
        state = stack.pop()
        self._use(state)
        self._hold((state,))
        stack[-1] = self._builder.build(stack[-1], state)

    # What lies outside of the pickle

    def _persid(self, line: bytes) -> None:
        try:
            self._make(self._builder.persistent(line.decode("ascii")))
        except UnicodeDecodeError:
            self._fail("a persistent id that is not ASCII")

    def _binpersid(self, _: None) -> None:
        self._make(self._builder.persistent(self._pop_value()))

    def _outside(self, _: Any) -> None:
        raise pickles.OUTSIDE.error(
            self._reader.source.name,
            "it refers to what only the program that wrote it knows",
            offset=self._reader.opcode_offset,
            hint="save the model again with pickle.dump or joblib.dump",
        )

    _ext1 = _ext2 = _ext4 = _next_buffer = _readonly_buffer = _outside


def _renamed(module: str, name: str) -> tuple[str, str]:
    """The Python 3 name of a Python 2 name, as CPython maps it for protocols 0 to 2."""
    from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name
