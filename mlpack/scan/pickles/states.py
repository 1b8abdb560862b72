"""What the state of an object may hold: some classes run it, and NumPy and Python believe what stands under some names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from mlpack.scan.plainly import shown

_WORDS = frozenset({"__doc__", "__name__", "__qualname__", "__module__", "__overloads__"})
"""Names in double underscores that are only read by people, and the one that torch leaves on a module that was scripted."""
_DISTRIBUTIONS = "scipy.stats."
_TEMPLATE = "_parse_arg_template"
_VERSION = "_sklearn_version"
_SHAPES = r"(?P<shapes>(?:[A-Za-z]\w*, )*)"
_IN, _OUT = r"(?:loc=0(?:, scale=1)?)?", r"(?:loc(?:, scale)?|loc, 1)?"
_PARSERS = re.compile(
    rf"""
def _parse_args\(self, {_SHAPES} {_IN}\):
    return \((?P=shapes)\), {_OUT}

def _parse_args_rvs\(self, (?P=shapes) {_IN}, size=None\):
    return self\._argcheck_rvs\((?P=shapes) {_OUT}, size=size\)

def _parse_args_stats\(self, (?P=shapes) {_IN}, moments='mv'\):
    return \((?P=shapes)\), {_OUT}, moments
""",
    re.ASCII,
)
"""Three functions that shuffle their arguments (`parse_arg_template` in scipy/stats/_distn_infrastructure.py)."""


def wrong_state(module: str, state: Any) -> str:
    """Why ``state`` may not be set on an object of a class of ``module``; empty where it may.

    A name in double underscores would stand in for what Python and NumPy ask a class for: ``__array_interface__`` is an
    address in memory. Attributes may lie in a tuple of any length: classes compiled by Cython and pandas' arrays take them
    from the end of one. Distributions of SciPy compile the text in their state, and scikit-learn writes out the version in its
    own where it is another than the one at hand.
    """
    if module.startswith(_DISTRIBUTIONS):
        if type(state) is not dict:
            return f"it sets a state of {module} that is no dictionary"
        template = state.get(_TEMPLATE, "")
        if template != "" and (type(template) is not str or not _PARSERS.fullmatch(template)):
            return f"it has {module} compile {shown(template)}"
    if module.startswith("sklearn.") and isinstance(state, dict) and type(state.get(_VERSION, "")) is not str:
        return f"it sets a version of {module} that is no text"
    pending, seen = [state], {id(state)}
    while pending:
        part = pending.pop()
        wrong = wrong_key(module, part.items()) if isinstance(part, dict) else ""
        if wrong:
            return wrong
        for inner in part if type(part) is tuple else ():
            if isinstance(inner, tuple | dict) and id(inner) not in seen:
                seen.add(id(inner))
                pending.append(inner)
    return ""


def is_shared(name: str) -> bool:
    """Whether ``name`` is the class or the maker of an object that there is one of in a process: it is the library's own."""
    return name in {"MaskedConstant", "NaTType", "_nat_unpickle", "__nat_unpickle"}


def wrong_partial(function: Any, state: Any) -> str:
    """Why ``state`` may not be set on a partial of ``function``: it could be one of another function afterwards."""
    if type(state) is not tuple or len(state) != 4 or state[0] is not function or state[3] not in (None, {}):
        return "it turns a functools.partial into one of another function"
    return ""


def wrong_key(module: str, pairs: Iterable[tuple[Any, Any]]) -> str:
    """Why ``pairs`` may not become attributes of an object of ``module``, or items of one whose items are attributes."""
    if module != "collections":
        for key, _ in pairs:
            if isinstance(key, str) and key[:2] == "__" and key not in _WORDS:
                return f"it sets {key[:80]!r} of an object of {module}"
    return ""
