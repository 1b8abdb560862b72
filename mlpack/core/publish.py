"""Puts finished files in their place: whole or not at all, whatever ends the run."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import OutputError


def publish_bytes(data: bytes, destination: Path) -> None:
    """Write ``data`` to ``destination`` atomically. Raises OutputError."""
    _publish(destination, lambda file: file.write(data))


def publish_file(source: Path, destination: Path) -> None:
    """Copy ``source`` to ``destination`` atomically. Raises OutputError."""
    import shutil

    def copy(file: BinaryIO) -> object:
        with source.open("rb") as opened:
            shutil.copyfileobj(opened, file, 1 << 20)
        return None

    _publish(destination, copy)


def _publish(destination: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write into a file without a name, then give it its name: a killed run leaves no half and no temporary file."""
    try:
        if hasattr(os, "O_TMPFILE"):
            try:
                descriptor = os.open(destination.parent, os.O_TMPFILE | os.O_RDWR, 0o666)
            except (OSError, NotImplementedError) as error:
                if not _has_no_nameless_files(error):
                    raise
            else:
                _publish_nameless(descriptor, destination, write)
                return
        _publish_named(destination, write)
    except OSError as error:
        raise OutputError(
            f"{destination} cannot be written",
            why=error.strerror or str(error),
            hint="choose another place, or make room there",
        ) from error


def _has_no_nameless_files(error: BaseException) -> bool:
    import errno

    return isinstance(error, NotImplementedError) or (
        isinstance(error, OSError) and error.errno in {errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL}
    )


def _publish_nameless(descriptor: int, destination: Path, write: Callable[[BinaryIO], object]) -> None:
    with os.fdopen(descriptor, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
        try:
            _link(file.fileno(), destination)
        except FileExistsError:
            name = _hidden(destination)
            _link(file.fileno(), name)
            name.replace(destination)


def _link(descriptor: int, path: Path) -> None:
    # Only with a directory descriptor does os.link follow the link in /proc (linkat with AT_SYMLINK_FOLLOW).
    os.link(f"/proc/self/fd/{descriptor}", path, src_dir_fd=descriptor, follow_symlinks=True)


def _publish_named(destination: Path, write: Callable[[BinaryIO], object]) -> None:
    name = _hidden(destination)
    try:
        with name.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        name.replace(destination)
    finally:
        name.unlink(missing_ok=True)


def _hidden(destination: Path) -> Path:
    return destination.with_name(f".{destination.name}.{secrets.token_hex(4)}")
