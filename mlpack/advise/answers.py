"""What a user says of the callers, the load and the money, and what is assumed of what they leave unsaid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, get_args

from mlpack.core.errors import UsageError

Audience = Literal["public", "internal"]

GRPC_LANGUAGES = frozenset(
    {
        "c#",
        "c++",
        "cpp",
        "csharp",
        "dart",
        "go",
        "java",
        "kotlin",
        "node",
        "objective-c",
        "php",
        "python",
        "ruby",
        "rust",
        "scala",
        "swift",
    }
)
"""Those of https://grpc.io/docs/languages/, and Rust, Scala and Swift, whose tonic, ScalaPB and grpc-swift are in wide use."""
HTTP_LANGUAGES = frozenset(
    {
        "browser",
        "c",
        "curl",
        "elixir",
        "excel",
        "javascript",
        "julia",
        "lua",
        "matlab",
        "other",
        "perl",
        "r",
        "typescript",
    }
)
"""What has HTTP and no gRPC of its own. JavaScript is taken for a browser's; on a server it is ``node``."""
_ALIASES = {"golang": "go", "js": "javascript", "nodejs": "node", "node.js": "node", "py": "python", "ts": "typescript"}
_ALIKE = 0.75
"""How much of a name has to be there for it to be meant: of ``phyton`` 0.83."""
_AT_LEAST: Mapping[str, float] = {
    "latency_ms": 0,
    "rows_per_day": 1,
    "rows_per_request": 1,
    "bulk_rows": 0,
    "clients": 1,
    "peak_factor": 1,
    "price_per_hour": 0,
    "processors": 1,
}


@dataclass(frozen=True)
class Answers:
    """What the advice rests on. Raises UsageError for what cannot be.

    ``latency_ms`` is the longest that a caller waits, 0 where nobody does. ``rows_per_day`` come in requests of
    ``rows_per_request``, and at the busiest time ``peak_factor`` times as fast as on average; ``bulk_rows`` more are there at
    once, each day. ``clients`` ask at a time. ``images`` says that a row has thousands of numbers.
    ``price_per_hour`` is that of a machine with so many ``processors``, in whatever currency.
    """

    audience: Audience = "internal"
    latency_ms: float = 100.0
    rows_per_day: int = 100_000
    rows_per_request: int = 1
    bulk_rows: int = 0
    clients: int = 10
    languages: tuple[str, ...] = ("python",)
    streaming: bool = False
    images: bool = False
    peak_factor: float = 3.0
    price_per_hour: float = 0.1
    processors: int = 2

    def __post_init__(self) -> None:
        if self.audience not in get_args(Audience):
            raise UsageError(f"{self.audience!r} is no audience", hint="--audience public, or --audience internal")
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if not math.isfinite(value) or value < least:
                option = f"--{name.replace('_', '-')}"
                raise UsageError(f"{option} has to be {least:g} or more, and is {value:g}", hint="mlpack advise --help")
        if not self.languages or not all(self.languages):
            raise UsageError("no language is named", hint="--languages python,java; browser and curl count as well")
        unknown = [one for one in self.languages if one not in GRPC_LANGUAGES | HTTP_LANGUAGES]
        if unknown:
            raise UsageError(
                f"{unknown[0]!r} is no language that is known here",
                why=f"known are {', '.join(sorted(GRPC_LANGUAGES | HTTP_LANGUAGES))}",
                hint=f"--languages {','.join(_known(self.languages))}, where other is anything that has HTTP and no gRPC",
            )

    @property
    def somebody_waits(self) -> bool:
        """Whether there is a caller who waits for the answer."""
        return self.latency_ms > 0

    @property
    def without_grpc(self) -> tuple[str, ...]:
        """The languages that have no gRPC of their own."""
        return tuple(language for language in self.languages if language not in GRPC_LANGUAGES)

    @property
    def with_grpc(self) -> tuple[str, ...]:
        """The languages that have."""
        return tuple(language for language in self.languages if language in GRPC_LANGUAGES)

    @property
    def requests_per_day(self) -> float:
        """Requests of a day, which is less than one where a request is longer than the day."""
        return self.rows_per_day / self.rows_per_request

    @property
    def peak_rate(self) -> float:
        """Requests a second at the busiest time."""
        return self.requests_per_day / 86_400 * self.peak_factor

    def to_json(self) -> dict[str, Any]:
        """The answers as JSON-ready values."""
        return {**asdict(self), "languages": list(self.languages)}


def answers_of(given: Mapping[str, Any], known: Mapping[str, Any]) -> tuple[Answers, tuple[str, ...]]:
    """The answers in ``given``, where None says nothing, and the names of those that were assumed.

    What is ``known`` from the model itself is no assumption. Raises UsageError.
    """
    said = {name: value for name, value in given.items() if value is not None}
    if "languages" in said:
        said["languages"] = languages_of(said["languages"])
    sure = {**known, **said}
    return Answers(**sure), tuple(field.name for field in fields(Answers) if field.name not in sure)


def languages_of(named: Any) -> tuple[str, ...]:
    """``"Python, Java"`` or a list of names, as `Answers` has them."""
    parts = named.split(",") if isinstance(named, str) else list(named)
    names = (part.strip().lower() for part in parts if part.strip())
    return tuple(dict.fromkeys(_ALIASES.get(name, name) for name in names))


def _known(named: tuple[str, ...]) -> list[str]:
    """``named`` with the known name that is most like each unknown one, and ``other`` where none is."""
    known = sorted(GRPC_LANGUAGES | HTTP_LANGUAGES)
    return [one if one in known else (get_close_matches(one, known, 1, _ALIKE) or ["other"])[0] for one in named]
