"""What is asked of a batch run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from mlpack.core.errors import UsageError

Engine = Literal["local", "ray"]
OnError = Literal["fail", "null", "quarantine"]
Kind = Literal["parquet", "csv", "arrow", "jsonl"]
"""A file format of rows. An Arrow file is in the IPC file or stream format."""

ALL = "*"
_WITHOUT = {"limit": " for all rows"}
_CHOICES: dict[str, Any] = {"engine": Engine, "on_error": OnError, "format": Kind}


@dataclass(frozen=True)
class Job:
    """The options of a run, as `mlpack.batch` has them; None is for those that were not given.

    Raises UsageError for a value that cannot be used.
    """

    model: Path
    input: str
    output: str
    engine: Engine = "local"
    address: str | None = None
    resume: bool = False
    force: bool = False
    keep: tuple[str, ...] = ()
    limit: int | None = None
    on_error: OnError | None = None
    format: Kind | None = None
    chunk_rows: int | None = None
    part_rows: int | None = None
    batch_rows: int | None = None

    def __post_init__(self) -> None:
        for name, kinds in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in get_args(kinds):
                raise UsageError(f"{value!r} is no {name}", hint=f"one of {', '.join(get_args(kinds))}")
        for name in ("chunk_rows", "part_rows", "batch_rows", "limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                option = f"--{name.replace('_', '-')}"
                raise UsageError(
                    f"{option} has to be 1 or more, and is {value}",
                    hint=f"leave {option} out{_WITHOUT.get(name, '')}, or name a number from 1 on",
                )
        if self.resume and self.force:
            raise UsageError(
                "--resume goes on with what is there, and --force begins anew", hint="leave one of them out"
            )
        if self.address is not None and self.engine != "ray":
            raise UsageError("--address is that of a Ray cluster", hint="--engine ray --address ADDRESS")

    @property
    def fate(self) -> OnError:
        """What becomes of a row that the model does not take."""
        return self.on_error or "fail"
