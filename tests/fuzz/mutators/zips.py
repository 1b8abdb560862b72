"""Changes zip archives: what is in a member, which members there are, and what the three headers say of them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from fuzz.mutators.chance import byte_changes, changed_bytes, number, times

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_WIDTHS = {"I": 4, "H": 2}
_NAMES = (
    "../canary",
    "/canary",
    "a\\b",
    "",
    "x" * 300,
    "data.pkl",
    "é",
    "a/b/",
    "code/../x.py",
    "CON",
    "archive/data/0",
)

Inner = Callable[[str, bytes, Random], bytes]
"""Changes the content of a member, by its name."""


@dataclass
class Member:
    """One member. ``local`` and ``central`` override fields of the headers by their place in the structure."""

    name: bytes
    content: bytes
    method: int = 0
    flags: int = 0
    extra: bytes = b""
    local: dict[int, int] = field(default_factory=dict)
    central: dict[int, int] = field(default_factory=dict)


def members_of(data: bytes) -> list[Member]:
    """The members of an archive that zipfile reads; none of any other."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()[:64]
            return [
                Member(info.orig_filename.encode("utf-8", "replace"), archive.read(info), info.compress_type & 8)
                for info in infos
                if info.file_size < 1 << 20
            ]
    except Exception:
        return []


def packed(members: Sequence[Member], end: dict[int, int], *, tail: bytes = b"") -> bytes:
    """The archive, with every lie that its members ask for."""
    body, directory = bytearray(), bytearray()
    for one in members:
        content = _deflated(one.content) if one.method == 8 else one.content
        check = zlib.crc32(one.content)
        sizes = (check, len(content), len(one.content))
        offset = len(body)
        local = [b"PK\x03\x04", 20, one.flags, one.method, 0, 0x21, *sizes, len(one.name), len(one.extra)]
        central = [
            b"PK\x01\x02",
            20,
            20,
            one.flags,
            one.method,
            0,
            0x21,
            *sizes,
            len(one.name),
            len(one.extra),
            0,
            0,
            0,
            0,
        ]
        body += _LOCAL.pack(*_with(local, one.local, "4sHHHHHIIIHH")) + one.name + one.extra + content
        directory += _CENTRAL.pack(*_with([*central, offset], one.central, "4sHHHHHHIIIHHHHHII")) + one.name + one.extra
    count = len(members)
    last = [b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), 0]
    return bytes(body + directory) + _END.pack(*_with(last, end, "4sHHHHIIH")) + tail


def _deflated(content: bytes) -> bytes:
    deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
    return deflate.compress(content) + deflate.flush()


def _with(fields: list[bytes | int], other: dict[int, int], kinds: str) -> list[bytes | int]:
    widths = [_WIDTHS.get(kind, 4) for kind in kinds.replace("4s", "s")]
    return [
        one if isinstance(one, bytes) else other.get(at, one) % (1 << 8 * widths[at]) for at, one in enumerate(fields)
    ]


def changed_zip(inner: Inner) -> Callable[[bytes, Random, Sequence[bytes]], bytes]:
    """The mutation of a target that reads archives."""

    def change(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
        members = members_of(data)
        if not members or rng.random() < 0.1:
            if seeds and rng.random() < 0.3:
                data = rng.choice(seeds)
            return changed_bytes(data, rng, seeds)
        end: dict[int, int] = {}
        if rng.random() < 0.6:
            one = rng.choice(members)
            one.content = inner(one.name.decode("utf-8", "replace"), one.content, rng)
        else:
            for _ in times(rng):
                _change_layout(members, end, rng)
        tail = rng.randbytes(rng.randrange(40)) if rng.random() < 0.03 else b""
        return packed(members, end, tail=tail)

    return change


def _change_layout(members: list[Member], end: dict[int, int], rng: Random) -> None:
    kind = rng.randrange(10)
    at = rng.randrange(len(members)) if members else 0
    if kind == 0 and len(members) > 1:
        del members[at]
    elif kind == 1 or not members:
        members.insert(at, Member(rng.choice(_NAMES).encode(), rng.randbytes(rng.randrange(64))))
    elif kind == 2:
        members.append(Member(**{**vars(members[at]), "local": {}, "central": {}}))
    elif kind == 3:
        members[at].name = byte_changes(members[at].name, rng) if rng.random() < 0.5 else rng.choice(_NAMES).encode()
    elif kind == 4:
        members[at].method ^= 8
    elif kind == 5:
        members[at].flags ^= rng.choice((0x1, 0x8, 0x20, 0x40, 0x800, 0x2000))
    elif kind == 6:
        members[at].extra = rng.choice(
            (b"\x01\x00\x18\x00" + rng.randbytes(24), b"\x75\x70\x05\x00" + rng.randbytes(5), rng.randbytes(3))
        )
    elif kind == 7:
        members[at].local[rng.randrange(1, 11)] = number(rng, len(members[at].content))
    elif kind == 8:
        members[at].central[rng.randrange(1, 17)] = number(rng, rng.choice((0, len(members[at].content))))
    else:
        end[rng.randrange(1, 8)] = number(rng, len(members))
