"""seccomp: which system calls the process may make. What Landlock does not see is refused here."""

from __future__ import annotations

import errno
import os
import platform
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlpack.isolate.protection import Gap

if TYPE_CHECKING:
    from pyseccomp import Arg, SyscallFilter

MACHINES = ("x86_64", "aarch64")
"""Where the order of arguments and the numbers below were checked."""

REFUSED = (
    # The network, and every other way to talk to a process. Pipes stay: they reach nobody else.
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4"),
    *("msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl"),
    *("shmget", "shmat", "shmdt", "shmctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify"),
    # Programs and processes, and the limits that this one was given.
    *("execve", "execveat", "fork", "vfork", "setsid", "setpgid", "setrlimit"),
    # Other processes: their memory, files, signals, share of the machine.
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "kcmp"),
    *("pidfd_getfd", "pidfd_send_signal", "tkill", "migrate_pages", "move_pages"),
    # Ways around a filter, and large parts of the kernel that no model needs.
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd", "personality"),
    *("add_key", "request_key", "keyctl", "lookup_dcookie", "name_to_handle_at", "open_by_handle_at"),
    # Mounts and namespaces.
    *("mount", "umount2", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig", "fsmount", "fspick"),
    *("mount_setattr", "statmount", "listmount", "pivot_root", "chroot", "setns", "listns", "unshare"),
    # The machine itself.
    *("reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "create_module"),
    *("query_module", "get_kernel_syms", "nfsservctl", "uselib", "sysfs", "_sysctl", "syslog", "acct", "vhangup"),
    *("swapon", "swapoff", "quotactl", "quotactl_fd", "sethostname", "setdomainname", "iopl", "ioperm", "modify_ldt"),
    *("settimeofday", "adjtimex", "clock_settime", "clock_adjtime"),
    # Files where Landlock does not look: who owns them and who may use them, their times, names that lead elsewhere,
    # what others do with them, and the length of one that the first versions of Landlock let anybody cut.
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "file_setattr"),
    *("utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat"),
    *("removexattr", "lremovexattr", "fremovexattr", "removexattrat"),
    *("symlink", "symlinkat", "mknod", "mknodat", "truncate"),
    *("inotify_init", "inotify_init1", "inotify_add_watch", "fanotify_init", "fanotify_mark"),
)

ABSENT = ("clone3", "openat2")
"""Calls whose arguments lie in memory, where no filter sees them: refused as if this kernel had none, so that the C library
takes the older call, which is filtered.
"""

NUMBERS = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "clone3": 435,
    "openat2": 437,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "process_mrelease": 448,
    "fchmodat2": 452,
    "statmount": 457,
    "listmount": 458,
    "setxattrat": 463,
    "removexattrat": 466,
    "open_tree_attr": 467,
    "file_setattr": 469,
    "listns": 470,
}
"""Calls that libseccomp may be too old to know by name. From 424 on the numbers are the same on every machine."""

_CLONE_THREAD = 0x00010000
_CLONE_NEW = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET."""
_REQUESTS = (0x5412, 0x541C, 0x8901, 0x8902, 0x40086602, 0x401C5820)
"""Of ioctl: TIOCSTI and TIOCLINUX type for the user, FIOSETOWN and SIOCSPGRP aim signals, FS_IOC_SETFLAGS and FSSETXATTR change
a file's attributes.
"""
_OWNERS = (8, 10, 15)
"""Of fcntl: F_SETOWN, F_SETSIG, F_SETOWN_EX aim signals."""


def refuse_calls() -> Gap | None:
    """Bind all threads of the calling process. None when it is done, else why not.

    A call that is refused fails with EPERM; the process goes on. A call of another machine's kind (32 bit) fails too.
    """
    if sys.platform != "linux":
        return Gap("seccomp", f"{sys.platform} has no seccomp", "run mlpack on Linux, or in a Linux container")
    if platform.machine() not in MACHINES:
        return Gap("seccomp", f"the filter was not made for {platform.machine()}", f"use {' or '.join(MACHINES)}")
    try:
        import pyseccomp
    except ImportError:
        return Gap("seccomp", "pyseccomp is not installed", "pip install pyseccomp")
    except RuntimeError:
        return Gap("seccomp", "the library libseccomp is not installed", "apt install libseccomp2")
    try:
        chosen = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
        chosen.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.ERRNO(errno.EPERM))
        chosen.set_attr(pyseccomp.Attr.CTL_TSYNC, 1)
        _fill(chosen)
        chosen.load()
    except OSError as error:
        return Gap(
            "seccomp", f"this kernel took no seccomp filter: {error.strerror}", "use a kernel with seccomp filters"
        )
    return None


def _fill(chosen: SyscallFilter) -> None:
    import pyseccomp

    refuse, absent = pyseccomp.ERRNO(errno.EPERM), pyseccomp.ERRNO(errno.ENOSYS)
    for call in REFUSED:
        chosen.add_rule(refuse, NUMBERS.get(call, call))
    for call in ABSENT:
        chosen.add_rule(absent, NUMBERS.get(call, call))
    for call, condition in _conditions():
        chosen.add_rule(refuse, call, condition)


def _conditions() -> Iterator[tuple[str, Arg]]:
    """Calls that are refused with some arguments only."""
    from pyseccomp import MASKED_EQ, NE, Arg

    own = os.getpid()
    for call in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        yield call, Arg(0, NE, own)  # abort() and a debugger's trap go to the process itself
    yield "prlimit64", Arg(0, NE, 0)
    yield "prlimit64", Arg(2, NE, 0)  # root could lift its own limits again
    yield "setpriority", Arg(1, NE, 0)
    yield "ioprio_set", Arg(1, NE, 0)
    yield "clone", Arg(0, MASKED_EQ, _CLONE_THREAD, 0)
    yield from (("clone", Arg(0, MASKED_EQ, flag, flag)) for flag in _CLONE_NEW)
    yield from (("ioctl", Arg(1, MASKED_EQ, 0xFFFFFFFF, request)) for request in _REQUESTS)
    yield from (("fcntl", Arg(1, MASKED_EQ, 0xFFFFFFFF, command)) for command in _OWNERS)
    for mode in (
        os.O_RDONLY,
        os.O_ACCMODE,
    ):  # cut in the act of opening: the first versions of Landlock see no writing in it
        yield "open", Arg(1, MASKED_EQ, os.O_ACCMODE | os.O_TRUNC, mode | os.O_TRUNC)
        yield "openat", Arg(2, MASKED_EQ, os.O_ACCMODE | os.O_TRUNC, mode | os.O_TRUNC)
