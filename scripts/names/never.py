"""Uses that no list may hold, whatever a library asks for."""

from __future__ import annotations

import re

from mlpack.core.trust import Use

_RUNS = "os|posix|nt|sys|subprocess|shutil|socket|importlib|runpy|pkgutil|pydoc|code|codeop|pty|ctypes|gc|signal|site"
_READS = "pickle|_pickle|marshal|shelve|dill|cloudpickle|tempfile|glob|io|_io|codecs|zipfile|tarfile|sqlite3|fileinput"
_REACHES = "urllib|http|ftplib|smtplib|xmlrpc|webbrowser|asyncio|multiprocessing|threading|concurrent|logging"
_INSPECTS = "inspect|types|timeit|pdb|bdb|trace|zipimport"
_BUILTINS = (
    "getattr|setattr|delattr|eval|exec|compile|open|__import__|input|breakpoint|globals|locals|vars|map|filter|type"
)
_TEXT_METHODS = "lower|upper|casefold|title|capitalize|l?r?strip|split|splitlines"

NEVER: tuple[tuple[str, str, str], ...] = (
    (rf"({_RUNS}|{_READS}|{_REACHES}|{_INSPECTS})(\..*)?", ".*", ".*"),
    ("builtins", _BUILTINS, ".*"),
    ("builtins", "super|print|property|classmethod|staticmethod|memoryview|object", "called|built"),
    ("_?operator", ".*", ".*"),
    # A partial of one function, written with its name, is a use of its own.
    ("functools", r"(?!partial\(sklearn\.utils\.validation\.check_array\)$).*", ".*"),
    # A method is a use of its own too. These are the ones that libraries pickle by the name of their class.
    ("builtins", rf"(?!str\.({_TEXT_METHODS})$).*\..*", ".*"),
    (r"zoneinfo", r"(?!ZoneInfo\._unpickle$).*\..*", ".*"),
    (r"scipy\.interpolate\._interpolate", r"(?!interp1d\._call_\w+$).*\..*", ".*"),
    (r"scipy\.stats\._discrete_distns", r"(?!\w+_gen\._entropy$).*\..*", ".*"),
    (
        r"(?!(functools|builtins|zoneinfo|scipy\.interpolate\._interpolate|scipy\.stats\._discrete_distns)$).*",
        r".*\..*",
        ".*",
    ),
    # Readers and writers of files, wherever they lie.
    (".*", "_?loads?|_?load_.*|open|read_.*|save.*|fromfile|genfromtxt|loadtxt|memmap|DataSource", ".*"),
    (r"numpy\.(f2py|testing|distutils|ctypeslib|lib\.npyio|lib\._npyio_impl)(\..*)?", ".*", ".*"),
    ("numpy(.rec)?", "ndarray|recarray", "called|built"),
    (r"scipy\.(io|weave|datasets|_lib\._ccallback|_lib\.deprecation)(\..*)?", ".*", ".*"),
    (r"pandas\.io(\..*)?", ".*", ".*"),
    (r"joblib\.(memory|parallel|func_inspect|_store_backends|externals)(\..*)?", ".*", ".*"),
    (r"torch\.(hub|utils|jit|package|distributed|multiprocessing)(\..*)?", ".*", ".*"),
)
"""Regular expressions for module, name and role, each of which has to match whole."""


def is_never(use: Use) -> bool:
    """Whether a list must not hold ``use``."""
    return any(
        re.fullmatch(module, use.module) and re.fullmatch(name, use.name) and re.fullmatch(role, use.role)
        for module, name, role in NEVER
    )
