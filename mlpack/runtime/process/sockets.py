"""The sockets of a service: bound before anything heavy is imported, and closed without losing who knocked in time."""

from __future__ import annotations

import array
import contextlib
import errno
import socket
import struct
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ..errors import StartError

BACKLOG = 2048
"""Connections that the kernel keeps for a worker that is busy."""
_ATTACH_FILTER, _DETACH_FILTER, _ATTACH_REUSEPORT = 26, 27, 51
"""Of asm-generic/socket.h."""
_LOAD, _MODULO, _ADD, _IF_AT_LEAST, _RETURN, _RETURN_CONSTANT = 0x20, 0x94, 0x04, 0x35, 0x16, 0x06
"""Of linux/bpf_common.h."""
_RANDOM = 0xFFFFF000 + 56
"""Where the kernel has a random number to load, ``SKF_AD_OFF + SKF_AD_RANDOM``."""
_QUEUED = slice(24, 28)
"""``tcpi_unacked`` of TCP_INFO: of a socket that listens, the connections that nobody has accepted yet."""
_LISTENING = "0A"


def listen(host: str, port: int, count: int = 1) -> list[socket.socket]:
    """``count`` sockets that listen on one port of ``host``; port 0 is a free one.

    Each has a queue of its own among which the kernel divides the connections: where workers accept from one queue, whoever
    wakes first empties it. What waits in the queue of a worker that died is kept for the one that takes its place.
    Raises StartError with exit code 2.
    """
    family, address = _resolve(host, port, "--port")
    try:
        if count > 1 and port:
            _bound(family, address).close()  # one that shares the port would not notice who has it already
        sockets = [_bound(family, address, shared=count > 1)]
        address = sockets[0].getsockname()
        sockets += [_bound(family, address, shared=True) for _ in range(count - 1)]
        for one in sockets:
            one.listen(BACKLOG)
    except OSError as error:
        raise _refusal(error, host, address[1], "--port") from error
    return sockets


def reserve(host: str, port: int, option: str = "--grpc-port") -> socket.socket:
    """A socket that holds a port of ``host`` for gRPC servers, which bind to it as well; it does not listen.

    Raises StartError with exit code 2.
    """
    family, address = _resolve(host, port, option)
    try:
        if not port:
            return _bound(family, address, shared=True, reuse=False)
        _bound(family, address).close()
        try:
            return _bound(family, address, shared=True, reuse=False)  # nobody else can reserve it then
        except OSError:
            # Connections of a server that ended a moment ago are in the way.
            return _bound(family, address, shared=True)
    except OSError as error:
        raise _refusal(error, host, port, option) from error


def address_of(host: str, port: int) -> str:
    """``host:port`` as it stands in an address that somebody on this machine can open."""
    shown = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - it is read, not bound
    return f"[{shown}]:{port}" if ":" in shown else f"{shown}:{port}"


def spread(listeners: Sequence[socket.socket], skipped: Collection[int]) -> None:
    """Let new connections go to all ``listeners`` of one port at random, but for those whose places are ``skipped``.

    The program is classic BPF; its answer is the place of a socket in the order in which they began to listen. Where the
    kernel does not take it, connections go on to be divided among all.
    """
    alive = len(listeners) - len(skipped)
    if not alive:
        return
    steps = [_step(_LOAD, _RANDOM), _step(_MODULO, alive)]
    for place in sorted(skipped):
        steps += [_step(_IF_AT_LEAST, place, otherwise=1), _step(_ADD, 1)]
    _attach(listeners[0], _ATTACH_REUSEPORT, [*steps, _step(_RETURN)])


def seal(listener: socket.socket) -> None:
    """Let no more connections into the queue of ``listener``, so that it can be emptied and closed.

    A connection that comes between the last accept and the close would be reset after the client saw it open. With all its
    packets dropped the listener does not even answer: the client asks again a second later, and is refused then.
    """
    _attach(listener, _ATTACH_FILTER, [_step(_RETURN_CONSTANT)])


def unseal(listener: socket.socket) -> None:
    """Undo `seal`, which whoever had the place before may have done to a socket that is still open."""
    with contextlib.suppress(OSError):  # there is nothing to undo
        listener.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)


def queued(listener: socket.socket) -> int:
    """How many connections wait to be accepted; 0 where the kernel does not tell."""
    try:
        told = listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    except OSError:
        return 0
    return int.from_bytes(told[_QUEUED], "little" if struct.pack("=H", 1)[0] else "big")


def _step(code: int, constant: int = 0, *, otherwise: int = 0) -> bytes:
    """One instruction, ``struct sock_filter``; a condition that is false skips ``otherwise`` of those that follow."""
    return struct.pack("HBBI", code, 0, otherwise, constant)


def _attach(listener: socket.socket, option: int, steps: Sequence[bytes]) -> None:
    """Give the kernel a program, as ``struct sock_fprog`` has it. One that does not take it goes on as it did."""
    program = array.array("B", b"".join(steps))
    address, _ = program.buffer_info()
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, option, struct.pack("HL", len(steps), address))


def unread(connection: int) -> int:
    """The bytes that have arrived on the descriptor ``connection`` and were not read."""
    import fcntl
    import termios

    count = array.array("i", [0])
    with contextlib.suppress(OSError):
        fcntl.ioctl(connection, termios.FIONREAD, count)
    return count[0]


def _resolve(host: str, port: int, option: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise _refusal(error, host, port, option) from error
    family, _, _, _, address = found[0]
    return family, (str(address[0]), int(address[1]))


def _bound(
    family: socket.AddressFamily, address: tuple[str, int], *, shared: bool = False, reuse: bool = True
) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        if reuse:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        one.bind(address)
    except OSError:
        one.close()
        raise
    return one


def _refusal(error: OSError, host: str, port: int, option: str) -> StartError:
    other = f"{option} 0 takes a free port"
    if error.errno == errno.EADDRINUSE:
        who = _owner(port)
        return StartError(f"port {port} of {host} is in use", exit_code=2, why=f"by {who}" if who else "", hint=other)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return StartError(f"port {port} is only for the administrator", exit_code=2, hint=other)
    hint = "--host 127.0.0.1 is this machine alone, --host 0.0.0.0 every address that it has"
    return StartError(f"{host} is no address of this machine", exit_code=2, why=error.strerror or "", hint=hint)


def _owner(port: int) -> str:
    """Who listens on ``port``, where the kernel tells: ``process 123 (python3)``."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                if descriptor.readlink().name in sockets:
                    return f"process {process.name} ({(process / 'comm').read_text().strip()})"
    return ""


def _listening(port: int) -> Iterator[str]:
    """The inodes of the sockets that listen on ``port``. Source: proc_net_tcp.txt of the kernel."""
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in Path("/proc/net", table).read_text().splitlines()[1:]:
                (
                    _,
                    local,
                    _,
                    state,
                    *_,
                ) = line.split()[:4]
                if state == _LISTENING and int(local.rpartition(":")[2], 16) == port:
                    yield line.split()[9]
