"""Listed names, called as no library calls them: each is harmless in a model, and does more than a model needs."""

from __future__ import annotations

from typing import Any

from hostile.arrays import array, dtype, state_of
from hostile.assembler import Code, built, call, hostile_pickle, name, with_state
from hostile.corpus import Hostile

MISUSED = "trampolines: listed names misused"
_RULES = ("pickle/argument", "pickle/name", "pickle/call", "pickle/state", "array/type")


def misuse(title: str, root: Code, *says: str, **more: Any) -> Hostile:
    """A call of names that are all on a list."""
    more = {"proof": "", "rules": _RULES, **more}
    return hostile_pickle(f"misuse-{title}", MISUSED, lambda _: root, *says, **more)


def _range(last: int = 1 << 50) -> Code:
    return call(name("builtins", "range"), last)


def _random(maker: str, *arguments: Any) -> Code:
    return call(name("numpy.random._pickle", maker), *arguments)


HOSTILE: tuple[Hostile, ...] = (
    misuse("a-set-of-a-range", call(name("builtins", "set"), _range()), "builtins.set", harm="costs", proof="pickle"),
    misuse(
        "a-frozenset-of-a-range",
        call(name("builtins", "frozenset"), _range()),
        "builtins.frozenset",
        harm="costs",
        proof="pickle",
    ),
    misuse(
        "a-deque-of-a-range",
        call(name("collections", "deque"), _range()),
        "collections.deque",
        harm="costs",
        proof="pickle",
    ),
    misuse(
        "a-counter-of-a-range",
        call(name("collections", "Counter"), _range()),
        "collections.Counter",
        harm="costs",
        proof="pickle",
    ),
    misuse("bytes-of-a-size", call(name("builtins", "bytes"), 1 << 40), "builtins.bytes", harm="costs", proof="pickle"),
    misuse(
        "a-bytearray-of-a-size",
        call(name("builtins", "bytearray"), 1 << 40),
        "builtins.bytearray",
        harm="costs",
        proof="pickle",
    ),
    misuse("another-codec", call(name("_codecs", "encode"), "x", "punycode"), "_codecs.encode"),
    misuse(
        "a-fraction-of-a-thousand-million-digits",
        call(name("fractions", "Fraction"), "1e1000000000"),
        "fractions.Fraction",
        harm="costs",
        proof="pickle",
    ),
    misuse(
        "a-defaultdict-of-len",
        call(name("collections", "defaultdict"), name("builtins", "len")),
        "collections.defaultdict",
    ),
    misuse(
        "a-generator-of-len",
        _random("__generator_ctor", "MT19937", name("builtins", "len")),
        "numpy.random._pickle.__generator_ctor",
    ),
    misuse(
        "a-generator-of-a-class",
        _random("__generator_ctor", name("numpy", "ndarray"), name("numpy.random._pickle", "__bit_generator_ctor")),
        "numpy.random._pickle.__generator_ctor",
    ),
    misuse(
        "a-random-state-of-sorted",
        _random("__randomstate_ctor", "MT19937", name("builtins", "sorted")),
        "numpy.random._pickle.__randomstate_ctor",
    ),
    misuse(
        "a-bit-generator-of-a-class",
        _random("__bit_generator_ctor", name("builtins", "bytes")),
        "numpy.random._pickle.__bit_generator_ctor",
    ),
    misuse(
        "a-reconstruction-with-a-value",
        call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (1 << 40,), b"b"),
        "numpy._core.multiarray._reconstruct",
        harm="costs",
        proof="pickle",
    ),
    misuse(
        "a-reconstruction-of-objects",
        call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "ndarray"), (1 << 24,), b"O"),
        "numpy._core.multiarray._reconstruct",
    ),
    misuse(
        "a-reconstruction-of-a-list",
        call(name("numpy._core.multiarray", "_reconstruct"), name("builtins", "list"), (0,), b"b"),
        "numpy._core.multiarray._reconstruct",
    ),
    misuse(
        "a-dtype-of-a-dictionary",
        call(name("numpy", "dtype"), {"names": ["a"], "formats": ["O"], "offsets": [0], "itemsize": 8}),
        "numpy.dtype",
    ),
    misuse(
        "an-array-by-its-class",
        call(name("numpy", "ndarray"), (1 << 40,)),
        "numpy.ndarray",
        harm="costs",
        proof="pickle",
    ),
    misuse("an-array-built-by-its-class", built(name("numpy", "ndarray"), (1,), "O", b"AAAAAAAA"), "numpy.ndarray"),
    misuse(
        "numpy.vectorize-of-len",
        with_state(built(name("numpy", "vectorize")), {"pyfunc": name("posix", "system"), "otypes": "O"}),
        "posix.system",
    ),
    misuse(
        "a-torch-rebuilder-that-calls",
        call(
            name("torch._tensor", "_rebuild_from_type_v2"),
            name("builtins", "bytes"),
            name("torch", "Tensor"),
            (1 << 40,),
            None,
        ),
        "bytes",
        harm="costs",
        proof="pickle",
    ),
    misuse("re-with-a-flag-for-debugging", call(name("re", "_compile"), ["a"], 0), "re._compile"),
    misuse(
        "an-extension-type-of-a-name",
        call(name("pyarrow.lib", "type_for_alias"), name("builtins", "len")),
        "pyarrow.lib.type_for_alias",
    ),
    misuse(
        "an-arrow-array-with-wild-buffers",
        call(name("pyarrow.lib", "_restore_array"), (1, 2, 3)),
        "pyarrow.lib._restore_array",
    ),
    misuse(
        "the-state-of-an-array-type-of-text",
        array((1,), with_state(dtype("U1"), state_of(size=1 << 40, order="<", alignment=4)), b""),
        "a NumPy type that is none",
    ),
    misuse(
        "attributes-in-double-underscores",
        with_state(
            built(name("sklearn.svm._classes", "SVC")),
            {"__array_interface__": {"data": (1, False), "shape": (1,), "typestr": "<f8"}},
        ),
        "__array_interface__",
    ),
    misuse(
        "attributes-in-double-underscores-of-slots",
        with_state(built(name("sklearn.svm._classes", "SVC")), (None, {"__reduce__": 1})),
        "__reduce__",
    ),
)
