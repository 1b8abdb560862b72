"""What listed functions may be called with: some of them do more than any library asks of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mlpack.scan.lists import canonical
from mlpack.scan.pickles.reader import Payload

NameOf = Callable[[Any], str]
"""The qualified name that a value came from; empty for a value that is no name."""
Check = Callable[[tuple[Any, ...], NameOf], bool]
"""Whether a library calls a function with these arguments, be they symbols or objects."""

_DTYPE = re.compile(r"[<>|=]?([biufcSUVaOMm?]\d{0,9})\Z")
_FACTORIES = frozenset({f"builtins.{name}" for name in ("int", "float", "list", "dict", "set", "str", "tuple", "bool")}) | {
    "collections.OrderedDict"
}
_ARRAYS = frozenset({"ndarray", "matrix", "recarray", "memmap", "MaskedArray", "chararray"})
_NO, _YES = (False, 0), (True, 1)
_BASES = {f"builtins.{kind.__name__}": kind for kind in (tuple, list, dict, set, frozenset, str, int, float, complex)}
RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__"})
"""What protocols 0 and 1, and 2 and 3 with keywords, build an object of their first argument with."""

BINDER = ("builtins", "getattr")
"""What a method of an object is pickled with. It is no name that a list may hold: the method is."""


def check_of(module: str, name: str) -> Check | None:
    """What ``module.name`` is held to when it is called; None where any arguments will do."""
    return _CHECKS.get(f"{canonical(module)}.{name}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, Payload) and value.kind == "text")


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes | bytearray) or (isinstance(value, Payload) and value.kind != "text")


def _encode(arguments: tuple[Any, ...], _: NameOf) -> bool:
    """Any other codec would be looked up, and some unfold bombs."""
    return len(arguments) == 2 and _is_text(arguments[0]) and arguments[1] in ("latin1", "latin-1")


def _bytearray(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A number would be a size."""
    if len(arguments) == 2:
        return _encode(arguments, name_of)
    return not arguments or (len(arguments) == 1 and not isinstance(arguments[0], int | str))


def _defaultdict(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    return all(argument is None or name_of(argument) in _FACTORIES for argument in arguments[:1]) and len(arguments) < 2


def _dtype(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A code, and that it is a copy. A dictionary or a list would be checked by nobody; classes are asked for an attribute."""
    if len(arguments) != 3 or arguments[1] not in _NO or arguments[2] not in _YES:
        return False
    code = arguments[0]
    if isinstance(code, str):
        return _DTYPE.match(code) is not None
    return name_of(code).startswith(("numpy.", "builtins."))


def _reconstruct(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """An empty array: its state brings shape and type."""
    return len(arguments) == 3 and _is_array(arguments[0], name_of) and _is_empty_array(arguments[1:], name_of)


def _mareconstruct(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    kinds = arguments[:2]
    return len(arguments) == 4 and all(_is_array(kind, name_of) for kind in kinds) and _is_empty_array(arguments[2:], name_of)


def _is_array(value: Any, name_of: NameOf) -> bool:
    return name_of(value).rpartition(".")[2] in _ARRAYS


def _is_empty_array(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Shape and type, ``(0,)`` and ``b"b"``: what they are set to before the state is there."""
    shape, code = arguments
    return _is_zero_shape(shape) and _given_bytes(code, name_of) == b"b"


def _is_zero_shape(value: Any) -> bool:
    return type(value) is tuple and len(value) == 1 and type(value[0]) is int and value[0] == 0


def _given_bytes(value: Any, name_of: NameOf) -> bytes | None:
    """Short bytes; before protocol 3 they are a call of ``_codecs.encode``, which is a symbol while a pickle is judged."""
    if type(value) is str:
        return value.encode()
    if type(value) is bytes:
        return value
    arguments = getattr(value, "arguments", None)
    if type(arguments) is tuple and name_of(getattr(value, "target", None)) == "_codecs.encode" and _encode(arguments, name_of):
        return arguments[0].encode() if type(arguments[0]) is str else None
    return None


def _reconstructor(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """A class, the built-in class under it, and a value of that one."""
    if len(arguments) != 3:
        return False
    base = name_of(arguments[1])
    return arguments[2] is None if base == "builtins.object" else type(arguments[2]) is _BASES.get(base)


def _compile(arguments: tuple[Any, ...], _: NameOf) -> bool:
    return len(arguments) == 2 and isinstance(arguments[0], str | bytes) and type(arguments[1]) is int


_CHECKS: dict[str, Check] = {
    "_codecs.encode": _encode,
    "builtins.bytearray": _bytearray,
    "builtins.bytes": _bytearray,
    "collections.defaultdict": _defaultdict,
    "copyreg._reconstructor": _reconstructor,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.dtype": _dtype,
    "numpy.ma.core._mareconstruct": _mareconstruct,
    "re._compile": _compile,
}
