"""The build context as a tar archive: the same files give the same bytes, whoever writes it and whenever."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import OutputError
from mlpack.scaffold.folder import Files

_TIME = 315532800
"""1980-01-01, the oldest that every archive can hold."""


def write_context(files: Files, stream: BinaryIO) -> None:
    """Write ``files`` to ``stream``: in order, of nobody in particular, readable for all. Raises OutputError."""
    try:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for folder in _folders(files):
                archive.addfile(_entry(folder, tarfile.DIRTYPE, 0o755))
            for path, content in sorted(files.items()):
                _add(archive, path, content)
    except OSError as error:
        raise OutputError(
            "the build context cannot be written",
            why=error.strerror or str(error),
            hint="make room, or name another folder: TMPDIR=DIR",
        ) from error


def _add(archive: tarfile.TarFile, path: str, content: bytes | Path) -> None:
    entry = _entry(path, tarfile.REGTYPE, 0o644)
    if isinstance(content, bytes):
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
        return
    with content.open("rb") as file:
        entry.size = content.stat().st_size
        archive.addfile(entry, file)


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode, entry.mtime = kind, mode, _TIME
    return entry


def _folders(files: Files) -> list[str]:
    found = {parent.as_posix() for path in files for parent in Path(path).parents}
    return sorted(found - {"."})
