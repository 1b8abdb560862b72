"""A rule of the advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlpack.advise.case import Case, Topic


@dataclass(frozen=True)
class Rule:
    """``choice`` for ``topic`` where ``when`` holds; ``why`` may name the words of `Case.words` in braces."""

    name: str
    topic: Topic
    choice: str
    when: Callable[[Case], bool]
    why: str
    source: str
