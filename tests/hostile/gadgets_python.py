"""Names of Python's own library that run code or commands: the famous ones, and those that lists of bad names forget."""

from __future__ import annotations

import marshal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.assembler import Code, call, hostile_pickle, name, statement, touch, with_state
from hostile.corpus import Hostile

Arguments = Callable[[Path], tuple[Any, ...]]


def gadget(
    bypass: str, module: str, attribute: str, arguments: Arguments, *, shown: str = "", title: str = "", **more: Any
) -> Hostile:
    """``module.attribute(*arguments)``, which the findings have to name (as ``shown``, where that is another name)."""
    return hostile_pickle(
        title or f"{module}.{attribute}",
        bypass,
        lambda canary: call(name(module, attribute), *arguments(canary)),
        shown or f"{module}.{attribute}",
        **more,
    )


def with_self(bypass: str, module: str, method: str, made: Code, arguments: Arguments, **more: Any) -> Hostile:
    """``Class.method(object, *arguments)`` by the dotted name that STACK_GLOBAL follows."""
    return gadget(bypass, module, method, lambda canary: (made, *arguments(canary)), **more)


def plain(module: str, attribute: str) -> Code:
    """An object of a class, made without arguments."""
    return call(name(module, attribute))


def command(canary: Path) -> tuple[Any, ...]:
    """One argument: a command for a shell."""
    return (touch(canary),)


def code(canary: Path) -> tuple[Any, ...]:
    """One argument: a Python statement."""
    return (statement(canary),)


def listed(canary: Path) -> tuple[Any, ...]:
    """One argument: a command as a list."""
    return (["touch", str(canary)],)


def _code_object(canary: Path) -> bytes:
    return marshal.dumps(compile(statement(canary), "<model>", "eval"))


COMMANDS = "gadgets: commands"
STATEMENTS = "gadgets: statements"
DEBUGGERS = "gadgets: profilers and debuggers"
NATIVE = "gadgets: ctypes and code objects"

_COMMANDS = (
    gadget(COMMANDS, "posix", "system", command),
    gadget(COMMANDS, "os", "system", command),
    gadget(COMMANDS, "nt", "system", command, proof=""),
    gadget(COMMANDS, "os", "popen", command),
    gadget(COMMANDS, "os", "execvp", lambda c: ("touch", ["touch", str(c)])),
    gadget(COMMANDS, "posix", "execv", lambda c: ("/bin/sh", ["sh", "-c", touch(c)])),
    gadget(COMMANDS, "os", "spawnvp", lambda c: (0, "touch", ["touch", str(c)])),
    gadget(COMMANDS, "os", "spawnlp", lambda c: (0, "touch", "touch", str(c))),
    gadget(COMMANDS, "posix", "posix_spawn", lambda c: ("/bin/sh", ["sh", "-c", touch(c)], {})),
    gadget(COMMANDS, "subprocess", "Popen", listed),
    gadget(COMMANDS, "subprocess", "run", listed),
    gadget(COMMANDS, "subprocess", "call", listed),
    gadget(COMMANDS, "subprocess", "check_call", listed),
    gadget(COMMANDS, "subprocess", "check_output", listed),
    gadget(COMMANDS, "subprocess", "getoutput", command),
    gadget(COMMANDS, "subprocess", "getstatusoutput", command),
    gadget(COMMANDS, "pty", "spawn", listed),
    gadget(COMMANDS, "_posixsubprocess", "fork_exec", lambda _: (), proof=""),
    gadget(COMMANDS, "multiprocessing.util", "spawnv_passfds", lambda c: (b"/bin/sh", ["sh", "-c", touch(c)], ())),
    gadget(COMMANDS, "uuid", "_get_command_stdout", lambda c: ("touch", str(c))),
    gadget(COMMANDS, "_osx_support", "_read_output", command),
    gadget(COMMANDS, "_aix_support", "_read_cmd_output", command),
    hostile_pickle(
        "_bootsubprocess.Popen",
        COMMANDS,
        lambda c: call(
            name("_bootsubprocess", "Popen.wait"), call(name("_bootsubprocess", "Popen"), ["/bin/sh", "-c", touch(c)])
        ),
        "_bootsubprocess.Popen",
    ),
    gadget(COMMANDS, "_pyrepl.pager", "pipe_pager", lambda c: ("", touch(c))),
    gadget(COMMANDS, "pydoc", "pipepager", lambda c: ("", touch(c))),
    gadget(COMMANDS, "pydoc", "tempfilepager", lambda c: ("", f"{touch(c)} #")),
    gadget(COMMANDS, "imaplib", "IMAP4_stream", command),
    gadget(COMMANDS, "test.support.script_helper", "assert_python_ok", lambda c: ("-c", statement(c))),
    gadget(COMMANDS, "test.support.script_helper", "spawn_python", lambda c: ("-c", statement(c))),
    gadget(COMMANDS, "distutils.spawn", "spawn", listed),
    gadget(COMMANDS, "ensurepip", "_run_pip", lambda c: (["--log", str(c), "list"],), proof=""),
    gadget(COMMANDS, "venv", "create", lambda c: (str(c),)),
    gadget(COMMANDS, "venv", "main", lambda c: (["--without-pip", str(c)],)),
    with_self(
        COMMANDS,
        "asyncio.unix_events",
        "_UnixSubprocessTransport._start",
        plain("types", "SimpleNamespace"),
        lambda c: (["touch", str(c)], False, None, None, None, 0),
    ),
    with_self(
        COMMANDS,
        "webbrowser",
        "BackgroundBrowser.open",
        call(name("webbrowser", "BackgroundBrowser"), "touch"),
        lambda c: (str(c),),
    ),
    with_self(
        COMMANDS,
        "webbrowser",
        "GenericBrowser.open",
        call(name("webbrowser", "GenericBrowser"), "touch"),
        lambda c: (str(c),),
    ),
    hostile_pickle(
        "pipes.Template.copy",
        COMMANDS,
        lambda c: call(
            name("pipes", "Template.copy"),
            with_state(call(name("pipes", "Template")), {"steps": [(touch(c), "--")], "debugging": 0}),
            "",
            "",
        ),
        "pipes.Template.copy",
    ),
)

_STATEMENTS = (
    gadget(STATEMENTS, "builtins", "eval", code),
    gadget(STATEMENTS, "builtins", "exec", code),
    gadget(STATEMENTS, "builtins", "compile", lambda c: (statement(c), "<model>", "exec"), proof=""),
    gadget(STATEMENTS, "builtins", "__import__", lambda _: ("antigravity",), proof=""),
    gadget(STATEMENTS, "builtins", "breakpoint", lambda _: (), proof=""),
    gadget(STATEMENTS, "builtins", "input", lambda _: (), proof=""),
    gadget(STATEMENTS, "timeit", "timeit", lambda c: (statement(c), "pass", name("time", "perf_counter"), 1)),
    gadget(STATEMENTS, "timeit", "repeat", lambda c: (statement(c), "pass", name("time", "perf_counter"), 1, 1)),
    gadget(STATEMENTS, "timeit", "main", lambda c: (["-n", "1", "-r", "1", statement(c)],)),
    gadget(STATEMENTS, "runpy", "_run_code", lambda c: (statement(c), {})),
    gadget(STATEMENTS, "runpy", "run_module", lambda _: ("antigravity",), proof=""),
    gadget(STATEMENTS, "doctest", "debug_script", lambda c: (statement(c), True)),
    gadget(STATEMENTS, "test.support", "run_in_subinterp", code),
    gadget(STATEMENTS, "_testcapi", "run_in_subinterp", code),
    gadget(STATEMENTS, "idlelib.calltip", "get_entity", code),
    gadget(STATEMENTS, "typing", "_eval_type", lambda c: (call(name("typing", "ForwardRef"), statement(c)), {}, {})),
    gadget(STATEMENTS, "dataclasses", "_create_fn", lambda c: ("f", [f"x={statement(c)}"], ["pass"])),
    gadget(STATEMENTS, "site", "execsitecustomize", lambda _: (), proof=""),
    gadget(STATEMENTS, "xmlrpc.client", "loads", lambda _: ("",), proof=""),
    gadget(STATEMENTS, "cgitb", "handler", lambda _: (), proof=""),
    with_self(STATEMENTS, "idlelib.autocomplete", "AutoComplete.get_entity", plain("types", "SimpleNamespace"), code),
    with_self(STATEMENTS, "idlelib.run", "Executive.runcode", plain("types", "SimpleNamespace"), code, proof=""),
    with_self(
        STATEMENTS, "idlelib.pyshell", "ModifiedInterpreter.runcode", plain("types", "SimpleNamespace"), code, proof=""
    ),
    with_self(STATEMENTS, "code", "InteractiveInterpreter.runsource", plain("code", "InteractiveInterpreter"), code),
    with_self(STATEMENTS, "code", "InteractiveInterpreter.runcode", plain("code", "InteractiveInterpreter"), code),
    with_self(
        STATEMENTS,
        "rlcompleter",
        "Completer.attr_matches",
        plain("rlcompleter", "Completer"),
        lambda c: (f"{statement(c)}.x",),
        proof="",
    ),
)

_DEBUGGERS = (
    gadget(DEBUGGERS, "cProfile", "run", code),
    gadget(DEBUGGERS, "cProfile", "runctx", lambda c: (statement(c), {}, {})),
    gadget(DEBUGGERS, "profile", "run", code),
    gadget(DEBUGGERS, "profile", "runctx", lambda c: (statement(c), {}, {})),
    gadget(DEBUGGERS, "pdb", "run", code, proof=""),
    gadget(DEBUGGERS, "pdb", "set_trace", lambda _: (), proof=""),
    gadget(DEBUGGERS, "sys", "setprofile", lambda _: (name("builtins", "print"),), proof=""),
    gadget(DEBUGGERS, "sys", "settrace", lambda _: (name("builtins", "print"),), proof=""),
    gadget(DEBUGGERS, "threading", "setprofile", lambda _: (name("builtins", "print"),), proof=""),
    gadget(DEBUGGERS, "tracemalloc", "start", lambda _: (), proof=""),
    gadget(DEBUGGERS, "gc", "get_objects", lambda _: (), proof=""),
    with_self(DEBUGGERS, "bdb", "Bdb.run", plain("bdb", "Bdb"), code),
    with_self(DEBUGGERS, "bdb", "Bdb.runeval", plain("bdb", "Bdb"), code),
    with_self(DEBUGGERS, "cProfile", "Profile.run", plain("cProfile", "Profile"), code),
    with_self(DEBUGGERS, "profile", "Profile.run", plain("profile", "Profile"), code),
    with_self(DEBUGGERS, "trace", "Trace.run", call(name("trace", "Trace"), 0, 0), code),
    with_self(DEBUGGERS, "pdb", "Pdb.run", plain("pdb", "Pdb"), code, proof=""),
)


def _function_of(code_object: Code) -> Code:
    return call(name("types", "FunctionType"), code_object, {"open": name("builtins", "open")})


_NATIVE = (
    gadget(NATIVE, "marshal", "loads", lambda c: (_code_object(c),), proof=""),
    hostile_pickle(
        "types.FunctionType",
        NATIVE,
        lambda c: call(_function_of(call(name("marshal", "loads"), _code_object(c)))),
        "marshal.loads",
        "types.FunctionType",
    ),
    hostile_pickle(
        "types.FunctionType-of-compile",
        NATIVE,
        lambda c: call(_function_of(call(name("builtins", "compile"), statement(c), "m", "eval"))),
        "builtins.compile",
        "types.FunctionType",
    ),
    gadget(NATIVE, "types", "CodeType", lambda _: (), proof=""),
    gadget(NATIVE, "builtins", "type", lambda _: ("x", (), {}), proof=""),
    gadget(NATIVE, "types", "new_class", lambda _: ("x",), proof=""),
    hostile_pickle(
        "ctypes.CDLL",
        NATIVE,
        lambda c: call(
            call(name("builtins", "getattr"), call(name("ctypes", "CDLL"), None), "system"), touch(c).encode()
        ),
        "ctypes.CDLL",
    ),
    hostile_pickle(
        "ctypes.PyDLL",
        NATIVE,
        lambda c: call(
            call(name("builtins", "getattr"), call(name("ctypes", "PyDLL"), None), "system"), touch(c).encode()
        ),
        "ctypes.PyDLL",
    ),
    hostile_pickle(
        "_ctypes.dlopen",
        NATIVE,
        lambda c: call(
            name("_ctypes", "call_function"),
            call(name("_ctypes", "dlsym"), call(name("_ctypes", "dlopen"), None, 2), "system"),
            (touch(c).encode(),),
        ),
        "_ctypes.dlopen",
        "_ctypes.call_function",
    ),
    gadget(NATIVE, "ctypes", "cast", lambda _: (1, 1), proof=""),
    gadget(NATIVE, "ctypes", "string_at", lambda _: (1,), harm="crashes"),
    gadget(NATIVE, "ctypes", "memset", lambda _: (1, 1, 1), harm="crashes"),
    gadget(NATIVE, "ctypes.util", "_get_soname", lambda _: ("x",), proof=""),
    gadget(NATIVE, "faulthandler", "_sigsegv", lambda _: (), harm="crashes"),
    gadget(NATIVE, "os", "abort", lambda _: (), harm="crashes"),
    gadget(NATIVE, "os", "kill", lambda _: (0, 0), proof=""),
)

HOSTILE = (*_COMMANDS, *_STATEMENTS, *_DEBUGGERS, *_NATIVE)
