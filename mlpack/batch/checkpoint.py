"""What a run has done so far, in a file that is true whenever the run ends: a line a part, written once the part is there.

The first line says of which model, input and options they are. A last line without an end was being written, and counts
for nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from mlpack.batch.output import Output
from mlpack.batch.parts import Written, is_there, sync_folder
from mlpack.batch.places import Place, redacted
from mlpack.batch.written_out import Cells
from mlpack.core.errors import CorruptFileError, OutputError, UsageError

FORMAT = 2
"""Of the checkpoint and of the rows that are set aside."""


@dataclass(frozen=True)
class Part:
    """``rows`` rows of the input file number ``file``, from its row ``start`` on, which is row ``first`` of the whole input.

    ``refused`` counts rows that the model does not take; ``aside`` is the file that they are in. ``as_text`` counts cells that
    may have been meant as missing.
    """

    number: int
    file: int
    start: int
    first: int
    rows: int
    refused: int
    written: Written
    aside: Written | None = None
    as_text: Cells = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The part as a line of the checkpoint."""
        return {
            "part": self.number,
            "file": self.file,
            "start": self.start,
            "first": self.first,
            "rows": self.rows,
            "refused": self.refused,
            "written": self.written.to_json(),
            "aside": self.aside.to_json() if self.aside else None,
            "as_text": {name: dict(cells) for name, cells in self.as_text.items()},
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Part:
        """The inverse of `to_json`. Raises KeyError, TypeError."""
        aside = Written(**line["aside"]) if line["aside"] else None
        written = Written(**line["written"])
        places = (line["part"], line["file"], line["start"], line["first"])
        return cls(*places, line["rows"], line["refused"], written, aside, line.get("as_text", {}))


@dataclass
class Noted:
    """The lines of a checkpoint."""

    lines: list[dict[str, Any]]

    @property
    def header(self) -> dict[str, Any] | None:
        """What the run is of; None where there was none. Its options are those that hold now."""
        if not self.lines:
            return None
        header = dict(self.lines[0])
        for line in self.lines[1:]:
            header |= line.get("now", {})
        return header

    @property
    def parts(self) -> dict[int, Part]:
        """The parts by their numbers."""
        return {line["part"]: Part.from_json(line) for line in self.lines if "part" in line}

    @property
    def has_parts(self) -> bool:
        """Whether anything was written: a run that wrote nothing is none to go on from, and in nobody's way."""
        return any("part" in line for line in self.lines)

    @property
    def single(self) -> Written | None:
        """The one file that the parts were put together in, once that has been done."""
        return self._last("single")

    @property
    def aside(self) -> Written | None:
        """The file beside it that rows which were set aside were put together in."""
        return self._last("aside_file")

    @property
    def replaced(self) -> Written | None:
        """Such a file of a former run, which this one writes over."""
        return self._last("replaced")

    def _last(self, name: str) -> Written | None:
        return next((Written(**line[name]) for line in reversed(self.lines) if line.get(name)), None)


def noted_in(content: bytes, shown: str) -> Noted:
    """The lines of the checkpoint with ``content``, which is at ``shown``. Raises CorruptFileError."""
    whole, _, _ = content.rpartition(b"\n")
    try:
        return Noted([dict(json.loads(line)) for line in whole.splitlines() if line.strip()])
    except (ValueError, TypeError) as error:
        raise CorruptFileError(f"{shown} is damaged", why=str(error), hint="begin the run anew with --force") from error


def noted_at(place: Place) -> Noted:
    """The lines of the checkpoint at ``place``, if there is one; others may write to it. Raises as `noted_in`."""
    return noted_in(place.read() if place.kind() == "file" else b"", place.shown)


class Checkpoint(Noted):
    """The checkpoint in a folder; what it has is passed over where the run begins ``anew``.

    On this machine nobody else writes to it while it is open. A store has no locks: there a run that finds the checkpoint
    otherwise than it left it is ended before its next line. Two runs that write a line in the same moment both go on.
    """

    def __init__(self, place: Place, *, anew: bool = False) -> None:
        super().__init__([])
        self._place = place
        self._file: BinaryIO | None = None
        if place.local:
            self._file = _locked(place)
            content = self._file.read()
        else:
            content = place.read() if place.kind() == "file" else b""
        self._size = len(content)
        self._began = False
        self.former = Noted([])
        """What is passed over."""
        try:
            noted = noted_in(content, place.shown)
        except CorruptFileError:
            if not anew:
                self.close()
                raise
            noted = Noted([])
        self.holds_another = bool(content) if anew else bool(noted.lines)
        """Whether lines of a former run are in the file, passed over or not."""
        if anew:
            self.former = noted
            return
        self.lines = noted.lines
        whole = content.rpartition(b"\n")[0]
        if self._file is not None and len(content) != len(whole) + bool(whole):
            self._file.truncate(len(whole) + bool(whole))
            self._file.seek(0, os.SEEK_END)

    def add(self, line: Mapping[str, Any]) -> None:
        """Write a line. It is on the disk, or in the store, when this returns. Raises OutputError."""
        is_first = not self.lines
        self.lines.append(dict(line))
        try:
            if self._file is not None:
                self._file.write(_encoded(line))
                self._file.flush()
                os.fsync(self._file.fileno())
            else:
                self._upload()
        except OSError as error:
            raise OutputError(f"{self._place.shown} cannot be written", why=redacted(str(error))) from error
        self._began = self._began or is_first

    def is_ours(self) -> bool:
        """Whether this run wrote all that is in the file, and nobody wrote to it since."""
        return self._began and (self._file is not None or self._place.found().size == self._size)

    def _upload(self) -> None:
        """All lines, at once: a store has no way to add one. Raises UsageError where somebody else wrote meanwhile."""
        if self._place.found().size != self._size:
            raise _busy(self._place)
        content = b"".join(_encoded(one) for one in self.lines)
        stream = self._place.files.open_output_stream(self._place.path)
        stream.write(content)  # one that fails is not closed: that would leave a shorter file
        stream.close()
        self._size = len(content)

    def _replace(self) -> None:
        """All lines in another file that takes the place of this one: at no time are there fewer."""
        path = self._place.here
        other = path.with_name(f".part-checkpoint.{secrets.token_hex(4)}.tmp")  # is swept as unfinished parts are
        file = other.open("x+b")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.write(b"".join(_encoded(one) for one in self.lines))
        file.flush()
        os.fsync(file.fileno())
        other.replace(path)
        sync_folder(path.parent)
        self.close()
        self._file = file

    def empty(self) -> None:
        """Forget everything."""
        self.lines = []
        self.holds_another = False
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
        else:
            self._place.remove()
        self._size = 0

    def forget_lost(self, output: Output) -> int:
        """Forget the parts whose files are gone or are not what was written; how many these are."""
        lost = {
            number
            for number, part in self.parts.items()
            if not is_there(output.folder, part.written)
            or (part.aside is not None and not is_there(output.aside, part.aside))
        }
        if lost:
            self.lines = [line for line in self.lines if line.get("part") not in lost and not line.get("single")]
            try:
                self._upload() if self._file is None else self._replace()
            except OSError as error:
                raise OutputError(f"{self._place.shown} cannot be written", why=redacted(str(error))) from error
        return len(lost)

    def remove(self) -> None:
        """Remove the file. The lines are known as long as this is."""
        self._place.remove()

    def close(self) -> None:
        """Let others write."""
        if self._file is not None:
            self._file.close()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What keeps a run from going on where another ended, in words."""
    found = []
    if before.get("format") != now["format"]:
        return [f"the checkpoint has format {before.get('format')}, and this reads {now['format']}"]
    if before["model"] != now["model"]:
        found.append(f"it is of another model: SHA-256 {before['model'][:12]}…, and this is {now['model'][:12]}…")
    found += _other_files(before["input"], now["input"])
    for name, value in now["options"].items():
        old = before["options"].get(name)
        if old != value and not (name == "on_error" and old == "fail"):  # no row was refused so far
            found.append(f"--{name.replace('_', '-')} was {_worded(old)}, and is {_worded(value)}")
    return found


def _other_files(before: list[Any], now: list[Any]) -> list[str]:
    old, new = {one[0]: one[1:] for one in before}, {one[0]: one[1:] for one in now}
    gone, added = [path for path in old if path not in new], [path for path in new if path not in old]
    changed = [path for path in old if path in new and old[path] != new[path]]
    words = {"is gone from the input": gone, "is new in the input": added, "has changed": changed}
    return [
        f"{paths[0]} {verb}" + (f", and so {len(paths) - 1} more" if len(paths) > 1 else "")
        for verb, paths in words.items()
        if paths
    ]


def _worded(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "not given"
    return "not given" if value is None else str(value)


def _encoded(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _locked(place: Place) -> BinaryIO:
    try:
        file = place.here.open("a+b")
    except OSError as error:
        raise OutputError(f"{place.shown} cannot be written", why=error.strerror or str(error)) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise _busy(place) from error
    if not place.here.exists() or not os.path.samestat(os.fstat(file.fileno()), place.here.stat()):
        file.close()  # the run that held it put another in its place
        raise _busy(place)
    file.seek(0)
    return file


def _busy(place: Place) -> UsageError:
    return UsageError(
        f"another run writes to {place.sibling('').shown}", hint="wait for it, or choose another place with -o"
    )
