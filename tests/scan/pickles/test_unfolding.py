"""Small files that would take for ever, or all memory, and honest ones that are near to that: each ends, and soon."""

from __future__ import annotations

import collections
import io
import pickle
import struct

import pytest
from scan.endless import endless
from sklearn.utils import Bunch

from mlpack.core.errors import MlpackError, UnsafeFileError
from mlpack.scan.pickles.describe import describe
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.pickles.stack import Budget
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.pickles.symbols import Symbols
from mlpack.scan.pickles.tensors import parameter_count
from mlpack.scan.pickles.unfolding import Unfolding
from mlpack.scan.source import Source

HEAD = b"\x80\x02"
SYSTEM = b"cos\nsystem\n"
GETATTR = b"cbuiltins\ngetattr\n"
MANY = 20_000


def source(data):
    return Source(io.BytesIO(data), "test", end=len(data))


def load(data):
    return load_pickle(source(data), Gate())


def run(data, budget=None):
    return Machine(Reader(source(data), keep=4096), Symbols(), budget).run()


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value


def nested(levels):
    """A pickle that has the same pickle unpickled a hundred times, which has the same one, and so on."""
    inner = HEAD + b"N."
    for _ in range(levels):
        held = b"B" + struct.pack("<I", len(inner)) + inner
        inner = HEAD + b"cpickle\nloads\nq\x00" + held + b"\x85q\x01" + b"0h\x00h\x01R" * 100 + b"00N."
    return inner


ENDLESS = {
    "tuples of two": HEAD + b")q\x00" + b"0h\x00h\x00\x86q\x00" * 100,
    "tuples of three by DUP": HEAD + b")" + b"22\x87" * 100,
    "tuples behind marks": HEAD + b")q\x00" + b"0(h\x00h\x00tq\x00" * 100,
    "sets that are frozen": b"\x80\x05)\x94" + b"".join(
        b"0(h" + bytes([i]) + b"\x85h" + bytes([i]) + b"\x91\x94" for i in range(100)
    ),
    "tuples with a name in them": HEAD + SYSTEM + b"\x85q\x00" + b"0h\x00h\x00\x86q\x00" * 100,
    "arguments of many calls": HEAD + b"(" + b"N" * MANY + b"tq\x00" + SYSTEM + b"q\x01" + b"h\x01h\x00R0" * MANY,
    "a state of many objects": HEAD + b"}q\x00(" + b"".join(
        b"J" + struct.pack("<i", number) + b"N" for number in range(MANY)
    ) + b"ucsklearn.svm\nSVC\nq\x01" + b"h\x01)\x81h\x00b0" * MANY,
    "a key, hashed each time": HEAD + b"(" + b"N" * 9900 + b"tq\x00}" + b"h\x00Ns" * MANY,
}  # fmt: skip


@pytest.mark.parametrize("what", ENDLESS)
def test_what_unfolds_without_end_is_refused(what):
    data = ENDLESS[what] + b"."
    for read in (read_pickle, lambda one: load_pickle(one, Gate())):
        with pytest.raises(UnsafeFileError):
            read(source(data))


def test_the_parts_of_all_tuples_are_counted_together():
    data = pickle.dumps([((number, number), (number,)) for number in range(10)], 2)
    assert run(data, Budget(unfolded=100)) == pickle.loads(data)
    with pytest.raises(UnsafeFileError, match="test is refused") as refused:
        run(data, Budget(unfolded=50))
    assert "unfolds to more than 50 parts" in refused.value.why


def test_a_part_counts_for_each_place_that_it_lies_in():
    unfolding = Unfolding(10_000)
    inner = (1, 2)
    unfolding.made(inner)
    assert unfolding.left == 10_000, "plain ones are not counted"
    unfolding.made((inner, inner))
    assert unfolding.left == 10_000 - (1 + 2 + 2 * 3)
    before, heavy = unfolding.left, endless(levels=8)
    unfolding.made(heavy)
    assert before - unfolding.left == 4 * 2**8 - 3
    unfolding.used(heavy)
    assert before - unfolding.left == 2 * (4 * 2**8 - 3)
    unfolding.used({"a": 1, "b": 2})
    assert before - unfolding.left == 2 * (4 * 2**8 - 3) + 2


@pytest.mark.parametrize("protocol", [2, 5])
def test_many_honest_tuples_are_read(protocol):
    value = {(number, str(number)): ((number,), (number, (None, 1.5))) for number in range(50_000)}
    data = pickle.dumps(value, protocol)
    assert load(data) == value
    assert read_pickle(source(data)).root == value


def test_keys_that_collide_are_refused():
    wide = (1 << 61) - 1
    keys = b"".join(
        b"\x8a\x0b" + (number * wide).to_bytes(11, "little", signed=True) + b"N" for number in range(1, 12_000)
    )
    with pytest.raises(UnsafeFileError):
        run(HEAD + b"}(" + keys + b"u.")


def test_many_huge_numbers_as_keys_are_read():
    """Features are named by 64-bit hashes."""
    keys = {number * 0x9E3779B97F4A7C15 % (1 << 64): number for number in range(20_000)}
    assert load(pickle.dumps([keys, dict(keys)], 2)) == [keys, keys]


def test_one_pickle_in_many_places_is_read_once():
    found = read_pickle(source(nested(4)))
    assert any("pickle.loads" in finding.message for finding in found.findings)


def test_a_pickle_within_a_pickle_is_still_judged():
    inner = HEAD + SYSTEM + text(b"id") + b"\x85R."
    data = HEAD + b"cpickle\nloads\n" + b"B" + struct.pack("<I", len(inner)) + inner + b"\x85R."
    assert any("in a pickle that it unpickles" in found.message for found in read_pickle(source(data)).findings)


def test_what_lay_too_deep_to_be_looked_into_is_looked_into_where_it_lies_higher():
    def unpickled(*inner):
        held = (b"cpickle\nloads\nB" + struct.pack("<I", len(one)) + one + b"\x85R0" for one in inner)
        return HEAD + b"".join(held) + b"N."

    evil = unpickled(HEAD + SYSTEM + text(b"id") + b"\x85R.")
    deep = unpickled(unpickled(unpickled(evil)))
    found = read_pickle(source(unpickled(deep, evil))).findings
    assert any("calls os.system" in finding.message for finding in found)


def test_a_method_of_a_method_of_a_method_gets_no_endless_name():
    step = b"h\x00h\x01h\x02\x86Rq\x010"
    data = HEAD + GETATTR + b"q\x00" + SYSTEM + b"q\x01" + text(b"a" * 4000) + b"q\x02000" + step * 3000 + b"N."
    view = read_pickle(source(data))
    assert sum(map(len, view.names)) < 100_000
    assert view.findings


def test_short_texts_have_a_bound():
    data = pickle.dumps([f"{number:04000}" for number in range(100)], 2)
    assert len(run(data, Budget(texts=400_000))) == 100
    with pytest.raises(UnsafeFileError):
        run(data, Budget(texts=399_999))
    lines = b"(" + b"".join(b"V" + b"%04000d" % number + b"\n" for number in range(100)) + b"l."
    with pytest.raises(UnsafeFileError):
        run(lines, Budget(texts=399_999))


def test_items_of_an_object_that_is_a_dictionary_go_past_its_checks_by_no_opcode():
    """The loader alone refuses them, whether or not somebody judged the file."""
    key = text(b"__array_interface__")
    for items in (key + b"Ns", b"(" + key + b"Nu"):
        with pytest.raises(UnsafeFileError):
            load(HEAD + b"csklearn.utils._bunch\nBunch\n)\x81" + items + b".")
    assert load(pickle.dumps(Bunch(a=1, b=2), 2)) == Bunch(a=1, b=2)


@pytest.mark.parametrize(
    "value",
    [
        collections.OrderedDict(a=1, b=(2, 3)),
        collections.Counter("abca"),
        collections.deque([[1], {2: 3}]),
        collections.defaultdict(list, {1: [2]}),
        {1, (2, 3)},
        frozenset({1, (2, 3)}),
    ],
)
@pytest.mark.parametrize("protocol", range(6))
def test_collections_keep_their_items(value, protocol):
    assert load(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("kind", [set, frozenset, collections.Counter, collections.OrderedDict])
def test_a_collection_of_what_has_no_end(kind):
    class Made:
        def __reduce__(self):
            return kind, ([(endless(), 1)],)

    with pytest.raises(MlpackError):
        load(pickle.dumps(Made(), 2))


@pytest.mark.parametrize("shared", ["state", "modules"])
def test_modules_that_share_what_is_in_them_are_walked_once(shared):
    """Each of ten thousand holds all ten thousand."""
    count = 10_000
    made = b"q\x05ctorch.nn\nModule\nq\x0100"
    modules = b"}q\x00}q\x04" + text(b"_modules") + b"h\x00s" + text(b"_parameters") + b"}s"
    own = b"h\x04" if shared == "state" else b"}" + text(b"_modules") + b"h\x00s" + text(b"_parameters") + b"}s"
    data = HEAD + modules + made
    data += b"".join(b"h\x01)\x81" + own + b"br" + struct.pack("<I", 100 + one) + b"0" for one in range(count))
    places = (b"J" + struct.pack("<i", one) + b"j" + struct.pack("<I", 100 + one) for one in range(count))
    data += b"(" + b"".join(places) + b"u0j" + struct.pack("<I", 100) + b"."
    view = read_pickle(source(data))
    assert parameter_count(view.root) == 0
    assert describe(view).model.startswith("Module(Module(")
