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
        given = {name: self._answer(getattr(model, name)) for name in METHODS if hasattr(model, name)}
        return given or {name: value for name, value in vars(model).items() if name.endswith("_")}

    def _answer(self, method: Callable[[Any], Any]) -> Any:
        """What ``method`` gives, or the kind of error where these parameters leave it undefined."""
        try:
            return method(self.rows)
        except (NotImplementedError, ValueError) as error:
            return type(error).__name__
