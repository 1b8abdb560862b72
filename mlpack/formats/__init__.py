"""The file formats, one file each: told by content, read without loading, loaded, saved."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import cast

from mlpack.core.errors import CorruptFileError, UnrecognisedFileError, UsageError
from mlpack.core.format import Format
from mlpack.core.model_file import Header, check_readable
from mlpack.core.registry import declared, own, registry
from mlpack.scan.archives import is_zip, member_names
from mlpack.scan.look import look_of

HEAD_BYTES = 4096

_CLAIMS: dict[str, tuple[str, ...]] = {
    ".pkl": ("pickle", "joblib"),
    ".pickle": ("pickle", "joblib"),
    ".joblib": ("joblib", "pickle"),
    ".jl": ("joblib", "pickle"),
    ".pt": ("torchscript", "torch"),
    ".pth": ("torch", "torchscript"),
}
"""Endings behind which more than one format may stand, the usual one first. joblib.load reads plain pickles, people call
joblib files ``.pkl``, and torch has one ending for two formats. Other endings claim the format that lists them, and those
that no format lists (``.sav``, ``.model``, ``.bin``, ``.dat``) claim nothing."""


def all_formats() -> dict[str, Format]:
    """Every format by name."""
    return cast("dict[str, Format]", registry("mlpack.formats", "FORMAT").entries)


def format_named(name: str) -> Format:
    """The format called ``name``. Raises UsageError naming those there are."""
    own = declared("mlpack.formats", "FORMAT", name)
    if own is not None:
        return cast("Format", own)
    formats = all_formats()
    if name not in formats:
        raise UsageError(f"there is no format called {name!r}", hint=f"one of: {', '.join(formats)}")
    return formats[name]


def identify(path: Path) -> tuple[Format, Header]:
    """The format of the file at ``path``, told by its content alone, and its header. Nothing in the file runs.

    Raises UsageError for what is no readable file, UnrecognisedFileError saying what it looks like, CorruptFileError for
    a damaged file and for an ending that claims another format, UnsafeFileError.
    """
    _refuse_folder(path)
    check_readable(path)
    found = told_by_content(path)
    check_ending(path, found)
    return found, found.read_header(path)


def told_by_content(path: Path) -> Format:
    """The format of the regular file at ``path``. Raises UnrecognisedFileError, CorruptFileError."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise CorruptFileError(
            f"{path} is empty", why="a file of 0 bytes holds no model", hint="save the model again, or copy it again"
        )
    tried = 0
    # Each is imported when it is asked: most files are one of these, and the others are not needed for them.
    for form in own("mlpack.formats", "FORMAT"):
        if form.sniff(path, head):
            return cast("Format", form)
        tried += 1
    plugins = list(all_formats().values())[tried:]
    for form in plugins:
        if form.sniff(path, head):
            return form
    raise _unrecognised(path, head)


def check_ending(path: Path, found: Format) -> None:
    """Raises CorruptFileError where the ending of ``path`` claims another format than ``found``."""
    claimed = claimed_by_ending(path)
    if not claimed or found.name in claimed:
        return
    renamed = path.with_suffix(found.suffixes[0])
    raise CorruptFileError(
        f"{path} is {_article(found.title)} file under the name of {_article(format_named(claimed[0]).title)} file",
        why=f"its content is {found.title}, its ending {path.suffix} says {format_named(claimed[0]).title}",
        hint=f"give it the right name: cp {shlex.quote(str(path))} {shlex.quote(str(renamed))}",
    )


def claimed_by_ending(path: Path) -> tuple[str, ...]:
    """The names of the formats that the ending of ``path`` stands for, the usual one first; most endings claim none."""
    ending = path.suffix.lower()
    if ending in _CLAIMS:
        return _CLAIMS[ending]
    return tuple(form.name for form in all_formats().values() if ending in form.suffixes)


def _unrecognised(path: Path, head: bytes) -> CorruptFileError:
    """What the file looks like; a damaged model where its ending claims one and its bytes tell nothing."""
    look = look_of(head, member_names(path) if is_zip(head) else ())
    if look is not None:
        return UnrecognisedFileError(
            f"{path} is {look.what}, not a model file", why="told by its content", hint=look.hint
        )
    claimed = claimed_by_ending(path)
    titles = ", ".join(form.title for form in all_formats().values())
    if claimed:
        title = format_named(claimed[0]).title
        return CorruptFileError(
            f"{path} is no {title} file, whatever its name says",
            why=f"it begins with the bytes {head[:8].hex(' ')}, which no {title} file does: damaged, or another format",
            hint="copy or download the file again, or save the model again",
        )
    return UnrecognisedFileError(
        f"{path} is of no format that mlpack knows",
        why=f"it begins with the bytes {head[:8].hex(' ')}",
        hint=f"mlpack reads {titles}",
    )


def _refuse_folder(path: Path) -> None:
    """Folders that are models of other tools are called by their name."""
    if path.is_dir() and (path / "saved_model.pb").exists():
        raise UnrecognisedFileError(
            f"{path} is a TensorFlow SavedModel",
            why="it holds a compiled graph in a folder, and mlpack reads Keras models from one file",
            hint="save the Keras model itself: model.save('model.keras')",
        )


def _article(title: str) -> str:
    return f"an {title}" if title[0] in "AEIOU" else f"a {title}"
