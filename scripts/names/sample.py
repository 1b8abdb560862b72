"""One honest object, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

METHODS = ("predict", "predict_proba", "decision_function", "transform", "score_samples", "kneighbors")


def itself(value: Any) -> Any:
    """The answer of what is a value and no model."""
    return value


@dataclass(frozen=True)
class Sample:
    """``answers`` gives, for the object or for a copy of it, what has to be the same in both.

    ``oldest`` is the first protocol that can write it: classes with slots and those written in C need the second.
    """

    name: str
    value: Any
    answers: Callable[[Any], Any] = itself
    oldest: int = 0


@dataclass(frozen=True)
class Answers:
    """What a model answers to ``rows`` with each method that it has; its fitted arrays where it has no such method."""

    rows: Any

    def __call__(self, model: Any) -> dict[str, Any]:
        """The name of each method, and what it gave."""
        given = {name: getattr(model, name)(self.rows) for name in METHODS if hasattr(model, name)}
        return given or {name: value for name, value in vars(model).items() if name.endswith("_")}
