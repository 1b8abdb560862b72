"""Opcodes in an order that no pickler writes: to hide a name from a reader of opcodes, to reach an object twice, to cost."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.assembler import a_file, built, call, name, old_name, system, text, touch, value
from hostile.corpus import Hostile

MEMO = "opcodes: memo, DUP and POP"
NAMES = "opcodes: names put together"
OLD = "opcodes: INST, OBJ and protocol 0"

SYSTEM = name("posix", "system")


def tricky(
    title: str, bypass: str, opcodes: Callable[[Path], bytes], *says: str, bare: bool = False, **more: Any
) -> Hostile:
    """An entry of raw opcodes, behind PROTO 4 unless they bring their own."""

    def content(canary: Path) -> bytes:
        return (b"" if bare else b"\x80\x04") + opcodes(canary)

    return Hostile(f"opcodes/{title}", bypass, a_file("model.pkl", content), says, **more)


def argument(canary: Path) -> bytes:
    """The command as a tuple of one."""
    return text(touch(canary)) + b"\x85"


def _memo_sparse(canary: Path) -> bytes:
    return SYSTEM + b"r\xff\x00\x00\x000" + b"j\xff\x00\x00\x00" + argument(canary) + b"R."


_MEMO = (
    tricky("name-from-the-memo", MEMO, lambda c: SYSTEM + b"q\x000h\x00" + argument(c) + b"R.", "posix.system"),
    tricky("name-from-a-memo-far-away", MEMO, _memo_sparse, "posix.system"),
    tricky(
        "memo-written-over",
        MEMO,
        lambda c: name("builtins", "set") + b"q\x000" + SYSTEM + b"q\x000h\x00" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky(
        "memo-by-three-opcodes",
        MEMO,
        lambda c: name("builtins", "set") + b"\x940" + SYSTEM + b"p0\n0g0\n" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky(
        "MEMOIZE-counts-from-PUT",
        MEMO,
        lambda c: b"Nq\x010" + SYSTEM + b"\x940h\x01" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky(
        "DUP-of-a-name",
        MEMO,
        lambda c: SYSTEM + b"2" + argument(c) + b"R.",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
        proof="",
    ),
    tricky(
        "DUP-and-call-twice",
        MEMO,
        lambda c: b"(" + SYSTEM + b"2" + argument(c) + b"R0" + argument(c) + b"Rt.",
        "posix.system",
    ),
    tricky("POP-of-the-result", MEMO, lambda c: system(c) + b"0N.", "posix.system"),
    tricky("POP_MARK-of-the-result", MEMO, lambda c: b"(" + system(c) + b"1N.", "posix.system"),
    tricky("POP-that-takes-the-mark", MEMO, lambda c: system(c) + b"(0" + b".", "posix.system"),
    tricky(
        "name-in-a-tuple-then-called",
        MEMO,
        lambda c: b"(" + SYSTEM + b"q\x00t0h\x00" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky("arguments-from-the-memo", MEMO, lambda c: argument(c) + b"q\x000" + SYSTEM + b"h\x00R.", "posix.system"),
    tricky(
        "the-call-of-a-result",
        MEMO,
        lambda c: call(call(name("functools", "partial"), SYSTEM, touch(c))) + b".",
        "functools.partial",
        "posix.system",
    ),
    tricky("inside-a-dictionary-key", MEMO, lambda c: b"}" + system(c) + b"Ns.", "posix.system"),
    tricky("inside-a-list-that-is-dropped", MEMO, lambda c: b"](" + system(c) + b"e0N.", "posix.system"),
    tricky("inside-a-frozenset", MEMO, lambda c: b"(" + system(c) + b"\x91.", "posix.system"),
    tricky("a-list-that-holds-itself", MEMO, lambda c: b"]q\x00h\x00a" + system(c) + b"a.", "posix.system"),
)


def _escaped(canary: Path) -> bytes:
    return b"V\\u0070osix\nVsyst\\u0065m\n\x93" + argument(canary) + b"R."


def _quoted(canary: Path) -> bytes:
    return b"S'\\x70osix'\nS\"syst\\145m\"\n\x93" + argument(canary) + b"R."


_NAMES = (
    tricky(
        "STACK_GLOBAL-out-of-the-memo",
        NAMES,
        lambda c: text("posix") + b"\x940" + text("system") + b"\x940h\x00h\x01\x93" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky(
        "STACK_GLOBAL-of-a-string-used-before",
        NAMES,
        lambda c: b"}" + text("posix") + b"\x94" + text("system") + b"\x94s0h\x00h\x01\x93" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky("STACK_GLOBAL-of-escapes", NAMES, _escaped, "posix.system"),
    tricky("STACK_GLOBAL-of-quoted-strings", NAMES, _quoted, "posix.system"),
    tricky(
        "STACK_GLOBAL-of-BINSTRING",
        NAMES,
        lambda c: b"T\x05\x00\x00\x00posixU\x06system\x93" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky(
        "STACK_GLOBAL-of-BINUNICODE8",
        NAMES,
        lambda c: b"\x8d" + struct.pack("<Q", 5) + b"posix\x8c\x06system\x93" + argument(c) + b"R.",
        "posix.system",
    ),
    tricky(
        "STACK_GLOBAL-of-a-joined-name",
        NAMES,
        lambda c: (
            text("posix") + call(name("builtins", "str.join"), "", ["sys", "tem"]) + b"\x93" + argument(c) + b"R."
        ),
        "builtins.str.join",
        verdicts=("unsafe", "corrupt"),
    ),
    tricky(
        "STACK_GLOBAL-of-a-concatenated-module",
        NAMES,
        lambda c: call(name("_operator", "add"), "po", "six") + text("system") + b"\x93" + argument(c) + b"R.",
        "_operator.add",
        verdicts=("unsafe", "corrupt"),
    ),
    tricky(
        "STACK_GLOBAL-of-bytes",
        NAMES,
        lambda c: b"C\x05posix" + text("system") + b"\x93" + argument(c) + b"R.",
        "no text",
        verdicts=("corrupt",),
        proof="",
    ),
    tricky(
        "STACK_GLOBAL-of-numbers",
        NAMES,
        lambda c: b"K\x01K\x02\x93" + argument(c) + b"R.",
        "no text",
        verdicts=("corrupt",),
        proof="",
    ),
    tricky(
        "STACK_GLOBAL-of-a-name",
        NAMES,
        lambda c: SYSTEM + text("system") + b"\x93" + argument(c) + b"R.",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
        proof="",
    ),
    tricky("GLOBAL-in-protocol-4", NAMES, lambda c: old_name("posix", "system") + argument(c) + b"R.", "posix.system"),
    tricky(
        "a-name-longer-than-the-reader-keeps",
        NAMES,
        lambda c: name("posix" + "\0" * 5000, "system") + argument(c) + b"R.",
        verdicts=("unsafe", "corrupt", "needs-trust"),
        proof="",
    ),
    tricky(
        "PROTO-in-the-middle",
        NAMES,
        lambda c: b"\x80\x04N0\x80\x02" + old_name("commands", "getoutput") + argument(c) + b"R.",
        "subprocess.getoutput",
        bare=True,
    ),
    tricky(
        "PROTO-raised-for-dots",
        NAMES,
        lambda c: b"\x80\x02N0\x80\x04" + name("joblib.disk", "os.system") + argument(c) + b"R.",
        "joblib.disk.os.system",
        bare=True,
    ),
    tricky(
        "PROTO-0",
        NAMES,
        lambda c: b"\x80\x00" + old_name("posix", "system") + argument(c) + b"R.",
        "posix.system",
        bare=True,
    ),
    tricky(
        "PROTO-1",
        NAMES,
        lambda c: b"\x80\x01" + old_name("posix", "system") + argument(c) + b"R.",
        "posix.system",
        bare=True,
    ),
    tricky("PROTO-6", NAMES, lambda c: b"\x80\x06" + system(c) + b".", verdicts=("corrupt",), bare=True, proof=""),
    tricky(
        "PROTO-255-in-the-middle",
        NAMES,
        lambda c: system(c) + b"\x80\xff.",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
    ),
)


def _inst(canary: Path) -> bytes:
    return b"(S" + repr(touch(canary)).encode() + b"\niposix\nsystem\n."


def _quoted_in_text(canary: Path) -> bytes:
    """Protocol 0: quotes inside quotes, escapes, and a line that looks like the end."""
    return b"cposix\nsystem\n(S'\\x74ouch \\'" + str(canary).encode() + b"\\''\ntR."


_OLD = (
    tricky("INST", OLD, _inst, "posix.system", bare=True),
    tricky(
        "INST-of-an-empty-tuple", OLD, lambda c: b"(" + text(touch(c)) + b"iposix\nsystem\n.", "posix.system", bare=True
    ),
    tricky(
        "INST-of-Python-2",
        OLD,
        lambda c: b"(" + text(touch(c)) + b"icommands\ngetoutput\n.",
        "subprocess.getoutput",
        bare=True,
    ),
    tricky("OBJ", OLD, lambda c: b"(" + SYSTEM + text(touch(c)) + b"o.", "posix.system"),
    tricky(
        "OBJ-of-a-class",
        OLD,
        lambda c: b"(" + name("subprocess", "Popen") + value(["touch", str(c)]) + b"o.",
        "subprocess.Popen",
    ),
    tricky(
        "OBJ-without-arguments",
        OLD,
        lambda c: b"(" + call(name("functools", "partial"), SYSTEM, touch(c)) + b"o.",
        "posix.system",
        proof="",
    ),
    tricky(
        "NEWOBJ",
        OLD,
        lambda c: built(name("functools", "partial"), SYSTEM, touch(c)) + b")R.",
        "functools.partial",
        "posix.system",
    ),
    tricky(
        "NEWOBJ_EX",
        OLD,
        lambda c: name("functools", "partial") + value((SYSTEM,)) + value({"cmd": 1}) + b"\x92.",
        "functools.partial",
        "posix.system",
        proof="",
    ),
    tricky(
        "NEWOBJ_EX-with-keywords",
        OLD,
        lambda c: name("functools", "partial") + value((SYSTEM,)) + value({"command": touch(c)}) + b"\x92)R.",
        "functools.partial",
        "posix.system",
    ),
    tricky(
        "NEWOBJ-of-a-class-whose-new-opens-a-file",
        OLD,
        lambda c: name("numpy", "memmap") + value((str(c), "u1", "w+", 0, (1,))) + b"\x81.",
        "numpy.memmap",
    ),
    tricky(
        "NEWOBJ_EX-of-a-class-whose-new-opens-a-file",
        OLD,
        lambda c: name("numpy", "memmap") + value((str(c),)) + value({"mode": "w+", "shape": (1,)}) + b"\x92.",
        "numpy.memmap",
    ),
    tricky(
        "protocol-0", OLD, lambda c: b"cposix\nsystem\n(V" + touch(c).encode() + b"\ntR.", "posix.system", bare=True
    ),
    tricky("protocol-0-with-quotes", OLD, _quoted_in_text, "posix.system", bare=True),
    tricky(
        "protocol-0-behind-a-string",
        OLD,
        lambda c: b"S'model'\n0cposix\nsystem\n(V" + touch(c).encode() + b"\ntR.",
        "posix.system",
        bare=True,
    ),
    tricky(
        "protocol-0-behind-a-number",
        OLD,
        lambda c: b"I1\n0cposix\nsystem\n(V" + touch(c).encode() + b"\ntR.",
        "posix.system",
        bare=True,
    ),
    tricky(
        "protocol-1-behind-None",
        OLD,
        lambda c: b"N0cposix\nsystem\n(V" + touch(c).encode() + b"\ntR.",
        "posix.system",
        bare=True,
    ),
    tricky(
        "LONG-in-hexadecimal", OLD, lambda c: b"L0x10L\n0" + system(c) + b".", "0x10", verdicts=("corrupt", "unsafe")
    ),
    tricky("LONG-with-underscores", OLD, lambda c: b"L1_0L\n0" + system(c) + b".", verdicts=("corrupt", "unsafe")),
    tricky("INT-in-hexadecimal", OLD, lambda c: b"I0x10\n0" + system(c) + b".", "0x10", verdicts=("corrupt", "unsafe")),
    tricky("INT-00", OLD, lambda c: b"I00\n0I01\n0" + system(c) + b".", "posix.system"),
    tricky("INT-with-spaces", OLD, lambda c: b"I 7\n0" + system(c) + b".", "' 7'", verdicts=("corrupt", "unsafe")),
    tricky("FLOAT-nan", OLD, lambda c: b"Fnan\n0F1_0\n0" + system(c) + b".", verdicts=("corrupt", "unsafe"), proof=""),
)

HOSTILE: tuple[Hostile, ...] = (*_MEMO, *_NAMES, *_OLD)
