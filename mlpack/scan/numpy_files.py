"""NumPy's array files, ``.npy``: a header and the bytes of one array, or a pickle of its objects.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import ast
import math
import struct
from typing import Any

import numpy as np

from mlpack.core.errors import CorruptFileError
from mlpack.core.finding import Finding
from mlpack.scan.pickles.dtypes import is_shape
from mlpack.scan.rules import containers
from mlpack.scan.source import Source

MAGIC = b"\x93NUMPY"
_LENGTHS = {1: struct.Struct("<H"), 2: struct.Struct("<I"), 3: struct.Struct("<I")}
_MAX_HEADER = 10_000
"""What NumPy itself reads without being told otherwise; its parser takes memory and time for more."""
_KEYS = {"descr", "fortran_order", "shape"}


def is_npy(head: bytes) -> bool:
    """Whether ``head`` is the beginning of an array file."""
    return head.startswith(MAGIC)


def judge_npy(source: Source, member: str = "") -> tuple[Finding, ...]:
    """What is wrong with the array file at the source's beginning; where it holds objects, their pickle comes next."""
    try:
        dtype, shape = _header(source)
    except CorruptFileError as error:
        return (containers.HEADER.finding(error.why or error.message, member=member),)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, OverflowError) as error:
        return (containers.HEADER.finding(f"its header cannot be read: {str(error)[:200]}", member=member),)
    if dtype.hasobject:
        return (containers.OBJECTS.finding(f"it holds pickled objects: its type is {dtype}", member=member),)
    wanted, left = math.prod(shape) * dtype.itemsize, source.left()
    if left is None or left == wanted:
        return ()
    return (containers.LENGTH.finding(f"its header says {wanted:,} bytes, and {left:,} follow it", member=member),)


def _header(source: Source) -> tuple[Any, tuple[int, ...]]:
    """Type and shape. Raises ValueError and what parsing raises, CorruptFileError."""
    source.read(len(MAGIC))
    major, minor = source.byte(), source.byte()
    if major not in _LENGTHS or minor:
        raise ValueError(f"there is no version {major}.{minor}")
    field = _LENGTHS[major]
    (length,) = field.unpack(source.read(field.size))
    if length > _MAX_HEADER:
        raise ValueError(f"it is {length:,} bytes long")
    told = ast.literal_eval(source.read(length).decode("utf-8" if major == 3 else "latin-1"))
    if not isinstance(told, dict) or set(told) != _KEYS or type(told["fortran_order"]) is not bool:
        raise ValueError("it is no dictionary of type, order and shape")
    if not is_shape(told["shape"]):
        raise ValueError(f"the shape {told['shape']!r}")
    return np.dtype(_described(told["descr"])), told["shape"]


def _described(descr: Any) -> Any:
    """Lists of lists become lists of tuples. Raises ValueError for what is no description of a type."""
    if isinstance(descr, str):
        return descr
    if not isinstance(descr, list) or not all(isinstance(field, tuple) and len(field) in (2, 3) for field in descr):
        raise ValueError(f"the type {str(descr)[:80]}")
    return [(field[0], _described(field[1]), *field[2:]) for field in descr]
