"""What listed functions may be called with: some of them do more than any library asks of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mlpack.scan.lists import canonical
from mlpack.scan.pickles.reader import Payload

NameOf = Callable[[Any], str]
"""The qualified name that a value came from; empty for a value that is no name."""
_Check = Callable[[tuple[Any, ...], NameOf], bool]

_DTYPE = re.compile(r"[<>|=]?([biufcSUVaOMm?]\d{0,9})\Z")
_FACTORIES = frozenset({f"builtins.{name}" for name in ("int", "float", "list", "dict", "set", "str", "tuple", "bool")})
_ARRAYS = frozenset({"ndarray", "matrix", "recarray", "memmap", "MaskedArray"})
RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copyreg.__newobj__", "copyreg.__newobj_ex__"})
"""What protocols 0 and 1, and 2 and 3 with keywords, build an object of their first argument with."""


def misuse_of(module: str, name: str, arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """Whether ``arguments`` are none that a library gives ``module.name`` in a pickle."""
    check = _CHECKS.get(f"{canonical(module)}.{name}")
    return check is not None and not check(arguments, name_of)


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
    """A code and two flags. A dictionary or a list would be checked by nobody; classes are asked for an attribute."""
    if not arguments or len(arguments) > 3 or not all(type(flag) in (bool, int) for flag in arguments[1:]):
        return False
    code = arguments[0]
    if isinstance(code, str):
        return _DTYPE.match(code) is not None
    return name_of(code).startswith(("numpy.", "builtins."))


def _reconstruct(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    """An empty array: its state brings shape and type."""
    if len(arguments) != 3 or name_of(arguments[0]).rpartition(".")[2] not in _ARRAYS:
        return False
    return arguments[1] == (0,) and arguments[2] in ("b", b"b")


def _mareconstruct(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    names = [name_of(argument).rpartition(".")[2] for argument in arguments[:2]]
    return len(arguments) == 4 and set(names) <= _ARRAYS and arguments[2] == (0,) and arguments[3] in ("b", b"b")


def _reconstructor(arguments: tuple[Any, ...], name_of: NameOf) -> bool:
    return len(arguments) == 3 and name_of(arguments[1]) == "builtins.object" and arguments[2] is None


def _compile(arguments: tuple[Any, ...], _: NameOf) -> bool:
    return len(arguments) == 2 and isinstance(arguments[0], str | bytes) and type(arguments[1]) is int


_CHECKS: dict[str, _Check] = {
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
