"""Harmless-looking calls that load another pickle."""

from __future__ import annotations

import base64
import pickle
import zlib
from pathlib import Path
from typing import Any

from hostile.assembler import (
    Code,
    a_file,
    built,
    call,
    hostile_pickle,
    name,
    pickled,
    system,
    with_state,
)
from hostile.corpus import Hostile
from hostile.gadgets_files import beside
from hostile.gadgets_python import plain

NESTED = "trampolines: a pickle in a pickle"


def inner(canary: Path) -> bytes:
    """A pickle that runs a command."""
    return pickled(system(canary))


def _nested(module: str, attribute: str, **more: Any) -> Hostile:
    shown = f"{module}.{attribute}"
    return hostile_pickle(f"nested-{shown}", NESTED, lambda c: call(name(module, attribute), inner(c)), shown, **more)


def _of_file(module: str, attribute: str, **more: Any) -> Hostile:
    shown = f"{module}.{attribute}"
    return beside(f"file-{shown}", "second.bin", inner, lambda f: call(name(module, attribute), str(f)), shown, **more)


def _object_array(canary: Path) -> bytes:
    """What NumPy's ``save`` writes of an object array, the pickle in it replaced."""
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + inner(canary)


def _opened(data: bytes) -> Code:
    return call(name("_io", "BytesIO"), data)


_NESTED = (
    _nested("pickle", "loads"),
    _nested("_pickle", "loads"),
    _nested("pickle", "_loads"),
    _nested("cloudpickle", "loads"),
    _nested("dill", "loads"),
    _nested("dill._dill", "loads"),
    _nested("torch.storage", "_load_from_bytes"),
    _of_file("joblib", "load"),
    _of_file("joblib.numpy_pickle", "load"),
    _of_file("pandas", "read_pickle"),
    _of_file("pandas.io.pickle", "read_pickle"),
    beside(
        "file-numpy.load",
        "second.npy",
        _object_array,
        lambda f: call(name("numpy", "load"), str(f), None, True),
        "numpy.load",
    ),
    beside(
        "file-torch.load", "second.pt", inner, lambda f: call(name("torch", "load"), str(f)), "torch.load", proof=""
    ),
    beside(
        "file-shelve.open", "second.db", inner, lambda f: call(name("shelve", "open"), str(f)), "shelve.open", proof=""
    ),
    beside(
        "file-lib2to3",
        "second.pickle",
        inner,
        lambda f: call(
            name("lib2to3.pgen2.grammar", "Grammar.load"), plain("lib2to3.pgen2.grammar", "Grammar"), str(f)
        ),
        "lib2to3.pgen2.grammar.Grammar",
        harm="runs",
    ),
    hostile_pickle(
        "nested-pickle.load-of-BytesIO",
        NESTED,
        lambda c: call(name("pickle", "load"), _opened(inner(c))),
        "pickle.load",
    ),
    hostile_pickle(
        "nested-pickle.Unpickler",
        NESTED,
        lambda c: call(name("pickle", "_Unpickler.load"), call(name("pickle", "_Unpickler"), _opened(inner(c)))),
        "pickle._Unpickler",
    ),
    hostile_pickle(
        "nested-base64",
        NESTED,
        lambda c: call(name("pickle", "loads"), call(name("base64", "b64decode"), base64.b64encode(inner(c)).decode())),
        "pickle.loads",
        "base64.b64decode",
    ),
    hostile_pickle(
        "nested-zlib",
        NESTED,
        lambda c: call(name("pickle", "loads"), call(name("zlib", "decompress"), zlib.compress(inner(c)))),
        "pickle.loads",
        "zlib.decompress",
    ),
    hostile_pickle(
        "nested-by-encode",
        NESTED,
        lambda c: call(name("pickle", "loads"), call(name("_codecs", "encode"), inner(c).decode("latin-1"), "latin1")),
        "pickle.loads",
    ),
    hostile_pickle(
        "nested-by-bytearray-join",
        NESTED,
        lambda c: call(
            name("pickle", "loads"), call(name("builtins", "bytes.join"), b"", [inner(c)[:9], inner(c)[9:]])
        ),
        "pickle.loads",
    ),
    hostile_pickle(
        "nested-multiprocessing",
        NESTED,
        lambda c: call(name("multiprocessing.reduction", "ForkingPickler.loads"), inner(c)),
        "multiprocessing.reduction.ForkingPickler.loads",
    ),
    hostile_pickle(
        "nested-lib2to3",
        NESTED,
        lambda c: call(
            name("lib2to3.pgen2.grammar", "Grammar.loads"), plain("lib2to3.pgen2.grammar", "Grammar"), inner(c)
        ),
        "lib2to3.pgen2.grammar.Grammar",
    ),
    hostile_pickle(
        "a-custom-find_class",
        NESTED,
        lambda c: call(
            name("pickle", "Unpickler.find_class"), call(name("pickle", "_Unpickler"), _opened(b"")), "posix", "system"
        ),
        "pickle.Unpickler.find_class",
        proof="",
    ),
)


def _in_joblib(canary: Path) -> bytes:
    """joblib's wrapper of an object array: the array is a pickle of its own, behind the wrapper's state."""
    state = {
        "subclass": name("numpy", "ndarray"),
        "shape": (1,),
        "order": "C",
        "dtype": call(name("numpy", "dtype"), "O8", False, True),
        "allow_mmap": False,
        "numpy_array_alignment_bytes": 16,
    }
    made = with_state(built(name("joblib.numpy_pickle", "NumpyArrayWrapper")), state)
    return b"\x80\x04" + made + inner(canary) + b"."


_JOBLIB = (
    Hostile(
        "joblib/object-array",
        NESTED,
        a_file("model.joblib", _in_joblib),
        ("posix.system",),
        proof="joblib",
        unscanned="joblib",
    ),
    Hostile(
        "joblib/plain-pickle",
        NESTED,
        a_file("model.joblib", lambda c: pickle.dumps(None)[:-2] + system(c) + b"."),
        ("posix.system",),
        proof="joblib",
        unscanned="joblib",
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_NESTED, *_JOBLIB)
