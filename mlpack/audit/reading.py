"""Looks into one file with the reader of its format, and says what it is and what is to be held against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlpack.audit.kinds import archive_kind, plain_kind
from mlpack.core.errors import (
    CorruptFileError,
    MlpackError,
    UnrecognisedFileError,
    UnsafeFileError,
)
from mlpack.core.finding import Finding
from mlpack.core.format import Format
from mlpack.formats import HEAD_BYTES, check_ending, claimed_by_ending, told_by_content
from mlpack.scan.archives import is_zip, member_names
from mlpack.scan.members import findings_inside
from mlpack.scan.mlmodel import MLMODEL
from mlpack.scan.mlmodel.folder import findings_in
from mlpack.scan.numpy_files import is_npy
from mlpack.scan.rules import files


@dataclass(frozen=True)
class Reading:
    """``format`` is None for what is no model; ``plain`` where it is text, an image or a table.

    ``external`` are the names of files beside it that belong to it.
    """

    format: str | None = None
    what: str = ""
    findings: tuple[Finding, ...] = ()
    external: tuple[str, ...] = ()
    plain: bool = False


def look_into(path: Path) -> Reading:
    """Judge the content of the regular file at ``path``. Raises nothing but what ends the process."""
    try:
        reading = _look(path)
        return _as_description(path, reading) if path.name == MLMODEL and reading.plain else reading
    except MlpackError as error:
        return Reading(findings=findings_of(error, path))
    except OSError as error:
        return Reading(findings=(files.UNREADABLE.finding(error.strerror or str(error)),))
    except Exception as error:  # noqa: BLE001 - a reader met what nobody foresaw: this file is not judged, the others are
        why = f"mlpack has a bug: {type(error).__name__}: {error}"
        hint = "report it together with the output of: mlpack doctor --json"
        return Reading(findings=(files.UNREADABLE.finding(why, hint=hint),))


def findings_of(error: MlpackError, path: Path) -> tuple[Finding, ...]:
    """What a reader found before it gave up; what it said, where it found nothing by a rule."""
    if error.findings:
        return error.findings
    rest = error.message.removeprefix(str(path))
    said = f"it{rest}" if rest != error.message else rest
    message = f"{said}: {error.why}" if error.why else said
    match error:
        case UnrecognisedFileError():
            rule = files.UNRECOGNISED
        case CorruptFileError():
            rule = files.CORRUPT
        case UnsafeFileError():
            rule, message = files.REFUSED, error.why or said
        case _:
            rule = files.UNREADABLE
    return (rule.finding(message, hint=error.hint),)


def _as_description(path: Path, reading: Reading) -> Reading:
    """MLflow's description of the model beside it is text, and says what MLflow would import."""
    found = findings_in(path)
    return replace(reading, what="an MLmodel", findings=found, plain=False) if found else reading


def _look(path: Path) -> Reading:
    try:
        form = told_by_content(path)
    except CorruptFileError as error:
        return _of_no_format(path, error)
    ending = _ending(path, form)
    try:
        header = form.read_header(path)
    except MlpackError as error:
        found = findings_of(error, path)
        if form.name == "pickle" and _is_text(path) and not _gets_somewhere(found):
            return Reading(what="text", findings=found, plain=True)
        return Reading(form.name, "", (*ending, *found))
    return Reading(form.name, header.model, (*ending, *header.findings), header.external_files)


def _ending(path: Path, form: Format) -> Sequence[Finding]:
    try:
        check_ending(path, form)
    except CorruptFileError as error:
        return (files.ENDING.finding(error.why, hint=error.hint),)
    return ()


def _is_text(path: Path) -> bool:
    """A list of words may begin like a pickle of protocol 0: ``cat``, ``dog`` is the name ``at.dog``."""
    with path.open("rb") as file:
        return plain_kind(file.read(HEAD_BYTES), ()) == "text" and not claimed_by_ending(path)


def _gets_somewhere(found: Sequence[Finding]) -> bool:
    """Whether a load that breaks off comes to a call, or to a name that no model needs, before it does."""
    uses = [one for one in found if one.use]
    return any(one.severity == "error" or not one.use.endswith(":referred") for one in uses)


def _of_no_format(path: Path, error: CorruptFileError) -> Reading:
    """Arrays, a plain file, an archive, or what nobody knows; and whatever else a reader could take it for."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    claimed = bool(claimed_by_ending(path))
    inside = findings_inside(path)
    names = member_names(path) if is_zip(head) else ()
    arrays = "npy" if is_npy(head) else "npz" if names and all(name.endswith(".npy") for name in names) else None
    if arrays:
        what = "an array" if arrays == "npy" else f"{len(names)} array{'s' * (len(names) != 1)}"
        return Reading(arrays, what, (*inside, *(findings_of(error, path) if claimed else ())))
    kind = plain_kind(head, names) if head else "an empty file"
    if kind and not claimed:
        if inside:
            return Reading(what=f"{kind}, and more", findings=inside)
        return Reading(what=kind, findings=findings_of(error, path), plain=True)
    archive = archive_kind(path, head)
    if archive:
        unread = files.CONTAINER.finding(f"it is {archive}: what lies in it was not judged, or not all of it")
        told = any(one.rule == unread.rule and not one.member for one in inside)
        return Reading(what=archive, findings=inside if told else (*inside, unread))
    return Reading(what=kind, findings=(*inside, *findings_of(error, path)))
