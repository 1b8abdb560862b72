"""Landlock: which files the calling thread, and every thread it starts from then on, may open."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mlpack.isolate.protection import Gap

if TYPE_CHECKING:
    from landlockpy import AccessFS, Ruleset

DEVICES = ("/dev/null", "/dev/zero", "/dev/full")


def restrict_files(reads: Iterable[Path], writes: Iterable[Path], lists: Iterable[Path] = ()) -> int | Gap:
    """Bind the calling thread: it opens nothing but these, executes nothing, and uses no TCP port. The ABI, or why not.

    Of ``lists`` it sees the names of what is in them and below.
    Where the kernel knows how (ABI 6), it also signals no process outside and connects to no abstract socket.
    """
    if sys.platform != "linux":
        return Gap("Landlock", f"{sys.platform} has no Landlock", "run mlpack on Linux, or in a Linux container")
    try:
        from landlockpy import AccessFS, LandlockError, Ruleset, Scope
    except ImportError:
        return Gap("Landlock", "landlockpy is not installed", "pip install landlockpy")
    look = AccessFS.READ_FILE | AccessFS.READ_DIR
    # No symbolic links, sockets, pipes or devices: mlpack goes on with these files outside of the sandbox.
    fill = AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.REFER | AccessFS.MAKE_REG | AccessFS.MAKE_DIR
    fill |= AccessFS.REMOVE_FILE | AccessFS.REMOVE_DIR
    try:
        with Ruleset(scoped=Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET) as ruleset:
            for path in reads:
                _allow(ruleset, path, look)
            for path in lists:
                _allow(ruleset, path, AccessFS.READ_DIR)
            for path in writes:
                _allow(ruleset, path, look | fill)
            for device in DEVICES:
                _allow(ruleset, Path(device), look | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.IOCTL_DEV)
            ruleset.restrict()
            return ruleset.abi_version
    except LandlockError as error:
        return _gap(error)


def _allow(ruleset: Ruleset, path: Path, rights: AccessFS) -> None:
    from landlockpy import AccessFS

    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
        if not is_folder:  # the kernel refuses rights on a file that only a folder can have
            rights &= (
                AccessFS.READ_FILE | AccessFS.WRITE_FILE | AccessFS.EXECUTE | AccessFS.TRUNCATE | AccessFS.IOCTL_DEV
            )
        ruleset.allow_path(path, rights)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return  # what is not there, or not for this user, needs no permission


def _gap(error: OSError) -> Gap:
    match error.errno:
        case errno.ENOSYS:
            return Gap("Landlock", "this kernel has no Landlock", "Linux 5.13 and newer have it")
        case errno.EOPNOTSUPP:
            remedy = "add landlock to the list lsm=… on the kernel's command line"
            return Gap("Landlock", "Landlock is switched off in this kernel", remedy)
        case errno.EPERM:
            remedy = (
                "allow the landlock_* system calls in the container's seccomp profile, or use a newer container engine"
            )
            return Gap("Landlock", "this container forbids the use of Landlock", remedy)
    return Gap("Landlock", f"Landlock failed: {os.strerror(error.errno or 0)}")
