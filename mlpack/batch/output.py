"""Where the rows that were answered go: a folder with a file a part, or one file that is put together of them at the end."""

from __future__ import annotations

import difflib
import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from mlpack.batch.job import Job, Kind
from mlpack.batch.places import Place, place_of, would_mean
from mlpack.batch.sources import COMPRESSED, ENDINGS, SourceFile, kind_of_name
from mlpack.core.errors import UsageError

ASIDE = "_quarantine"
"""The folder of rows that were set aside. Readers of a folder pass over names with an underscore in front."""
CHECKPOINT = "_checkpoint.jsonl"
_ENDINGS: dict[Kind, str] = {"parquet": "parquet", "csv": "csv", "arrow": "arrow", "jsonl": "jsonl"}


@dataclass(frozen=True)
class Output:
    """``folder`` holds the parts and the checkpoint. ``single``: they become the file ``place``, beside which it is hidden."""

    place: Place
    folder: Place
    kind: Kind
    single: bool

    @property
    def aside(self) -> Place:
        """The folder of rows that were set aside."""
        return self.folder.child(ASIDE)

    @property
    def aside_file(self) -> Place:
        """The file that rows which were set aside are put together in."""
        stem, _, ending = self.place.name.rpartition(".")
        return self.place.sibling(f"{stem}.quarantine.{ending}")

    def part_name(self, number: int) -> str:
        """The name of a part."""
        return f"part-{number:05d}.{_ENDINGS[self.kind]}"


def output_of(job: Job) -> Output:
    """The output that ``job`` asks for. Raises UsageError where its ending and ``format`` do not go together, or where it has
    an ending that says no format, and nothing says that a folder is meant.
    """
    place = place_of(job.output)
    named = kind_of_name(place.name)
    is_folder = job.output.endswith("/") or place.kind() == "folder"
    single = named is not None and not is_folder
    if named is None and not is_folder and job.format is None and PurePosixPath(place.name).suffix:
        raise _unknown_ending(place)
    if single and place.name.lower().endswith(COMPRESSED):
        raise UsageError(f"{place.shown} would be compressed text, which is not written", hint="leave that ending out")
    if single and job.format not in {None, named}:
        raise UsageError(
            f"{place.shown} ends as a file of {named} does, and --format is {job.format}", hint="leave --format out"
        )
    kind = job.format or named or "parquet"
    return Output(place, place.sibling(f".{place.name}.parts") if single else place, kind, single)


def _unknown_ending(place: Place) -> UsageError:
    stem, _, ending = place.name.rpartition(".")
    near = difflib.get_close_matches(f".{ending.lower()}", ENDINGS, n=1)
    meant = f"{place.sibling(stem).shown}{near[0] if near else '.parquet'}"
    return UsageError(
        f"{place.shown} ends as no format does that is written",
        why=f"the endings are {', '.join(ENDINGS)}",
        hint=f"-o {shlex.quote(meant)}, or for a folder of parts -o {shlex.quote(f'{place.shown}/')}",
    )


def check_apart(output: Output, files: tuple[SourceFile, ...], text: str) -> None:
    """Raise UsageError where the output would lie among the input, which ``text`` names: the next run would read it."""
    source = place_of(text)
    written = [output.place, output.aside_file] if output.single else [output.place.child(output.part_name(0))]
    if any(would_mean(source, place) for place in written):
        raise UsageError(
            f"{output.place.shown} is where {source.shown} is read from: the next run would take the answers for rows",
            hint="write to another place with -o",
        )
    for file in files:
        path, root = file.place.path, output.place.path.rstrip("/")
        if type(file.place.files) is type(output.place.files) and (path == root or path.startswith(f"{root}/")):
            raise UsageError(
                f"{output.place.shown} is where {file.name} is read from", hint="write to another place with -o"
            )
