"""Names that hostile files use and names that models use, as material for mutations."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from mlpack.scan.lists import names_of
from mlpack.scan.pickles.opcodes import OPCODES

CANARY = ("fuzz.canary", "trip")
"""A function that no list holds and that tells when it was reached."""

GADGETS: tuple[tuple[str, str], ...] = (
    CANARY,
    ("os", "system"),
    ("posix", "system"),
    ("nt", "system"),
    ("os", "popen"),
    ("os", "execv"),
    ("subprocess", "Popen"),
    ("subprocess", "check_output"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "compile"),
    ("builtins", "open"),
    ("builtins", "__import__"),
    ("builtins", "getattr"),
    ("builtins", "setattr"),
    ("builtins", "apply"),
    ("__builtin__", "eval"),
    ("io", "open"),
    ("io", "FileIO"),
    ("_io", "open_code"),
    ("importlib", "import_module"),
    ("importlib._bootstrap", "_gcd_import"),
    ("pkgutil", "resolve_name"),
    ("pydoc", "locate"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("pickle", "loads"),
    ("_pickle", "loads"),
    ("joblib", "load"),
    ("joblib.numpy_pickle", "NDArrayWrapper"),
    ("joblib.numpy_pickle", "NumpyArrayWrapper"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "memmap"),
    ("numpy.testing._private.utils", "runstring"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.ma.core", "_mareconstruct"),
    ("timeit", "timeit"),
    ("runpy", "run_path"),
    ("cProfile", "run"),
    ("pdb", "run"),
    ("code", "interact"),
    ("ctypes", "CDLL"),
    ("socket", "create_connection"),
    ("urllib.request", "urlopen"),
    ("webbrowser", "open"),
    ("shutil", "rmtree"),
    ("asyncio.unix_events", "_UnixSubprocessTransport"),
    ("logging", "FileHandler"),
    ("logging.config", "dictConfig"),
    ("multiprocessing.util", "spawnv_passfds"),
    ("types", "FunctionType"),
    ("types", "CodeType"),
    ("marshal", "loads"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("copyreg", "__newobj_ex__"),
    ("_codecs", "encode"),
    ("_codecs", "decode"),
    ("codecs", "decode"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("builtins", "bytearray"),
    ("builtins", "set"),
    ("builtins", "object"),
    ("builtins", "type"),
    ("builtins", "map"),
    ("re", "_compile"),
    ("torch.storage", "_load_from_bytes"),
    ("torch", "load"),
    ("torch.hub", "load"),
    ("torch._utils", "_rebuild_tensor_v2"),
    ("xgboost.core", "Booster"),
    ("sklearn.utils._bunch", "Bunch"),
    ("scipy.stats._distn_infrastructure", "rv_frozen"),
    ("pip", "main"),
    ("__main__", "x"),
    ("mlpack.isolate.worker", "Worker"),
)

TEXTS: tuple[str, ...] = (
    "",
    "touch canary",
    "fuzz.canary.trip()",
    "open('canary', 'w')",
    "__import__('fuzz.canary').canary.trip()",
    "__class__",
    "__dict__",
    "__setstate__",
    "__reduce__",
    "__array_interface__",
    "__array_finalize__",
    "__init__",
    "__globals__",
    "system",
    "latin1",
    "f8",
    "O8",
    "V8",
    "U4",
    "b",
    "<",
    ">",
    "|",
    "C",
    "F",
    "shape",
    "dtype",
    "order",
    "subclass",
    "allow_mmap",
    "numpy_array_alignment_bytes",
    "_parse_arg_template",
    "_sklearn_version",
    "n_features_in_",
    "steps",
    "estimators_",
    "classes_",
    "storage",
    "module",
    "a.b.c",
    "../../canary",
    "/dev/zero",
    "\ud800",
    "\x00",
    "é",
)

_LISTED = ("python", "numpy", "sklearn", "scipy", "joblib", "pandas", "xgboost", "lightgbm")


@cache
def listed() -> Sequence[tuple[str, str]]:
    """The names that the lists let through."""
    found = []
    for package in _LISTED:
        names = names_of(package)
        found += sorted(names.roles) if names is not None else []
    return tuple(found)


def dictionary() -> str:
    """The same as a dictionary of libFuzzer's, for its own mutations; opcodes and the marks of formats too."""
    marks = (
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
        b"\x89HDF\r\n\x1a\n",
        b"TREE",
        b"SNOD",
        b"HEAP",
        b"OHDR",
        b"GCOL",
    )
    marks += (
        b"\x93NUMPY",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\x00",
        b"\x04\x22\x4d\x18",
        b"data.pkl",
        b"constants.pkl",
        b"code/",
    )
    words = {bytes([code]) for code in OPCODES} | set(marks)
    words |= {part.encode() for pair in GADGETS for part in pair}
    words |= {text.encode("utf-8", "surrogatepass") for text in TEXTS if text}
    escaped = ["".join(f"\\x{byte:02x}" for byte in word) for word in sorted(words)]
    return "".join(f'"{word}"\n' for word in escaped)
