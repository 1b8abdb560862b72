"""What Python and its libraries have to read: the interpreter, what is on its path, and a narrow list of the system."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
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


def python_reads(homes: Iterable[Path]) -> tuple[Path, ...]:
    """Files and folders that the calling interpreter reads to import and to run what is installed for it.

    A home directory, or what holds one, is never among them, even where Python was told to look for modules there.
    """
    broad = {"/", *_BROAD, *(str(folder) for home in homes for folder in (home, *home.parents))}
    named = dict.fromkeys(Path(os.path.realpath(path)) for path in _named())
    return (*map(Path, SYSTEM), *(path for path in named if str(path) not in broad))


def _named() -> Iterator[str]:
    import mlpack

    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    yield from (entry for entry in sys.path if entry)
    yield str(Path(mlpack.__file__).parent)  # its folder alone may be readable where the folder around it is not
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
