"""What compiled code believes of the objects it is given, checked while they are loaded.

A tree whose node names a child that is not there, a sparse matrix with a column beyond its last: the libraries read or write
wherever such a number points. Checked is what their own constructors check, and what they leave out because it is they who
write the files. One function for each kind of object; it gives the reason why an object is not sound, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mlpack.scan.pickles.soundness import matrices, random, tables, trees

Reason = Callable[[Any], str]


@dataclass(frozen=True)
class Checks:
    """``before`` judges a state, ``now`` an object that was just made, ``later`` one when all of the file is there.

    An array that an object holds may get its contents after the object did: most checks come last.
    """

    before: Reason | None = None
    now: Reason | None = None
    later: Reason | None = None


_KINDS: Mapping[str, Checks] = {
    **{kind: Checks(later=matrices.compressed) for kind in matrices.COMPRESSED},
    **{kind: Checks(later=matrices.coordinates) for kind in matrices.COORDINATES},
    **{kind: Checks(later=matrices.diagonals) for kind in matrices.DIAGONALS},
    **{kind: Checks(later=matrices.lists) for kind in matrices.LISTS},
    **{kind: Checks(later=tables.blocks) for kind in tables.MANAGERS},
    **{kind: Checks(later=tables.categories) for kind in tables.CATEGORICALS},
    **{kind: Checks(later=tables.levels) for kind in tables.MULTI_INDEXES},
    **{kind: Checks(later=tables.labels) for kind in tables.SERIES},
    **{kind: Checks(now=tables.text) for kind in tables.ARROW_TEXTS},
    "sklearn.tree._tree.Tree": Checks(before=trees.nodes, later=trees.features),
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor": Checks(later=trees.predictor),
    **{kind: Checks(later=trees.boosting) for kind in trees.BOOSTED},
    **{kind: Checks(later=trees.decisions) for kind in trees.DECISIONS},
    **{kind: Checks(later=trees.stages) for kind in trees.STAGED},
    **{kind: Checks(later=trees.neighbours) for kind in trees.BALLS},
    **{kind: Checks(before=trees.halves) for kind in trees.HALVES},
    **{kind: Checks(later=random.position) for kind in random.SOURCES},
}


def checks_of(kind: type) -> Checks | None:
    """What an object of ``kind`` is held to."""
    return _checks_of(kind)


@cache
def _checks_of(kind: type) -> Checks | None:
    return _KINDS.get(f"{kind.__module__}.{kind.__qualname__}")


def reason(check: Reason | None, value: Any) -> str:
    """Why ``value`` is not sound; empty where it is. What cannot be asked for lacks a part."""
    if check is None:
        return ""
    try:
        return check(value)
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError) as error:
        return f"a {type(value).__name__} that is not whole: {error}"
