"""The machine agrees with CPython on plain objects, with pickletools on every name, and refuses what no pickler writes."""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import decimal
import fractions
import io
import pickle
import pickletools
import struct
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.core.trust import Trust
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.reader import Payload, Reader
from mlpack.scan.pickles.stack import Budget
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.pickles.symbols import Call, Name, Symbols, class_of
from mlpack.scan.source import Source


def source(data):
    return Source(io.BytesIO(data), "test", end=len(data))


def run(data, budget=None):
    return Machine(Reader(source(data), keep=1 << 20), Symbols(), budget).run()


keys = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.tuples(st.integers(), st.text()),
)
plain = st.recursive(
    st.one_of(keys, st.binary().map(bytearray), st.integers(-(2**3000), 2**3000)),
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner),
        st.tuples(inner, inner, inner, inner),
        st.dictionaries(keys, inner),
        st.sets(keys),
        st.frozensets(keys),
        inner.map(lambda one: [one, one]),
    ),
    max_leaves=40,
)


@settings(max_examples=300, deadline=None)
@given(plain)
def test_plain_objects_come_out_as_cpython_makes_them(value):
    """With protocol 5: before it bytearrays, and before 4 sets, are calls."""
    assert run(pickle.dumps(value, 5)) == value


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
        lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner)),
    ),
    st.integers(0, 5),
)
def test_every_protocol(value, protocol):
    assert run(pickle.dumps(value, protocol)) == value


class Point(typing.NamedTuple):
    """A tuple with a class."""

    x: int
    y: str


objects = st.recursive(
    st.one_of(
        plain,
        st.builds(Point, st.integers(), st.text()),
        st.builds(fractions.Fraction, st.integers(), st.integers(1, 9)),
        st.builds(decimal.Decimal, st.integers()),
        st.datetimes(),
        st.builds(complex, st.integers(-99, 99), st.integers(-99, 99)),
        st.sampled_from([dt.date, collections.OrderedDict, len]),
    ),
    lambda inner: st.one_of(
        st.lists(inner),
        st.dictionaries(st.text(), inner).map(collections.OrderedDict),
        st.lists(inner).map(collections.deque),
        inner.map(lambda one: collections.defaultdict(list, {"key": one})),
    ),
    max_leaves=20,
)


def names_in(data):
    """Every (module, name) that pickletools shows, through its own memo."""
    found, strings, memo, last = set(), [], {}, None
    for opcode, argument, _ in pickletools.genops(data):
        if opcode.name in {"GLOBAL", "INST"}:
            found.add(tuple(argument.split(" ", 1)))
        elif opcode.name == "STACK_GLOBAL":
            found.add((strings[-2], strings[-1]))
        if opcode.name == "MEMOIZE":
            memo[len(memo)] = last
        elif opcode.name in {"PUT", "BINPUT", "LONG_BINPUT"}:
            memo[argument] = last
        elif opcode.name in {"GET", "BINGET", "LONG_BINGET"}:
            last = memo.get(argument)
            if isinstance(last, str):
                strings.append(last)
        else:
            last = argument if isinstance(argument, str) and "UNICODE" in opcode.name else None
            if last is not None:
                strings.append(last)
    return found


@settings(max_examples=300, deadline=None)
@given(objects, st.integers(0, 5))
def test_names_are_those_that_pickletools_shows(value, protocol):
    data = pickle.dumps(value, protocol)
    symbols = Symbols()
    Machine(Reader(source(data), keep=64), symbols).run()
    shown = names_in(data)
    if protocol < 3:  # pickletools shows the names of Python 2, CPython and the machine resolve those of Python 3
        assert len(symbols.names) <= len(shown)
        assert bool(symbols.names) == bool(shown)
    else:
        assert set(symbols.names) == {f"{module}.{name}" for module, name in shown}


@settings(max_examples=400, deadline=None)
@given(objects, st.integers(0, 5), st.data())
def test_mutations_are_read_or_refused(value, protocol, data):
    content = bytearray(pickle.dumps(value, protocol))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
        content = content or bytearray(b".")
    with contextlib.suppress(CorruptFileError, UnsafeFileError):
        read_pickle(source(bytes(content)))


@settings(max_examples=200, deadline=None)
@given(objects, st.integers(0, 5), st.data())
def test_truncations_are_corrupt(value, protocol, data):
    content = pickle.dumps(value, protocol)
    cut = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(CorruptFileError):
        read_pickle(source(content[:cut]))


def test_memo_holds_the_object_and_not_a_copy():
    inner = []
    made = run(pickle.dumps([inner, inner]))
    assert made[0] is made[1]
    endless = []
    endless.append(endless)
    made = run(pickle.dumps(endless))
    assert made[0] is made


def test_roles_of_names():
    class_and_call = [collections.OrderedDict, fractions.Fraction(1, 2), object()]
    symbols = Symbols()
    Machine(Reader(source(pickle.dumps(class_and_call, 4)), keep=64), symbols).run()
    uses = {str(use) for use in symbols.uses()}
    assert {"fractions:Fraction:called", "builtins:object:built", "collections:OrderedDict:referred"} <= uses
    assert "collections:OrderedDict:called" not in uses
    assert "fractions:Fraction:referred" not in uses


@pytest.mark.parametrize("protocol", range(6))
def test_a_class_that_is_built_is_not_referred_to_in_any_protocol(protocol):
    symbols = Symbols()
    Machine(Reader(source(pickle.dumps(contextlib.suppress(ValueError), protocol)), keep=64), symbols).run()
    uses = {str(use) for use in symbols.uses()}
    assert "contextlib:suppress:built" in uses
    assert "contextlib:suppress:referred" not in uses


def test_python_2_names_are_those_that_cpython_resolves():
    symbols = Symbols()
    Machine(Reader(source(b"c__builtin__\nset\n."), keep=64), symbols).run()
    assert set(symbols.names) == {"builtins.set"}
    symbols = Symbols()
    Machine(Reader(source(b"\x80\x03c__builtin__\nset\n."), keep=64), symbols).run()
    assert set(symbols.names) == {"__builtin__.set"}


def test_a_stack_global_out_of_the_memo_is_resolved():
    data = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940\x30h\x00h\x01\x93\x8c\x02id\x85R."
    made = run(data)
    assert isinstance(made, Call)
    assert class_of(made).qualified == "os.system"
    assert made.arguments == ("id",)


BROKEN = {
    "nothing": b"",
    "stop alone": b".",
    "two values left": b"NN.",
    "a mark left": b"(N.",
    "unknown opcode": b"\xffN.",
    "protocol 6": b"\x80\x06N.",
    "no mark": b"t.",
    "memo never set": b"h\x05.",
    "negative memo": b"N" + b"p-1\n.",
    "odd items": b"}(Nu.",
    "list as key": b"}]Ns.",
    "set of lists": b"\x8f(]\x90.",
    "append to a number": b"K\x01Na.",
    "arguments that are no tuple": b"cos\nsystem\n]R.",
    "name of a number": b"\x8c\x02osK\x01\x93.",
    "empty name": b"c\n\n.",
    "keywords that are none": b"cos\nsystem\n)K\x01\x92.",
    "text that is not UTF-8": b"\x8c\x01\xff.",
    "integer that is none": b"Iabc\n.",
    "string without quotes": b"Sabc\n.",
    "text longer than the file": b"X\xff\xff\xff\x7fabc.",
    "bytes longer than the file": b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "frame longer than the file": b"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.",
    "integer of too many digits": b"I" + b"1" * 10_000 + b"\n.",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_no_pickler_writes_is_corrupt(kind):
    with pytest.raises(CorruptFileError):
        read_pickle(source(BROKEN[kind]))


UNSAFE = {
    "call of a number": b"K\x01)R.",
    "call of text": b"\x8c\x02os)R.",
    "state of a list": b"]}b.",
    "second pickle": b"N.N.",
    "trailing bytes": b"N.\x00",
    "persistent id": b"Pabc\n.",
    "frame inside a frame": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x95\x01\x00\x00\x00\x00\x00\x00\x00N.",
    "frame that ends inside an opcode": b"\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00\x8c\x05hello.",
    "extension registry": b"\x82\x01.",
    "out-of-band buffer": b"\x97.",
    "state of a class": b"cos\nsystem\n}b.",
    "state twice": b"ccollections\nOrderedDict\n)\x81K\x01bK\x02b.",
    "a key that unfolds": b"}" + b"N" + b"2\x86" * 60 + b"Ns.",
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_what_costs_or_reaches_too_far_is_unsafe(kind):
    try:
        found = read_pickle(source(UNSAFE[kind])).findings
    except UnsafeFileError as error:
        found = error.findings
    assert "error" in {finding.severity for finding in found}


@pytest.mark.parametrize("kind", UNSAFE)
def test_what_costs_or_reaches_too_far_is_not_loaded_either(kind):
    with pytest.raises((UnsafeFileError, CorruptFileError)):
        load_pickle(source(UNSAFE[kind]), Gate(Trust.of((), ["collections:OrderedDict:built"])))


def test_budgets():
    with pytest.raises(UnsafeFileError, match="refused"):
        run(b"N" + b"0N" * 1000 + b".", Budget(opcodes=100))
    with pytest.raises(UnsafeFileError, match="refused"):
        run(b"]" + b"0]" * 1000 + b".", Budget(objects=100))


def test_tuples_count_as_objects():
    with pytest.raises(UnsafeFileError, match="refused"):
        run(b"\x80\x04N" + b"\x85" * 100_000 + b".", Budget(objects=50_000))


def test_repeated_items_on_a_call_take_linear_time():
    data = b"ccollections\nOrderedDict\n)R" + b"NNs" * 200_000 + b"."
    assert len(run(data).pairs) == 200_000


def test_long_values_are_passed_over():
    data = pickle.dumps([b"x" * 10_000, "y" * 10_000, bytearray(10_000)], 5)
    made = read_pickle(source(data)).root
    assert [type(one) for one in made] == [Payload] * 3
    assert [one.kind for one in made] == ["bytes", "text", "bytearray"]
    assert data[made[0].offset : made[0].offset + made[0].length] == b"x" * 10_000


def test_frames_say_what_they_hold():
    body = b"N."
    assert run(b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body) is None


def test_a_name_is_not_an_object():
    assert isinstance(run(pickle.dumps(len)), Name)
