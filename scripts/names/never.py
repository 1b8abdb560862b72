"""Uses that no list may hold, whatever a library asks for."""

from __future__ import annotations

import re

from mlpack.core.trust import Use

NEVER: tuple[tuple[str, str, str], ...] = (
    ("functools", r"(?!partial\(sklearn\.utils\.validation\.check_array\)$).*", ".*"),
    ("_?operator", ".*", ".*"),
    (
        "builtins",
        "getattr|setattr|delattr|eval|exec|compile|open|__import__|input|breakpoint|globals|locals|vars|map|filter",
        ".*",
    ),
    ("builtins", "print|type|super|property|classmethod|staticmethod|memoryview|apply|execfile|file", "called|built"),
    (
        r"(os|posix|nt|sys|subprocess|shutil|socket|importlib|runpy|pkgutil|pydoc|code|codeop|pty|platform|ctypes)(\..*)?",
        ".*",
        ".*",
    ),
    (
        r"(pickle|_pickle|marshal|shelve|dill|cloudpickle|tempfile|glob|io|_io|codecs|webbrowser|timeit|pdb|bdb|trace)(\..*)?",
        ".*",
        ".*",
    ),
    (
        r"(urllib|http|ftplib|smtplib|xmlrpc|asyncio|multiprocessing|threading|concurrent|logging|inspect|types)(\..*)?",
        ".*",
        ".*",
    ),
    (
        r"(?!scipy\.stats\._discrete_distns$|scipy\.interpolate\._interpolate$|functools$|builtins$|zoneinfo$).*",
        r".*\..*",
        ".*",
    ),
    ("builtins", r"(?!str\.(lower|upper|casefold|title|capitalize|l?r?strip|split|splitlines)$).*\..*", ".*"),
    (r".*", "load|loads|open|read_.*|fromfile|genfromtxt|loadtxt|memmap|DataSource|load_library", ".*"),
    (r"numpy\.(f2py|testing|distutils|ctypeslib|lib\.npyio|lib\._npyio_impl)(\..*)?", ".*", ".*"),
    (r"scipy\.(io|weave|_lib\.(_ccallback|deprecation))(\..*)?", ".*", ".*"),
    (r"pandas\.io(\..*)?", ".*", ".*"),
    (r"joblib\.(memory|parallel|func_inspect|_store_backends|externals)(\..*)?", ".*", ".*"),
)
"""Regular expressions for module, name and role, each of which has to match whole."""


def is_never(use: Use) -> bool:
    """Whether a list must not hold ``use``."""
    return any(
        re.fullmatch(module, use.module) and re.fullmatch(name, use.name) and re.fullmatch(role, use.role)
        for module, name, role in NEVER
    )
