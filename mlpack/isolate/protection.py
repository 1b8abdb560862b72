"""What protects the machine from a worker, as the worker itself found it in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlpack.core.view import Line

State = Literal["full", "partial", "none", "not-applicable"]
"""``not-applicable``: a model at hand, in the process of whoever called; no file was opened."""


@dataclass(frozen=True)
class Gap:
    """What is missing (Landlock, seccomp, or the sandbox as a whole), why, and what to do about it."""

    what: str
    why: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """The gap as JSON-ready values."""
        return {"what": self.what, "why": self.why, "remedy": self.remedy}


@dataclass(frozen=True)
class Protection:
    """``landlock`` is the ABI in force and None without, ``seccomp`` whether the filter is; ``missing`` says why not."""

    landlock: int | None = None
    seccomp: bool = False
    missing: tuple[Gap, ...] = ()
    applicable: bool = True

    @property
    def state(self) -> State:
        """How much of the sandbox is in force."""
        if not self.applicable:
            return "not-applicable"
        if self.landlock and self.seccomp:
            return "full"
        return "partial" if self.landlock or self.seccomp else "none"

    @property
    def full(self) -> bool:
        """Whether nothing is missing."""
        return self.state == "full"

    @property
    def layers(self) -> tuple[str, ...]:
        """What is in force: ``("Landlock 7", "seccomp")``."""
        return (*([f"Landlock {self.landlock}"] if self.landlock else ()), *(["seccomp"] if self.seccomp else ()))

    @property
    def sentence(self) -> str:
        """``sandboxed: Landlock 7, seccomp``, or what is missing and why."""
        if not self.applicable:
            return "no sandbox: the model is at hand, and no file was opened"
        if self.full:
            return f"sandboxed: {', '.join(self.layers)}"
        reasons = "; ".join(dict.fromkeys(gap.why for gap in self.missing))
        return f"half sandboxed, by {self.layers[0]} only: {reasons}" if self.layers else f"unsandboxed: {reasons}"

    def warning(self) -> tuple[Line, ...]:
        """A line for people where a file was opened outside of a whole sandbox."""
        return (Line(self.sentence, "warn"),) if self.state in {"none", "partial"} else ()

    def to_json(self) -> dict[str, Any]:
        """The protection as JSON-ready values, its ``state`` and ``sentence`` with it."""
        return {
            "state": self.state,
            "landlock": self.landlock,
            "seccomp": self.seccomp,
            "missing": [gap.to_json() for gap in self.missing],
            "sentence": self.sentence,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Protection:
        """What `to_json` gave."""
        return cls(
            landlock=document["landlock"],
            seccomp=document["seccomp"],
            missing=tuple(Gap(**gap) for gap in document["missing"]),
            applicable=document["state"] != "not-applicable",
        )


AT_HAND = Protection(applicable=False)
UNASKED = Protection(missing=(Gap("sandbox", "none was asked for"),))
_ORDER: tuple[State, ...] = ("none", "partial", "full", "not-applicable")


def weakest(protections: Iterable[Protection]) -> Protection:
    """The one that protects least: what a run of several workers as a whole can claim. `AT_HAND` where there is none."""
    return min(protections, key=lambda one: _ORDER.index(one.state), default=AT_HAND)
