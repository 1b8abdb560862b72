"""What it means that a name is in no list: ``error`` where nobody puts it into a model, ``warning`` where somebody may.

A warning is lifted by the user's trust in the file, an error by allowing that very use.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from mlpack.core.finding import Severity
from mlpack.core.trust import Role

_READERS = (
    *(
        "load*",
        "save*",
        "from*",
        "genfromtxt",
        "memmap",
        "DataSource",
        "tofile",
        "ndarray",
        "recarray",
        "apply_*",
        "vectorize",
    ),
    *(
        "piecewise",
        "printoptions",
        "set*",
        "show_*",
        "get_include",
        "info",
        "lookfor",
        "source",
        "deprecate*",
        "test",
        "frompyfunc",
    ),
)
"""Names of numpy itself that read or write files, take addresses, change NumPy or call what they are given."""
_ERROR: Mapping[Role, Severity] = {"called": "error", "built": "error", "referred": "error"}
_NEWER_CLASS: Mapping[Role, Severity] = {"called": "error", "built": "warning", "referred": "warning"}
_BY_ROLE: Mapping[str, Mapping[Role, Severity]] = {
    "joblib": _ERROR,
    "keras": _ERROR,
    "lightgbm": _NEWER_CLASS,
    "numpy": _ERROR,
    "pandas": {"called": "error", "built": "warning", "referred": "error"},
    "pyarrow": _ERROR,
    "python": _ERROR,
    "scipy": {"called": "error", "built": "warning", "referred": "error"},
    "sklearn": {"called": "warning", "built": "warning", "referred": "warning"},
    "tensorflow": _ERROR,
    "torch": _ERROR,
    "xgboost": _NEWER_CLASS,
}
"""What holds for all of a library. A class of a newer version is built; functions that can be misused are called."""

_USES: tuple[tuple[str, Severity], ...] = (
    # No model names what Python keeps for itself.
    ("*:*__*__*:*", "error"),
    # What a pickled torch module or Keras model is made with: the file brings code that only trust lets through.
    ("torch.storage:_load_from_bytes:called", "warning"),
    ("keras*:*._unpickle_model:called", "warning"),
    ("_io:BytesIO:*", "warning"),
    ("torch.nn.*:*:built", "warning"),
    ("torch.nn.*:*:referred", "warning"),
    ("cloudpickle*:load*:*", "error"),
    ("dill*:load*:*", "error"),
    # What people put into models by hand, and what may do anything in the hands of others.
    ("functools:partial*:called", "warning"),
    ("functools:partial:referred", "warning"),
    ("operator:itemgetter:*", "warning"),
    ("operator:attrgetter:*", "warning"),
    ("math:*:referred", "warning"),
    ("statistics:*:referred", "warning"),
    ("random:Random:*", "warning"),
    ("types:SimpleNamespace:*", "warning"),
    ("builtins:str.*:referred", "warning"),
    # Functions of numbers are referred to; those that read, write, import or compile are not.
    *((f"numpy:{name}:*", "error") for name in _READERS),
    ("numpy:*:referred", "warning"),
    ("numpy._core._multiarray_umath:*:referred", "warning"),
    ("numpy.linalg*:*:referred", "warning"),
    ("numpy.fft*:*:referred", "warning"),
    ("scipy.special*:*:referred", "warning"),
    ("scipy.stats*:*:referred", "warning"),
    ("scipy.spatial*:*:referred", "warning"),
    ("scipy.signal*:*:referred", "warning"),
    ("scipy.ndimage*:*:referred", "warning"),
    ("scipy.io*:*:*", "error"),
    ("pandas.io*:*:*", "error"),
    ("sklearn.datasets*:*:called", "error"),
    ("sklearn.utils*:*:called", "error"),
    ("sklearn.externals*:*:called", "error"),
    ("sklearn*:*.*:called", "error"),
)
"""What holds for single uses, as patterns of ``module:name:role``; the first that fits decides."""

_GADGETS = frozenset(
    {
        *("pip", "setuptools", "_distutils_hack", "pkg_resources", "distutils", "wheel", "pytest", "_pytest", "py"),
        *("IPython", "ipykernel", "jupyter_core", "traitlets", "nt", "posix", "__builtin__", "commands", "cffi"),
        *("requests", "urllib3", "httpx", "aiohttp", "paramiko", "fabric", "yaml", "jinja2", "pexpect", "ptyprocess"),
        *("numexpr", "sympy", "numba", "mlpack", "typer", "click", "rich", "docker", "fsspec", "git", "psutil"),
        *(
            "test",
            "_testcapi",
            "_testinternalcapi",
            "_pyrepl",
            "_bootsubprocess",
            "lark",
            "invoke",
            "sh",
            "plumbum",
            "py4j",
        ),
    }
)
"""Packages that no model is made of, and that hold ways to run code. They would be refused without this: it only decides that
the user is not asked to trust them."""


def meaning_of(library: str, module: str, name: str, role: Role) -> Severity:
    """The severity of a use of a name of ``library`` that no list holds."""
    use = f"{module}:{name}:{role}"
    for pattern, severity in _USES:
        if fnmatchcase(use, pattern):
            return severity
    if library in _BY_ROLE:
        return _BY_ROLE[library][role]
    return "error" if library in _GADGETS else "warning"
