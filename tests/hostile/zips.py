"""Torch archives that readers see in different ways: the scanner one thing, torch another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.assembler import a_file, pickled, system
from hostile.corpus import Hostile
from hostile.zip_builder import DEFLATED, Member, descriptor, zipped

HEADERS = "containers: headers that differ"
NAMES = "containers: names of members"
MEMBERS = "containers: members"

CLEAN = pickled({})


def payload(canary: Path) -> bytes:
    """A pickle that runs a command."""
    return pickled(system(canary), 2)


def data(content: bytes, **lies: Any) -> Member:
    """The member that torch unpickles."""
    return Member("m/data.pkl", content, **lies)


def around(*members: Member, **layout: Any) -> bytes:
    """The members with those that every torch archive has."""
    return zipped([*members, Member("m/version", b"3\n"), Member("m/byteorder", b"little")], **layout)


def archive(title: str, bypass: str, content: Callable[[Path], bytes], *says: str, **more: Any) -> Hostile:
    """An entry that is a torch archive."""
    more = {"proof": "torch", "unscanned": "torch", "says": ("posix.system", *says), **more}
    return Hostile(f"zip/{title}", bypass, a_file("model.pth", content), **more)


def flagged(title: str, content: Callable[[Path], bytes], rule: str, **more: Any) -> Hostile:
    """An entry whose directory and headers do not agree."""
    return archive(title, HEADERS, content, rules=(rule,), **more)


_HEADERS = (
    archive("a-plain-payload", MEMBERS, lambda c: around(data(payload(c)))),
    archive("a-packed-payload", MEMBERS, lambda c: around(data(payload(c), method=DEFLATED))),
    flagged(
        "encrypted-says-the-directory",
        lambda c: around(data(payload(c), central={"flags": 1})),
        "zip/encrypted",
        proof="",
    ),
    flagged("encrypted-says-the-header", lambda c: around(data(payload(c), local={"flags": 1})), "zip/encrypted"),
    flagged(
        "encrypted-say-both",
        lambda c: around(data(payload(c), local={"flags": 1}, central={"flags": 1})),
        "zip/encrypted",
        proof="",
    ),
    flagged(
        "strong-encryption",
        lambda c: around(data(payload(c), local={"flags": 0x40}, central={"flags": 0x41})),
        "zip/encrypted",
        proof="",
    ),
    flagged(
        "patch-data",
        lambda c: around(data(payload(c), local={"flags": 0x20}, central={"flags": 0x20})),
        "zip/method",
        proof="",
    ),
    flagged(
        "reserved-flags",
        lambda c: around(data(payload(c), local={"flags": 0xF000}, central={"flags": 0xF000})),
        "zip/encrypted",
        proof="",
    ),
    flagged(
        "another-checksum-in-both",
        lambda c: around(data(payload(c), local={"crc": 1}, central={"crc": 1})),
        "zip/checksum",
    ),
    flagged("another-checksum-in-the-directory", lambda c: around(data(payload(c), central={"crc": 1})), "zip/headers"),
    flagged("another-checksum-in-the-header", lambda c: around(data(payload(c), local={"crc": 1})), "zip/headers"),
    flagged(
        "another-name-in-the-header", lambda c: around(data(payload(c), local={"name": b"m/readme.m"})), "zip/headers"
    ),
    flagged(
        "another-name-in-the-directory",
        lambda c: around(Member("m/notes.txt", payload(c), central={"name": b"m/data.pkl"})),
        "zip/headers",
    ),
    flagged(
        "another-method-in-the-directory",
        lambda c: around(data(payload(c), central={"method": DEFLATED})),
        "zip/headers",
        proof="",
    ),
    flagged(
        "another-method-in-the-header", lambda c: around(data(payload(c), local={"method": DEFLATED})), "zip/headers"
    ),
    flagged(
        "an-unknown-method-in-the-header", lambda c: around(data(payload(c), local={"method": 99})), "zip/encrypted"
    ),
    flagged(
        "lzma", lambda c: around(data(payload(c), local={"method": 14}, central={"method": 14})), "zip/method", proof=""
    ),
    flagged("another-size-in-the-header", lambda c: around(data(payload(c), local={"size": 5})), "zip/headers"),
    flagged(
        "another-size-in-the-directory",
        lambda c: around(data(payload(c), central={"size": 5})),
        "zip/headers",
        proof="",
    ),
    flagged("another-packed-size", lambda c: around(data(payload(c), local={"packed": 5})), "zip/headers"),
    flagged(
        "sizes-of-zero", lambda c: around(data(payload(c), local={"packed": 0, "size": 0, "crc": 0})), "zip/headers"
    ),
    flagged(
        "a-descriptor-that-differs",
        lambda c: around(
            data(
                payload(c),
                local={"flags": 8, "packed": 0, "size": 0, "crc": 0},
                central={"flags": 8},
                behind=descriptor(b"x", b"x"),
            )
        ),
        "zip/headers",
    ),
    flagged(
        "a-descriptor-that-is-not-there",
        lambda c: around(data(payload(c), local={"flags": 8, "packed": 0, "size": 0, "crc": 0}, central={"flags": 8})),
        "zip/headers",
    ),
    flagged(
        "a-header-at-another-place", lambda c: around(data(payload(c), central={"offset": 7})), "zip/headers", proof=""
    ),
)


def _twice(canary: Path) -> bytes:
    return around(data(CLEAN), data(payload(canary)))


_NAMES = (
    archive("two-of-one-name", NAMES, _twice, rules=("zip/duplicate",), proof=""),
    archive(
        "two-of-one-name-the-other-way",
        NAMES,
        lambda c: around(data(payload(c)), data(CLEAN)),
        rules=("zip/duplicate",),
        proof="torch",
    ),
    archive(
        "two-names-that-differ-in-case",
        NAMES,
        lambda c: around(data(CLEAN), Member("m/Data.pkl", payload(c))),
        rules=("zip/duplicate",),
        proof="",
    ),
    archive(
        "two-names-that-look-alike",
        NAMES,
        lambda c: around(
            data(CLEAN),
            Member("m/\u00e9.pkl", payload(c), local={"flags": 0x800}, central={"flags": 0x800}),
            Member("m/e\u0301.pkl", CLEAN, local={"flags": 0x800}, central={"flags": 0x800}),
        ),
        rules=("zip/duplicate",),
        proof="",
    ),
    archive(
        "a-name-with-a-zero-byte",
        NAMES,
        lambda c: around(Member("m/data.pkl\0.txt", payload(c))),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "a-name-that-leads-out",
        NAMES,
        lambda c: around(data(CLEAN), Member("m/../../data.pkl", payload(c))),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "an-absolute-name",
        NAMES,
        lambda c: around(data(CLEAN), Member("/etc/data.pkl", payload(c))),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "a-name-with-backslashes",
        NAMES,
        lambda c: around(data(CLEAN), Member("m\\data.pkl", payload(c))),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "a-name-with-a-drive",
        NAMES,
        lambda c: around(data(CLEAN), Member("c:/data.pkl", payload(c))),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "an-empty-name", NAMES, lambda c: around(data(CLEAN), Member("", payload(c))), rules=("zip/name",), proof=""
    ),
    archive(
        "a-name-with-a-line-feed",
        NAMES,
        lambda c: around(data(CLEAN), Member("m/\x1b[2Ka\n.pkl", payload(c))),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "a-name-in-an-extra-field",
        NAMES,
        lambda c: around(
            Member("m/readme.md", payload(c), central={"extra": b"\x75\x70\x10\x00\x01\x00\x00\x00\x00m/data.pkl\0"})
        ),
        rules=("zip/name",),
        proof="",
    ),
    archive(
        "a-member-that-is-a-link",
        NAMES,
        lambda c: around(
            data(payload(c)), Member("m/data/0", b"/etc/passwd", central={"system": 3, "attributes": 0o120777 << 16})
        ),
        rules=("zip/name",),
        proof="torch",
    ),
    archive(
        "two-folders",
        NAMES,
        lambda c: zipped(
            [
                Member("a/data.pkl", CLEAN),
                Member("a/version", b"3\n"),
                Member("b/data.pkl", payload(c)),
                Member("b/version", b"3\n"),
            ]
        ),
        rules=("torch/member",),
        proof="",
    ),
    archive(
        "two-folders-the-first-without-data",
        NAMES,
        lambda c: zipped(
            [
                Member("a/version", b"3\n"),
                Member("b/version", b"3\n"),
                Member("b/data.pkl", CLEAN),
                Member("a/data.pkl", payload(c)),
            ]
        ),
        rules=("torch/member",),
        proof="",
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_HEADERS, *_NAMES)
