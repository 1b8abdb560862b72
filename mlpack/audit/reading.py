"""Looks into one file with the reader of its format, and says what it is and what is to be held against it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mlpack.audit.kinds import archive_kind, plain_kind
from mlpack.core.errors import (
    CorruptFileError,
    MissingLibraryError,
    MlpackError,
    UnrecognisedFileError,
    UnsafeFileError,
)
from mlpack.core.finding import Finding
from mlpack.core.format import Format
from mlpack.formats import HEAD_BYTES, check_ending, claimed_by_ending, told_by_content
from mlpack.scan.archives import is_zip, member_names
from mlpack.scan.compression import compression_of, open_decompressed
from mlpack.scan.pickles.stream import read_pickle
from mlpack.scan.rules import files
from mlpack.scan.source import open_source

_USE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*:(?P<role>\w+)")


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
        return _look(path)
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


def _look(path: Path) -> Reading:
    try:
        form = told_by_content(path)
    except CorruptFileError as error:
        return _of_no_format(path, error)
    ending = _ending(path, form)
    try:
        header = form.read_header(path)
    except MlpackError as error:
        if form.name == "pickle" and _is_text(path) and not _hidden_pickle(path, b""):
            return Reading(what="text", findings=findings_of(error, path), plain=True)
        return Reading(form.name, "", (*ending, *findings_of(error, path)))
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


def _of_no_format(path: Path, error: CorruptFileError) -> Reading:
    """A pickle that does not begin like one, a plain file, an archive, or what nobody knows."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    hidden = _hidden_pickle(path, head)
    if hidden:
        return Reading("pickle", findings=hidden)
    kind = plain_kind(head, member_names(path) if is_zip(head) else ()) if head else "an empty file"
    if kind and not claimed_by_ending(path):
        return Reading(what=kind, findings=findings_of(error, path), plain=True)
    archive = archive_kind(path, head)
    if archive:
        return Reading(what=archive, findings=(files.CONTAINER.finding(f"it is {archive}, and was not looked into"),))
    return Reading(what=kind, findings=findings_of(error, path))


def _hidden_pickle(path: Path, head: bytes) -> tuple[Finding, ...]:
    """What a load as a pickle would do with a file that does not look like one, such as text that begins with ``I1``.

    Text happens to read as the beginning of a pickle that names something (``cat`` and ``dog`` on two lines do). It is
    held against a file only where a load would get somewhere: to an end, to a call, or to a name that no model needs.
    """
    found, complete = _read_as_pickle(path, compression_of(head))
    uses = [finding for finding in found if _USE.fullmatch(finding.use)]
    if not any(complete or one.severity == "error" or not one.use.endswith(":referred") for one in uses):
        return ()
    return tuple(replace(one, message=f"loaded as a pickle, {one.message}") for one in uses)


def _read_as_pickle(path: Path, compression: str) -> tuple[tuple[Finding, ...], bool]:
    """What a pickle machine finds in the file, and whether it came to an end."""
    try:
        with open_decompressed(path, compression) if compression else open_source(path) as source:
            return read_pickle(source, whole=False).findings, True
    except (CorruptFileError, UnsafeFileError, MissingLibraryError) as error:
        return error.findings, False
