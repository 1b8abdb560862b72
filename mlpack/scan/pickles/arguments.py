"""What listed functions may be called with: some of them do more than any library asks of them.

A check sees the arguments twice: as symbols while a file is judged, and as the objects that they are when it is loaded. What
only the objects tell is looked at then (`mlpack.scan.pickles.soundness`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from mlpack.scan.lists import canonical
from mlpack.scan.pickles.dtypes import is_shape
from mlpack.scan.pickles.reader import Payload
from mlpack.scan.pickles.states import wrong_state

NameOf = Callable[[Any], str]
"""The qualified name that a value came from; empty for a value that is no name."""
Check = Callable[[tuple[Any, ...], NameOf], bool]
"""Whether a library calls a function with these arguments, be they symbols or objects."""

BUILDS: Mapping[str, int] = {
    "copyreg._reconstructor": 1,
    "copyreg.__newobj__": 1,
    "copyreg.__newobj_ex__": 1,
    "numpy._core.multiarray._reconstruct": 1,
    "numpy.ma.core._mareconstruct": 2,
}
"""Functions that make an object of their first arguments, and how many of them are classes."""
RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__"})
"""What protocols 0 and 1, and 2 and 3 with keywords, build an object of their first argument with."""
BINDER = ("builtins", "getattr")
"""What a method of an object is pickled with. It is no name that a list may hold: the method is."""
PARTIAL = ("functools", "partial")
"""Likewise: a list may hold a partial of one function, as ``functools:partial(module.name):called``."""
HELD_BACK = frozenset({"numpy.ndarray", "numpy.recarray", "numpy.rec.recarray"})
"""Classes that a file may name where an array is rebuilt, and never gets hold of: called, they take bytes for objects."""

_CODE = re.compile(r"[<>|=]?([biufcSUVaOMm?]\d{0,9})\Z")
_PLAIN = (int, float, list, dict, set, str, tuple, bool, frozenset, complex)
_FACTORIES = {f"builtins.{kind.__name__}" for kind in _PLAIN} | {"collections.OrderedDict"}
_BASES = {f"builtins.{kind.__name__}": kind for kind in _PLAIN}
_ARRAYS = frozenset({"ndarray", "matrix", "recarray", "memmap", "MaskedArray", "chararray"})
_BYTES_MAKERS = frozenset({"_codecs.encode", "builtins.bytes", "builtins.bytearray"})
_BIT_GENERATORS = frozenset({"MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"})
_RANDOM = "numpy.random._pickle.__bit_generator_ctor"
_TEXT_TYPES = frozenset({"string", "large_string", "string_view", "utf8", "large_utf8"})


def check_of(module: str, name: str) -> Check | None:
    """What ``module.name`` is held to when it is called; None where any arguments will do."""
    module = canonical(module)
    if name == "newObj":
        return _of_module(module)
    if name.startswith("__pyx_unpickle_"):
        return _cython
    return _CHECKS.get(f"{module}.{name}")


def builds_of(module: str, name: str) -> int:
    """How many arguments of ``module.name`` are classes that it makes an object of."""
    return BUILDS.get(f"{canonical(module)}.{name}", 0)


def partial_of(qualified: str) -> str:
    """The name under which a list holds a partial of the function ``qualified``."""
    return f"partial({qualified})"


# Plain values, and what stands for them while a file is judged


def _is_text(value: Any) -> bool:
    return type(value) is str or (isinstance(value, Payload) and value.kind == "text")


def _is_bytes(value: Any, name_of: NameOf) -> bool:
    """Bytes; before protocol 3, and for a bytearray before 5, they are a call while a file is judged."""
    if type(value) in (bytes, bytearray) or (isinstance(value, Payload) and value.kind != "text"):
        return True
    return type(getattr(value, "arguments", None)) is tuple and name_of(getattr(value, "target", None)) in _BYTES_MAKERS


def _letter(value: Any, name_of: NameOf) -> str:
    """The text of short bytes, in whichever of three ways they are written."""
    if type(value) is str:
        return value
    if type(value) is bytes:
        return value.decode("latin-1")
    arguments = getattr(value, "arguments", None)
    if type(arguments) is tuple and _is_bytes(value, name_of) and arguments and type(arguments[0]) is str:
        return arguments[0]
    return ""


def _is_truth(value: Any, *, truth: bool) -> bool:
    return type(value) in (bool, int) and value == truth


def _is_natural(value: Any) -> bool:
    return type(value) is int and value >= 0


# Python


def _encode(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """Any other codec would be looked up, and some unfold bombs."""
    return len(arguments) == 2 and _is_text(arguments[0]) and type(arguments[1]) is str and arguments[1] in _LATIN


_LATIN = ("latin1", "latin-1")


def _bytes(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A number would be a size, and an object would be asked for one."""
    if len(arguments) == 2:
        return _encode(arguments, name_of)
    return not arguments or (len(arguments) == 1 and (_is_bytes(arguments[0], name_of) or type(arguments[0]) is list))


def _collection(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """What the file holds itself: a range would be a size."""
    held = (list, tuple, dict, set, frozenset)
    return all(type(argument) in held for argument in arguments[:1]) and all(
        argument is None or _is_natural(argument) for argument in arguments[1:]
    )


def _defaultdict(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    return all(argument is None or name_of(argument) in _FACTORIES for argument in arguments[:1]) and len(arguments) < 2


def _number_in_text(arguments: tuple[Any, ...], _: NameOf) -> bool:
    return len(arguments) == 1 and type(arguments[0]) is str and len(arguments[0]) < 1000


def _fraction(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """Two whole numbers, or their text: a text with an exponent would be multiplied out."""
    if len(arguments) == 2:
        return all(type(argument) is int for argument in arguments)
    return len(arguments) == 1 and type(arguments[0]) is str and _FRACTION.fullmatch(arguments[0]) is not None


_FRACTION = re.compile(r"-?\d{1,1000}(/\d{1,1000})?", re.ASCII)


def _reconstructor(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A class, the built-in class under it, and a value of that one."""
    if len(arguments) != 3:
        return False
    base = name_of(arguments[1])
    if base == "builtins.object":
        return arguments[2] is None
    return type(arguments[2]) is _BASES.get(base) and not wrong_state("", arguments[2])


def _cython(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """A class, a checksum, and None or a state."""
    return len(arguments) == 3 and type(arguments[1]) is int and not wrong_state("", arguments[2])


def _compile(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """A pattern and its flags, without the one that prints."""
    if len(arguments) != 2 or type(arguments[0]) not in (str, bytes) or type(arguments[1]) is not int:
        return False
    return not arguments[1] & re.DEBUG


def _texts(arguments: tuple[Any, ...], _: NameOf) -> bool:
    return all(type(argument) is str for argument in arguments)


def _zone(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """The name of a time zone, which the library looks for among its own, and numbers."""
    named = bool(arguments) and type(arguments[0]) is str and _ZONE.fullmatch(arguments[0]) is not None
    return named and all(type(argument) in (str, int, bool) for argument in arguments[1:])


_ZONE = re.compile(r"[A-Za-z]\w*([/+-]\w+)*", re.ASCII)


def _nothing(arguments: tuple[Any, ...], _: NameOf) -> bool:
    return not arguments


# NumPy


def _dtype(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A code, and that it is a copy. A dictionary or a list would be checked by nobody; classes are asked for an attribute."""
    if len(arguments) != 3 or not _is_truth(arguments[1], truth=False) or not _is_truth(arguments[2], truth=True):
        return False
    code = arguments[0]
    if type(code) is str:
        return _CODE.match(code) is not None
    return name_of(code).startswith(("numpy.", "builtins."))


def _reconstruct(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """An empty array: its state brings shape and type."""
    return len(arguments) == 3 and _is_array(arguments[0], name_of) and _is_empty(arguments[1:], name_of)


def _mareconstruct(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    kinds = arguments[:2]
    return len(arguments) == 4 and all(_is_array(kind, name_of) for kind in kinds) and _is_empty(arguments[2:], name_of)


def _is_array(value: Any, name_of: NameOf) -> bool:
    module, _, name = name_of(value).rpartition(".")
    return name in _ARRAYS and module.partition(".")[0] == "numpy"


def _is_empty(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Shape and type, ``(0,)`` and ``b"b"``: what they are until the state is there."""
    shape, code = arguments
    return (
        type(shape) is tuple and len(shape) == 1 and _is_truth(shape[0], truth=False) and _letter(code, name_of) == "b"
    )


def _frombuffer(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Any other object with a buffer would lend it, an array of objects its pointers. Shape, order and axes are plain."""
    if len(arguments) not in (4, 5) or not _is_bytes(arguments[0], name_of) or not _is_made(arguments[1], name_of):
        return False
    shape, order, *axes = arguments[2:]
    return (
        is_shape(shape)
        and type(order) is str
        and order in _LAYOUTS
        and all(one is None or is_shape(one) for one in axes)
    )


_LAYOUTS = frozenset("CFK")


def _scalar(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Bytes of a type; only the oldest files leave them out. A scalar with objects in it is held by no model."""
    if not 1 <= len(arguments) <= 2 or not _is_made(arguments[0], name_of) or _holds_objects(arguments[0]):
        return False
    return len(arguments) == 1 or _is_bytes(arguments[1], name_of)


def _is_made(value: Any, name_of: NameOf) -> bool:
    """Whether ``value`` is neither a name nor a plain value: a dtype, where that is what the function takes."""
    return not isinstance(value, str | bytes | int | float | list | tuple | dict | type) and not name_of(value)


def _holds_objects(dtype: Any) -> bool:
    from mlpack.scan.pickles.arrays import holds_objects

    found = getattr(dtype, "hasobject", None)
    return holds_objects(dtype) if found is None else bool(found)


def _random(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A bit generator, its class or its name, and NumPy's own function that finds it: any other would be called."""
    if len(arguments) > 2 or any(name_of(argument) != _RANDOM for argument in arguments[1:]):
        return False
    return all(_is_bit_generator(argument, name_of) for argument in arguments[:1])


def _is_bit_generator(value: Any, name_of: NameOf) -> bool:
    if type(value) is str:
        return value in _BIT_GENERATORS
    name = name_of(value)
    if name:
        return name.startswith("numpy.random.") and name.rpartition(".")[2] in _BIT_GENERATORS
    # While a file is judged: the call that makes one. While it is loaded: one.
    maker = name_of(getattr(value, "target", None)) or f"{type(value).__module__}."
    return maker == _RANDOM or maker.startswith("numpy.random.")


def _of_module(module: str) -> Check:
    """For functions that build an object of the class they are given: a class of their own module."""
    return lambda arguments, name_of: (
        len(arguments) == 1 and name_of(arguments[0]).rpartition(".")[0] == module and name_of(arguments[0]) != module
    )


# pandas and pyarrow


def _index(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A class of index and what it is made of."""
    name = name_of(arguments[0]) if len(arguments) == 2 else ""
    return name.startswith("pandas.") and name.endswith("Index") and type(arguments[1]) is dict


def _sparse_index(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Length and an array of places; a third argument would switch the check of them off."""
    return len(arguments) == 2 and type(arguments[0]) is int and _is_made(arguments[1], name_of)


def _text_type(arguments: tuple[Any, ...], _: NameOf) -> bool:
    return len(arguments) == 1 and type(arguments[0]) is str and arguments[0] in _TEXT_TYPES


def _arrow_buffer(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    return len(arguments) == 1 and _is_bytes(arguments[0], name_of)


def _arrow_array(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Text: type, length, nulls, offset and buffers, with no arrays inside."""
    if len(arguments) != 1 or type(arguments[0]) is not tuple or len(arguments[0]) != 7:
        return False
    kind, length, nulls, offset, buffers, children, dictionary = arguments[0]
    numbers = _is_natural(length) and type(nulls) is int and _is_natural(offset)
    alone = type(children) is list and not children and dictionary is None
    return numbers and _is_made(kind, name_of) and type(buffers) is list and alone


# torch


def _tensor_of_type(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """The function that it calls is one of torch's own rebuilders."""
    return bool(arguments) and name_of(arguments[0]).startswith("torch._utils._rebuild_")


_CHECKS: Mapping[str, Check] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytes,
    "builtins.bytes": _bytes,
    "builtins.frozenset": _collection,
    "builtins.set": _collection,
    "collections.Counter": _collection,
    "collections.OrderedDict": _collection,
    "collections.defaultdict": _defaultdict,
    "collections.deque": _collection,
    "copyreg._reconstructor": _reconstructor,
    "decimal.Decimal": _number_in_text,
    "fractions.Fraction": _fraction,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy._core.numeric._frombuffer": _frombuffer,
    "numpy.dtype": _dtype,
    "numpy.ma.core._mareconstruct": _mareconstruct,
    "numpy.random._pickle.__bit_generator_ctor": _random,
    "numpy.random._pickle.__generator_ctor": _random,
    "numpy.random._pickle.__randomstate_ctor": _random,
    "pandas._libs.sparse.IntIndex": _sparse_index,
    "pandas.core.indexes.base._new_Index": _index,
    "pandas.core.indexes.datetimes._new_DatetimeIndex": _index,
    "pandas.core.indexes.interval._new_IntervalIndex": _index,
    "pandas.core.indexes.timedeltas._new_TimedeltaIndex": _index,
    "pyarrow.lib._restore_array": _arrow_array,
    "pyarrow.lib.py_buffer": _arrow_buffer,
    "pyarrow.lib.type_for_alias": _text_type,
    "pathlib.PosixPath": _texts,
    "pathlib.PurePosixPath": _texts,
    "pytz._p": _zone,
    "pytz._UTC": _nothing,
    "re._compile": _compile,
    "zoneinfo.ZoneInfo._unpickle": _zone,
    "torch._tensor._rebuild_from_type_v2": _tensor_of_type,
}
