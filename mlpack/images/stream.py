"""What the engine tells while it builds: steps that begin and end, images that are made, and what failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_STEP = re.compile(r"Step (\d+)/(\d+) : (.*)", re.DOTALL)
_MADE = re.compile(r"\s*---> ([0-9a-f]{12})\s*")
_RUNNING = re.compile(r"\s*---> Running in ([0-9a-f]{12})\s*")
_CACHED = re.compile(r"\s*---> Using cache\s*")
_NOISE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|Removing intermediate container [0-9a-f]+\s*")
"""Colours of pip, and what the builder says between the lines of a step."""
_TAIL = 40


@dataclass(frozen=True)
class Step:
    """A step of the Dockerfile."""

    number: int
    of: int
    instruction: str

    def __str__(self) -> str:
        words = " ".join(self.instruction.split())
        shown = words if len(words) <= 64 else f"{words[:63]}…"
        return f"{self.number}/{self.of} {shown}"


@dataclass
class Trail:
    """What a build left on its way. ``base`` is the image that its stages begin with. ``added`` are those that it made itself,
    and did not find in the cache, ``made`` these and those; ``last`` is the one that its next step begins with.
    """

    base: str = ""
    step: Step | None = None
    image: str = ""
    last: str = ""
    added: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    cached: int = 0
    output: list[str] = field(default_factory=list)
    error: str = ""
    _from_cache: bool = False

    def follow(self, event: Mapping[str, Any]) -> Step | None:
        """Take in one event. Returns the step that it begins, if it begins one."""
        if "error" in event:
            self.error = str(event["error"])
        aux = event.get("aux")
        if isinstance(aux, Mapping) and "ID" in aux:
            self.image = str(aux["ID"])
        return self._line(str(event["stream"])) if "stream" in event else None

    def _line(self, text: str) -> Step | None:
        if found := _STEP.fullmatch(text.strip()):
            self.step = Step(int(found[1]), int(found[2]), found[3])
            self._from_cache = False
            if self._begins:
                self.last = self.base.removeprefix("sha256:")[:12]
            return self.step
        if found := _RUNNING.fullmatch(text):
            self.containers.append(found[1])
        elif _CACHED.fullmatch(text):
            self._from_cache = True
            self.cached += 1
        elif found := _MADE.fullmatch(text):
            self._made(found[1])
        elif said := _NOISE.sub("", text).strip():
            self.output = [*self.output, *said.splitlines()][-_TAIL:]
        return None

    def _made(self, image: str) -> None:
        self.last = image
        if self._begins:
            return
        if image not in self.made:
            self.made.append(image)
        if not self._from_cache and image not in self.added:
            self.added.append(image)

    @property
    def _begins(self) -> bool:
        """Whether the step is one that begins a stage."""
        return self.step is not None and self.step.instruction.lstrip().upper().startswith("FROM ")
