"""Torch archives with bytes that belong to no member, with members that torch does not write, and bombs."""

from __future__ import annotations

from hostile.assembler import call, name, pickled
from hostile.corpus import Hostile
from hostile.zip_builder import DEFLATED, Member, deflated_zeros, zipped
from hostile.zips import CLEAN, MEMBERS, archive, around, data, payload

LAYOUT = "containers: bytes outside of members"
BOMBS = "containers: bombs"

_LAYOUT = (
    archive(
        "bytes-before",
        LAYOUT,
        lambda c: around(data(payload(c)), before=b"#!/bin/sh\n"),
        rules=("zip/around",),
        proof="",
        says=("posix.system",),
    ),
    archive(
        "an-image-before",
        LAYOUT,
        lambda c: around(data(payload(c)), before=b"\x89PNG\r\n\x1a\n" + bytes(100)),
        rules=("zip/around",),
        proof="",
    ),
    archive(
        "bytes-before-that-are-counted",
        LAYOUT,
        lambda c: around(data(payload(c)), before=b"PK\x03\x04" + bytes(26), shift=True),
        rules=("zip/around",),
        proof="",
    ),
    archive("bytes-behind", LAYOUT, lambda c: around(data(payload(c)), behind=b"\0" * 100), rules=("zip/around",)),
    archive(
        "a-comment", LAYOUT, lambda c: around(data(payload(c)), comment=b"made by a friend"), rules=("zip/around",)
    ),
    archive(
        "a-second-archive-behind",
        LAYOUT,
        lambda c: around(data(CLEAN)) + around(data(payload(c))),
        rules=("zip/around",),
        proof="",
    ),
    archive(
        "a-second-archive-in-the-comment",
        LAYOUT,
        lambda c: around(data(payload(c)), comment=around(data(CLEAN))),
        rules=("zip/around",),
        proof="",
    ),
    archive(
        "a-pickle-behind",
        LAYOUT,
        lambda c: around(data(CLEAN), behind=payload(c)),
        rules=("zip/around",),
        says=(),
        proof="",
    ),
    archive(
        "a-member-that-is-not-listed",
        LAYOUT,
        lambda c: around(data(CLEAN), Member("m/hidden.pkl", payload(c), listed=False)),
        rules=("zip/hidden",),
        proof="",
    ),
    archive(
        "bytes-before-the-directory", LAYOUT, lambda c: around(data(payload(c)), gap=b"x" * 50), rules=("zip/hidden",)
    ),
    archive(
        "members-that-overlap",
        LAYOUT,
        lambda c: around(data(payload(c)), Member("m/data/0", b"x", central={"offset": 0, "name": b"m/data/0"})),
        rules=("zip/overlap",),
    ),
    archive(
        "a-member-in-a-member",
        LAYOUT,
        lambda c: around(Member("m/data/0", zipped([data(payload(c))])[:-22]), data(CLEAN, central={"offset": 38})),
        rules=("zip/headers",),
        proof="",
    ),
    archive(
        "a-count-that-is-wrong", LAYOUT, lambda c: around(data(payload(c)), count=1), rules=("zip/directory",), proof=""
    ),
    archive(
        "a-wide-record-that-differs",
        LAYOUT,
        lambda c: around(data(payload(c)), wide={"count": 1}),
        rules=("zip/directory",),
        proof="",
    ),
    archive(
        "a-wide-record-of-another-directory",
        LAYOUT,
        lambda c: around(data(payload(c)), wide={"offset": 0}),
        rules=("zip/directory",),
        proof="",
        verdicts=("unsafe",),
    ),
    archive(
        "a-wide-record-at-another-place",
        LAYOUT,
        lambda c: around(data(payload(c)), wide={"place": 3}),
        rules=("zip/directory",),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    archive(
        "a-part-of-several",
        LAYOUT,
        lambda c: around(data(payload(c)), disk=1),
        rules=("zip/directory",),
        proof="",
        verdicts=("unsafe", "corrupt"),
    ),
    archive("no-directory", LAYOUT, lambda c: around(data(payload(c)))[:-40], proof="", verdicts=("unsafe", "corrupt")),
)

_SECOND = call(name("torch", "load"), "x")

_MEMBERS = (
    archive("a-second-pickle", MEMBERS, lambda c: around(data(CLEAN), Member("m/extra.pkl", payload(c))), proof=""),
    archive(
        "a-second-pickle-without-an-ending",
        MEMBERS,
        lambda c: around(data(CLEAN), Member("m/extra", payload(c))),
        proof="",
    ),
    archive(
        "a-pickle-among-the-constants",
        MEMBERS,
        lambda c: around(data(CLEAN), Member("m/constants.pkl", payload(c)), Member("m/code/a.py", b"")),
        proof="",
    ),
    archive("a-second-pickle-in-data", MEMBERS, lambda c: around(data(CLEAN + payload(c))), "goes on", proof=""),
    archive("a-payload-before-a-broken-tail", MEMBERS, lambda c: around(data(payload(c)[:-1] + b"\xff"))),
    archive(
        "a-packed-payload-before-a-broken-tail",
        MEMBERS,
        lambda c: around(data(payload(c)[:-1] + b"\xff", method=DEFLATED)),
    ),
    archive(
        "a-zip-in-the-zip",
        MEMBERS,
        lambda c: around(data(CLEAN), Member("m/inner.zip", around(data(payload(c))))),
        says=("torch writes no 'm/inner.zip'",),
        proof="",
    ),
    archive(
        "a-torch-load-in-a-torch-file",
        MEMBERS,
        lambda _: around(data(pickled(_SECOND, 2))),
        says=("torch.load",),
        proof="",
    ),
)


def _unfolding(mebibytes: int) -> Member:
    lies = {"method": DEFLATED, "size": mebibytes << 20}
    return Member("m/data/0", deflated_zeros(mebibytes), local=lies, central=lies)


_BOMBS = (
    archive(
        "a-member-that-unfolds-a-thousandfold",
        BOMBS,
        lambda _: around(data(CLEAN), _unfolding(300)),
        rules=("container/size",),
        says=("unfolds",),
        proof="",
    ),
    archive(
        "a-member-that-claims-a-terabyte",
        BOMBS,
        lambda _: around(
            data(CLEAN),
            Member(
                "m/data/0",
                b"x" * 9,
                local={"size": 0xFFFFFFF0, "packed": 9, "method": 8},
                central={"size": 0xFFFFFFF0, "packed": 9, "method": 8},
            ),
        ),
        rules=("container/size",),
        says=("unfold",),
        proof="",
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_LAYOUT, *_MEMBERS, *_BOMBS)
