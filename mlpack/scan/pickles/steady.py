"""Reductions that make equal models pickle to equal bytes, where a library writes a date or an address."""

from __future__ import annotations

import io
import pickle
import sys
import types
from typing import Any

from mlpack.scan.keras_archive import steady_keras_bytes


def plain_dispatch(pickler: type[Any]) -> dict[type, Any]:
    """How Python's own pickler (the one written in Python, which joblib extends) writes the built-in types.

    dill, which TensorFlow's dependencies may import, replaces entries in that table for the whole process, and files then
    need dill to be loaded.
    """
    names: dict[type, str] = {
        type(None): "save_none",
        bool: "save_bool",
        int: "save_long",
        float: "save_float",
        bytes: "save_bytes",
        bytearray: "save_bytearray",
        pickle.PickleBuffer: "save_picklebuffer",
        str: "save_str",
        tuple: "save_tuple",
        list: "save_list",
        dict: "save_dict",
        set: "save_set",
        frozenset: "save_frozenset",
        types.FunctionType: "save_global",
        type: "save_type",
    }
    return {kind: getattr(pickler, name) for kind, name in names.items()}


def steady_reduce(obj: Any) -> Any:
    """What a pickler's ``reducer_override`` returns for ``obj``: NotImplemented but for two kinds of object.

    Keras pickles a model as a ``.keras`` archive with today's date in a BytesIO; torch pickles a tensor's storage under
    the address at which it lies.
    """
    if type(obj) is io.BytesIO:
        content = obj.getvalue()
        return (io.BytesIO, (steady_keras_bytes(content),)) if content.startswith(b"PK\x03\x04") else NotImplemented
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(obj, (torch.storage.TypedStorage, torch.storage.UntypedStorage)):
        buffer = io.BytesIO()
        torch.save(obj, buffer)
        return torch.storage._load_from_bytes, (buffer.getvalue(),)  # noqa: SLF001 - as torch's own __reduce__ has it
    return NotImplemented
