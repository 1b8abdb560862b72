"""What Python and its libraries have to read: the interpreter, what is on its path, and a narrow list of the system."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store"),
    # Of /etc what the loader, the clock and the names of users take; no passwords, no keys, no settings of services.
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload"),
    *("/etc/localtime", "/etc/timezone", "/etc/nsswitch.conf", "/etc/passwd", "/etc/group"),
    *("/etc/os-release", "/etc/mime.types", "/etc/ssl/openssl.cnf", "/etc/ssl/certs", "/etc/pki/tls/openssl.cnf"),
    *("/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted", "/etc/crypto-policies"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems"),
    *("/proc/loadavg", "/proc/uptime", "/proc/sys/vm/overcommit_memory", "/proc/sys/kernel/osrelease"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm/transparent_hugepage"),
    *("/dev/random", "/dev/urandom"),
)

_PREFIXES = (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
_MODULES = tuple(importlib.machinery.all_suffixes())
_ENDINGS = (".dist-info", ".egg-info", ".egg", ".zip")
_BROAD = (
    "/home",
    "/root",
    "/tmp",  # noqa: S108
    "/var/tmp",  # noqa: S108
    "/var",
    "/etc",
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/mnt",
    "/media",
    "/srv",
)


@dataclass(frozen=True)
class PythonPaths:
    """``reads`` are read with all that is in them. ``lists`` show the names in them, which importing takes, and no contents."""

    reads: tuple[Path, ...]
    lists: tuple[Path, ...]


def python_paths(homes: Iterable[Path]) -> PythonPaths:
    """What the calling interpreter reads to import and to run what is installed for it.

    A home directory, or what holds one, is never part of it, even where Python was told to look for modules there. Of
    another folder that holds modules among other things, a project's, those modules and packages are.
    """
    broad = {"/", *_BROAD, *(str(folder) for home in homes for folder in (home, *home.parents))}
    prefixes = _real(_PREFIXES)
    entries = [path for path in _real(entry for entry in sys.path if entry) if str(path) not in broad]
    mixed = tuple(path for path in entries if path.is_dir() and not _is_installed(path, prefixes))
    whole = [*prefixes, *(path for path in entries if path not in mixed), *_real(_named())]
    modules = [path for folder in mixed for path in _modules(folder)]
    reads = (path for path in (*whole, *modules) if str(path) not in broad)
    return PythonPaths((*map(Path, SYSTEM), *dict.fromkeys(reads)), mixed)


def _real(paths: Iterable[str]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(os.path.realpath(path)) for path in paths))


def _is_installed(folder: Path, prefixes: Iterable[Path]) -> bool:
    return folder.name in {"site-packages", "dist-packages"} or any(map(folder.is_relative_to, prefixes))


def _modules(folder: Path) -> Iterator[Path]:
    """What can be imported from a folder: modules, and packages with or without an ``__init__.py``; nothing hidden."""
    for entry in _entries(folder):
        named = entry.name.endswith(_ENDINGS) or entry.name.endswith(_MODULES)
        if named or (entry.name.isidentifier() and entry.is_dir() and _is_package(entry)):
            yield Path(entry.path)


def _is_package(folder: os.DirEntry[str]) -> bool:
    """Whether modules lie in it or one folder below."""
    inside = _entries(folder)
    below = (entry for one in inside if one.is_dir() and one.name.isidentifier() for entry in _entries(one))
    return any(entry.name.endswith(_MODULES) for entry in chain(inside, below))


def _entries(folder: os.PathLike[str]) -> list[os.DirEntry[str]]:
    """What is in a folder; the first thousands where it is full of data, and nothing where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return list(islice(found, 5000))
    except OSError:
        return []


def _named() -> Iterator[str]:
    import mlpack

    yield str(Path(mlpack.__file__).parent)
    yield from _editable()
    yield from filter(None, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    yield from _mapped()


def _editable() -> Iterator[str]:
    """Packages that setuptools installed in place: it finds them by a table of its own and not by ``sys.path``."""
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):
            yield from (path + end for path in getattr(module, "MAPPING", {}).values() for end in ("", ".py"))
            yield from (path for paths in getattr(module, "NAMESPACES", {}).values() for path in paths)


def _mapped() -> Iterator[str]:
    """The folders of the shared objects that are loaded: theirs may lie where only the interpreter's own header says."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return
    yield from {
        str(Path(parts[5]).parent) for line in lines if len(parts := line.split(maxsplit=5)) == 6 and ".so" in parts[5]
    }
