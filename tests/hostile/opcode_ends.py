"""Opcodes that set a state as no pickler does, reach outside of the file, end wrongly, or cost without end."""

from __future__ import annotations

from pathlib import Path

from hostile.assembler import built, call, name, pickled, system, text, touch, with_state
from hostile.corpus import Hostile
from hostile.opcode_tricks import SYSTEM, argument, tricky

BUILD = "opcodes: BUILD"
OUTSIDE = "opcodes: extensions, buffers, persistent ids"
TAIL = "opcodes: broken tails and second pickles"
COSTS = "opcodes: bombs"

_BUILD = (
    tricky(
        "state-behind-a-call",
        BUILD,
        lambda c: (
            with_state(call(name("functools", "partial"), name("builtins", "print")), (SYSTEM, (touch(c),), {}, {}))
            + b")R."
        ),
        "functools.partial",
        "posix.system",
    ),
    tricky(
        "setstate-in-the-dictionary",
        BUILD,
        lambda c: (
            with_state(with_state(call(name("types", "SimpleNamespace")), {"__setstate__": SYSTEM}), touch(c)) + b"."
        ),
        "posix.system",
    ),
    tricky(
        "setstate-of-a-listed-class",
        BUILD,
        lambda c: (
            with_state(with_state(call(name("sklearn.svm._classes", "SVC")), {"__setstate__": SYSTEM}), touch(c)) + b"."
        ),
        "posix.system",
        proof="",
    ),
    tricky(
        "class-in-the-slots",
        BUILD,
        lambda _: (
            with_state(built(name("sklearn.svm._classes", "SVC")), (None, {"__class__": name("subprocess", "Popen")}))
            + b"."
        ),
        "subprocess.Popen",
        proof="",
    ),
    tricky(
        "class-in-the-dictionary",
        BUILD,
        lambda _: (
            with_state(
                built(name("sklearn.svm._classes", "SVC")),
                {"__class__": name("sklearn.linear_model._base", "LinearRegression")},
            )
            + b"."
        ),
        "__class__",
        proof="",
    ),
    tricky(
        "reduce-in-the-dictionary",
        BUILD,
        lambda _: (
            with_state(built(name("sklearn.svm._classes", "SVC")), {"__reduce_ex__": name("builtins", "list")}) + b"."
        ),
        "__reduce_ex__",
        proof="",
    ),
    tricky(
        "dict-in-the-slots",
        BUILD,
        lambda _: with_state(built(name("sklearn.svm._classes", "SVC")), (None, {"__dict__": {"x": 1}})) + b".",
        "__dict__",
        proof="",
    ),
    tricky(
        "the-state-of-a-class",
        BUILD,
        lambda _: with_state(name("sklearn.svm._classes", "SVC"), (None, {"predict": name("posix", "system")})) + b".",
        "sklearn.svm._classes.SVC",
        "posix.system",
        proof="",
    ),
    tricky(
        "the-state-of-a-module's-function",
        BUILD,
        lambda _: with_state(name("numpy", "sum"), {"__wrapped__": 1}) + b".",
        "numpy.sum",
        proof="",
    ),
    tricky(
        "state-twice",
        BUILD,
        lambda _: with_state(with_state(built(name("sklearn.svm._classes", "SVC")), {"C": 1.0}), {"C": 2.0}) + b".",
        "twice",
        proof="",
        unscanned="",  # harmless with this class: the loader sets it twice, the judge refuses it
    ),
    tricky(
        "methods-in-the-dictionary",
        BUILD,
        lambda _: with_state(built(name("sklearn.svm._classes", "SVC")), {"predict": SYSTEM}) + b".",
        "posix.system",
        proof="",
    ),
    tricky(
        "state-that-is-a-call",
        BUILD,
        lambda c: with_state(call(name("collections", "OrderedDict")), {"C": system(c)}) + b".",
        "posix.system",
    ),
    tricky(
        "state-that-is-no-state",
        BUILD,
        lambda c: call(name("collections", "OrderedDict")) + system(c) + b"b.",
        "posix.system",
    ),
    tricky("state-of-a-list", BUILD, lambda c: b"]}b0" + system(c) + b".", verdicts=("unsafe", "corrupt"), proof=""),
    tricky(
        "the-builtins-of-everybody",
        BUILD,
        lambda _: name("builtins", "__dict__") + text("len") + SYSTEM + b"s.",
        "builtins.__dict__",
        "posix.system",
        proof="",
    ),
    tricky(
        "sys.modules-replaced",
        BUILD,
        lambda _: name("sys", "modules") + text("json") + name("posix", "environ") + b"s.",
        "sys.modules",
        proof="",
    ),
    tricky(
        "sys.path-extended", BUILD, lambda _: name("sys", "path") + b"(" + text("/tmp") + b"e.", "sys.path", proof=""
    ),
    tricky(
        "an-attribute-of-a-module",
        BUILD,
        lambda _: with_state(call(name("importlib", "import_module"), "os"), {"system": 1}) + b".",
        "importlib.import_module",
        proof="",
    ),
    tricky(
        "BUILD-on-a-module",
        BUILD,
        lambda c: with_state(name("numpy", "random"), {"x": system(c)}) + b".",
        "numpy.random",
        "posix.system",
        proof="",
    ),
)

_OUTSIDE = (
    tricky("EXT1", OUTSIDE, lambda c: b"\x82\x01" + argument(c) + b"R.", "only the program", proof=""),
    tricky("EXT2", OUTSIDE, lambda c: b"\x83\x01\x00" + argument(c) + b"R.", "only the program", proof=""),
    tricky("EXT4", OUTSIDE, lambda c: b"\x84\x01\x00\x00\x00" + argument(c) + b"R.", "only the program", proof=""),
    tricky(
        "EXT1-made-by-the-pickle",
        OUTSIDE,
        lambda c: call(name("copyreg", "add_extension"), "posix", "system", 77) + b"0\x82\x4d" + argument(c) + b"R.",
        "copyreg.add_extension",
    ),
    tricky(
        "NEXT_BUFFER",
        OUTSIDE,
        lambda c: b"\x80\x05\x97" + system(c) + b"\x86.",
        "only the program",
        bare=True,
        proof="",
    ),
    tricky(
        "READONLY_BUFFER", OUTSIDE, lambda c: b"\x80\x05C\x01x\x980" + system(c) + b".", "only the program", bare=True
    ),
    tricky(
        "PERSID",
        OUTSIDE,
        lambda c: b"Pmodel\n0" + system(c) + b".",
        "outside",
        verdicts=("unsafe", "corrupt"),
        proof="",
    ),
    tricky("BINPERSID", OUTSIDE, lambda c: text("model") + b"Q0" + system(c) + b".", "outside", proof=""),
    tricky("BINPERSID-of-a-call", OUTSIDE, lambda c: system(c) + b"Q.", "posix.system"),
)


def _deep(canary: Path) -> bytes:
    """Each list holds the one before it twice: 2 ** 40 items to whoever walks it."""
    return b"]q\x00" + b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(40)) + b"0" * 40 + system(canary) + b"."


_TAIL = (
    tricky("truncated-behind-the-payload", TAIL, system, "posix.system", verdicts=("unsafe", "corrupt")),
    tricky(
        "truncated-in-an-argument",
        TAIL,
        lambda c: system(c) + b"X\xff\xff\x00\x00abc",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
    ),
    tricky(
        "an-unknown-opcode-behind-the-payload",
        TAIL,
        lambda c: system(c) + b"\xff.",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
    ),
    tricky(
        "a-memo-that-was-never-set",
        TAIL,
        lambda c: system(c) + b"h\x09.",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
    ),
    tricky("an-empty-stack", TAIL, lambda c: system(c) + b"000.", "posix.system", verdicts=("unsafe", "corrupt")),
    tricky(
        "text-that-is-not-UTF-8",
        TAIL,
        lambda c: system(c) + b"\x8c\x01\xff.",
        "posix.system",
        verdicts=("unsafe", "corrupt"),
    ),
    tricky("a-call-of-a-number", TAIL, lambda c: system(c) + b")R.", "posix.system", verdicts=("unsafe", "corrupt")),
    tricky("a-class-that-is-not-there", TAIL, lambda c: system(c) + name("nowhere", "Nothing") + b".", "posix.system"),
    tricky("values-left-over", TAIL, lambda c: b"N" + system(c) + b".", "posix.system", verdicts=("unsafe", "corrupt")),
    tricky("a-second-pickle", TAIL, lambda c: b"N." + pickled(system(c)), "posix.system", proof="rows of pickles"),
    tricky("a-third-pickle", TAIL, lambda c: b"N.N." + pickled(system(c)), "posix.system", proof="rows of pickles"),
    tricky(
        "a-second-pickle-of-protocol-0",
        TAIL,
        lambda c: b"N.cposix\nsystem\n(V" + touch(c).encode() + b"\ntR.",
        "posix.system",
        proof="rows of pickles",
    ),
    tricky(
        "a-second-pickle-behind-an-odd-beginning",
        TAIL,
        lambda c: b"N.N0" + system(c) + b".",
        "posix.system",
        proof="rows of pickles",
    ),
    tricky(
        "a-second-pickle-that-is-broken",
        TAIL,
        lambda c: b"N.\x80\x04" + system(c) + b"\xff",
        "posix.system",
        proof="rows of pickles",
    ),
    tricky("opcodes-behind-STOP", TAIL, lambda c: b"N." + system(c), "posix.system", proof=""),
    tricky("zeros-behind-STOP", TAIL, lambda c: b"N." + bytes(100) + pickled(system(c)), "goes on", proof=""),
)

_COSTS = (
    tricky("lists-of-lists", COSTS, _deep, "posix.system"),
    tricky("tuples-as-a-key", COSTS, lambda _: b"}" + b")" + b"q\x00h\x00\x86" * 60 + b"Ns.", "unfolds", harm="costs"),
    tricky("DUP-tuples-as-a-key", COSTS, lambda _: b"}" + b"N" + b"2\x86" * 60 + b"Ns.", "unfolds", harm="costs"),
    tricky("DUP-tuples-in-a-set", COSTS, lambda _: b"\x8f(" + b"N" + b"2\x86" * 60 + b"\x90.", "unfolds", harm="costs"),
    tricky(
        "DUP-tuples-in-a-frozenset", COSTS, lambda _: b"(" + b"N" + b"2\x86" * 60 + b"\x91.", "unfolds", harm="costs"
    ),
    tricky(
        "a-memo-of-two-thousand-million-places",
        COSTS,
        lambda _: b"Nr\xff\xff\xff\x7f.",
        verdicts=("unsafe", "corrupt"),
        harm="costs",
        proof="pickle",
    ),
    tricky(
        "a-bytearray-of-a-number",
        COSTS,
        lambda _: call(name("builtins", "bytearray"), 1 << 40) + b".",
        "builtins.bytearray",
        harm="costs",
    ),
    tricky(
        "bytes-of-a-number",
        COSTS,
        lambda _: call(name("builtins", "bytes"), 1 << 40) + b".",
        "builtins.bytes",
        harm="costs",
    ),
    tricky(
        "a-text-that-is-repeated",
        COSTS,
        lambda _: call(name("_operator", "mul"), "a", 1 << 40) + b".",
        "_operator.mul",
        harm="costs",
    ),
    tricky(
        "a-list-of-a-range",
        COSTS,
        lambda _: call(name("builtins", "list"), call(name("builtins", "range"), 1 << 50)) + b".",
        "builtins.list",
        harm="costs",
    ),
    tricky(
        "a-power", COSTS, lambda _: call(name("_operator", "pow"), 7, 1 << 40) + b".", "_operator.pow", harm="costs"
    ),
    tricky(
        "endless-iteration",
        COSTS,
        lambda _: call(name("builtins", "list"), call(name("itertools", "count"))) + b".",
        "itertools.count",
        harm="costs",
    ),
    tricky(
        "a-codec-that-unfolds",
        COSTS,
        lambda c: call(name("_codecs", "decode"), b"x", "zlib_codec") + b".",
        "_codecs.decode",
        proof="",
    ),
    tricky(
        "a-regular-expression",
        COSTS,
        lambda _: call(name("re", "match"), "(a+)+$", "a" * 60 + "b") + b".",
        "re.match",
        harm="costs",
    ),
    tricky(
        "BINBYTES8-of-the-largest-size",
        COSTS,
        lambda _: b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
        verdicts=("corrupt",),
        proof="",
    ),
    tricky(
        "LONG4-of-two-gigabytes", COSTS, lambda _: b"\x8b\xff\xff\xff\x7f.", verdicts=("corrupt", "unsafe"), proof=""
    ),
    tricky(
        "BYTEARRAY8-of-a-terabyte",
        COSTS,
        lambda _: b"\x80\x05\x96\x00\x00\x00\x00\x00\x01\x00\x00.",
        verdicts=("corrupt",),
        bare=True,
        proof="",
    ),
    tricky("marks-without-end", COSTS, lambda _: b"(" * 200_000 + b".", "open marks", proof=""),
    tricky(
        "lists-nested-too-deep", COSTS, lambda c: b"]" * 100_000 + b"a" * 99_999 + system(c) + b"a.", "posix.system"
    ),
    tricky(
        "tuples-nested-deep",
        COSTS,
        lambda c: b"N" + b"\x85" * 3000 + system(c) + b"\x86.",
        "posix.system",
        proof="",
    ),
    tricky(
        "tuples-nested-too-deep",
        COSTS,
        lambda c: b"N" + b"\x85" * 100_000 + system(c) + b"\x86.",
        "unfolds",
        proof="",
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_BUILD, *_OUTSIDE, *_TAIL, *_COSTS)
