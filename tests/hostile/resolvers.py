"""Names that give other names: the pickle does not mention what it ends up calling, or in a way that scanners miss."""

from __future__ import annotations

from hostile.assembler import (
    Code,
    a_file,
    call,
    hostile_pickle,
    name,
    old_name,
    pickled,
    statement,
    text,
    touch,
    value,
    with_state,
)
from hostile.corpus import Hostile

RESOLVERS = "resolvers: a call gives the name"
DOTTED = "resolvers: dotted names and re-exports"
RENAMED = "resolvers: names of Python 2"
ALIKE = "resolvers: look-alikes"

_OS = call(name("importlib", "import_module"), "os")


def resolver(title: str, resolved: Code, *says: str, **more: object) -> Hostile:
    """``resolved`` is os.system, in some roundabout way; then it is called."""
    return hostile_pickle(title, RESOLVERS, lambda canary: call(resolved, touch(canary)), *says, **more)


_RESOLVERS = (
    resolver("pkgutil.resolve_name", call(name("pkgutil", "resolve_name"), "os:system"), "pkgutil.resolve_name"),
    resolver("pydoc.locate", call(name("pydoc", "locate"), "os.system"), "pydoc.locate"),
    resolver(
        "pydoc.safeimport",
        call(name("builtins", "getattr"), call(name("pydoc", "safeimport"), "os"), "system"),
        "pydoc.safeimport",
    ),
    resolver(
        "importlib.import_module",
        call(name("builtins", "getattr"), _OS, "system"),
        "importlib.import_module",
    ),
    resolver(
        "importlib.__import__",
        call(name("builtins", "getattr"), call(name("importlib", "__import__"), "os"), "system"),
        "importlib.__import__",
    ),
    resolver(
        "builtins.__import__-then-getattr",
        call(name("builtins", "getattr"), call(name("builtins", "__import__"), "os"), "system"),
        "builtins.__import__",
    ),
    resolver(
        "importlib.metadata.EntryPoint",
        call(
            name("importlib.metadata", "EntryPoint.load"),
            call(name("importlib.metadata", "EntryPoint"), "a", "os:system", "g"),
        ),
        "importlib.metadata.EntryPoint",
    ),
    resolver(
        "xmlrpc.server.resolve_dotted_attribute",
        call(name("xmlrpc.server", "resolve_dotted_attribute"), _OS, "system"),
        "xmlrpc.server.resolve_dotted_attribute",
    ),
    resolver(
        "torch._utils._import_dotted_name",
        call(name("torch._utils", "_import_dotted_name"), "os.system"),
        "torch._utils._import_dotted_name",
    ),
    resolver(
        "numpy._core._ufunc_reconstruct",
        call(name("numpy._core", "_ufunc_reconstruct"), "os", "system"),
        "numpy._core._ufunc_reconstruct",
        proof="",
    ),
    resolver(
        "numpy.core._ufunc_reconstruct",
        call(name("numpy.core", "_ufunc_reconstruct"), "os", "system"),
        "numpy.core._ufunc_reconstruct",
    ),
    resolver(
        "pandas.compat._optional",
        call(
            name("builtins", "getattr"),
            call(name("pandas.compat._optional", "import_optional_dependency"), "os"),
            "system",
        ),
        "pandas.compat._optional.import_optional_dependency",
    ),
    resolver("operator.attrgetter", call(call(name("operator", "attrgetter"), "system"), _OS), "operator.attrgetter"),
    resolver(
        "_operator.attrgetter", call(call(name("_operator", "attrgetter"), "system"), _OS), "_operator.attrgetter"
    ),
    resolver(
        "operator.itemgetter",
        call(call(name("operator", "itemgetter"), "system"), name("posix", "__dict__")),
        "operator.itemgetter",
        "posix.__dict__",
    ),
    resolver(
        "operator.getitem",
        call(name("operator", "getitem"), name("posix", "__dict__"), "system"),
        "operator.getitem",
        "posix.__dict__",
    ),
    resolver(
        "inspect.getattr_static", call(name("inspect", "getattr_static"), _OS, "system"), "inspect.getattr_static"
    ),
    resolver(
        "dict.get",
        call(name("builtins", "dict.get"), name("posix", "__dict__"), "system"),
        "builtins.dict.get",
        "posix.__dict__",
    ),
    resolver(
        "builtins.vars",
        call(name("builtins", "dict.get"), call(name("builtins", "vars"), _OS), "system"),
        "builtins.vars",
    ),
    resolver(
        "sys.modules",
        call(name("builtins", "getattr"), call(name("builtins", "dict.get"), name("sys", "modules"), "os"), "system"),
        "sys.modules",
    ),
    resolver(
        "object.__getattribute__",
        call(name("builtins", "object.__getattribute__"), _OS, "system"),
        "builtins.object.__getattribute__",
    ),
    resolver(
        "functools.partial",
        call(name("functools", "partial"), name("posix", "system")),
        "functools.partial",
        "posix.system",
    ),
    hostile_pickle(
        "functools.partial-by-state",
        RESOLVERS,
        lambda c: call(
            with_state(
                call(name("functools", "partial"), name("builtins", "print")),
                (name("posix", "system"), (touch(c),), {}, {}),
            )
        ),
        "functools.partial",
        "posix.system",
    ),
    hostile_pickle(
        "functools.reduce",
        RESOLVERS,
        lambda c: call(name("functools", "reduce"), name("runpy", "_run_code"), [{}], statement(c)),
        "functools.reduce",
        "runpy._run_code",
    ),
    hostile_pickle(
        "operator.call",
        RESOLVERS,
        lambda c: call(name("operator", "call"), name("posix", "system"), touch(c)),
        "operator.call",
        "posix.system",
    ),
    hostile_pickle(
        "operator.methodcaller",
        RESOLVERS,
        lambda c: call(call(name("operator", "methodcaller"), "system", touch(c)), _OS),
        "operator.methodcaller",
    ),
    hostile_pickle(
        "types.MethodType",
        RESOLVERS,
        lambda c: call(call(name("types", "MethodType"), name("posix", "system"), touch(c))),
        "types.MethodType",
        "posix.system",
    ),
    hostile_pickle(
        "built-instead-of-called",
        RESOLVERS,
        lambda c: call(Code(name("functools", "partial") + value((name("posix", "system"), touch(c))) + b"\x81")),
        "functools.partial",
        "posix.system",
    ),
    hostile_pickle(
        "copyreg.__newobj__",
        RESOLVERS,
        lambda c: call(
            call(name("copyreg", "__newobj__"), name("functools", "partial"), name("posix", "system"), touch(c))
        ),
        "functools.partial",
        "posix.system",
    ),
    hostile_pickle(
        "builtins.getattr-of-a-class",
        RESOLVERS,
        lambda c: call(
            call(name("builtins", "getattr"), name("pathlib", "Path"), "touch"),
            call(name("pathlib", "PosixPath"), str(c)),
        ),
        "pathlib.Path.touch",
    ),
)


def _reached(title: str, module: str, attribute: str, **more: object) -> Hostile:
    return hostile_pickle(
        title, DOTTED, lambda canary: call(name(module, attribute), touch(canary)), f"{module}.{attribute}", **more
    )


_DOTTED = (
    _reached("genericpath.os.system", "genericpath", "os.system"),
    _reached("os.path.os.system", "os", "path.os.system"),
    _reached("joblib.disk.os.system", "joblib.disk", "os.system"),
    _reached("joblib.memory.os.system", "joblib.memory", "os.system"),
    _reached("numpy.lib._datasource.os.system", "numpy.lib._datasource", "os.system"),
    _reached("numpy.testing._private.utils.os.system", "numpy.testing._private.utils", "os.system"),
    _reached("pandas.io.common.os.system", "pandas.io.common", "os.system"),
    _reached("sklearn.datasets._base.shutil.os.system", "sklearn.datasets._base", "shutil.os.system"),
    _reached("sklearn._loss.loss.np.lib._datasource.os.system", "sklearn._loss.loss", "np.lib._datasource.os.system"),
    _reached("torch.os.system", "torch", "os.system"),
    _reached("torch.serialization.os.system", "torch.serialization", "os.system"),
    _reached("collections.abc.sys.modules", "collections.abc", "sys.modules", proof=""),
    _reached("collections._sys.modules", "collections", "_sys.modules.get", proof=""),
    _reached("functools-private", "functools", "_lru_cache_wrapper.__init__.__globals__", proof=""),
    # Before protocol 4 dots are not followed: it fails to load, and is refused before that.
    hostile_pickle(
        "dots-in-GLOBAL-of-protocol-2",
        DOTTED,
        lambda c: call(old_name("joblib.disk", "os.system"), touch(c)),
        "joblib.disk.os.system",
        protocol=2,
        proof="",
    ),
    hostile_pickle(
        "dots-in-GLOBAL-of-protocol-4",
        DOTTED,
        lambda c: call(old_name("joblib.disk", "os.system"), touch(c)),
        "joblib.disk.os.system",
    ),
    hostile_pickle(
        "a-listed-class-and-its-globals",
        DOTTED,
        lambda c: call(name("builtins", "dict.get"), name("sklearn.svm._classes", "SVC.__init__.__globals__"), "x"),
        "sklearn.svm._classes.SVC.__init__.__globals__",
        proof="",
    ),
    hostile_pickle(
        "subclasses-of-object",
        DOTTED,
        lambda c: call(name("builtins", "object.__subclasses__")),
        "builtins.object.__subclasses__",
        proof="",
    ),
    hostile_pickle(
        "a-method-of-a-listed-class",
        DOTTED,
        lambda c: call(name("numpy", "ndarray.tofile"), call(name("numpy", "array"), [1.0]), str(c)),
        "numpy.ndarray.tofile",
    ),
)


def _old(title: str, module: str, attribute: str, shown: str, protocol: int = 0, **more: object) -> Hostile:
    return hostile_pickle(
        title,
        RENAMED,
        lambda canary: call(old_name(module, attribute), touch(canary)),
        shown,
        protocol=protocol,
        **more,
    )


_RENAMED = (
    _old("commands.getoutput", "commands", "getoutput", "subprocess.getoutput"),
    _old("commands.getstatusoutput", "commands", "getstatusoutput", "subprocess.getstatusoutput", 2),
    hostile_pickle(
        "__builtin__.eval",
        RENAMED,
        lambda c: call(old_name("__builtin__", "eval"), f"open({str(c)!r}, 'w')"),
        "builtins.eval",
        protocol=2,
    ),
    hostile_pickle(
        "__builtin__.apply",
        RENAMED,
        lambda c: call(old_name("__builtin__", "apply"), name("posix", "system"), (touch(c),)),
        "builtins.apply",
        protocol=0,
        proof="",
    ),
    hostile_pickle(
        "__builtin__.execfile",
        RENAMED,
        lambda c: call(old_name("__builtin__", "execfile"), str(c)),
        "builtins.execfile",
        protocol=0,
        proof="",
    ),
    hostile_pickle(
        "__builtin__.reduce",
        RENAMED,
        lambda c: call(old_name("__builtin__", "reduce"), old_name("posix", "system"), [touch(c)]),
        "functools.reduce",
        protocol=1,
        proof="",
    ),
    hostile_pickle(
        "urllib2.urlopen",
        RENAMED,
        lambda _: call(old_name("urllib2", "urlopen"), "file:///etc/hostname"),
        "urllib.request.urlopen",
        protocol=0,
        proof="",
    ),
    hostile_pickle(
        "urllib.urlretrieve",
        RENAMED,
        lambda c: call(old_name("urllib", "urlretrieve"), "file:///etc/hostname", str(c)),
        "urllib.request.urlretrieve",
        protocol=0,
    ),
    hostile_pickle(
        "anydbm.open",
        RENAMED,
        lambda c: call(old_name("anydbm", "open"), str(c), "n"),
        "dbm.open",
        protocol=0,
        proof="",
    ),
    hostile_pickle(
        "copy_reg._reconstructor",
        RENAMED,
        lambda c: call(
            call(
                old_name("copy_reg", "__newobj__"),
                old_name("functools", "partial"),
                old_name("posix", "system"),
                touch(c),
            )
        ),
        "functools.partial",
        "posix.system",
        protocol=2,
    ),
    hostile_pickle(
        "__builtin__-where-it-is-not-mapped",
        RENAMED,
        lambda c: call(old_name("__builtin__", "eval"), "1"),
        "__builtin__.eval",
        protocol=4,
        proof="",
    ),
)


def _typed(title: str, module: str, attribute: str, *says: str) -> Hostile:
    """Not a name that exists: it has to be shown so that nobody takes it for one that does, or is fooled by it."""
    content = pickled(call(Code(text(module) + text(attribute) + b"\x93"), "id"))
    return Hostile(
        f"pickle/{title}",
        ALIKE,
        a_file("model.pkl", lambda _: content),
        says,
        verdicts=("unsafe", "needs-trust", "corrupt"),
        proof="",
    )


_ALIKE = (
    _typed("cyrillic-numpy", "num\u0440y", "dtype", "num\\u0440y"),
    _typed("fullwidth-os", "\uff4fs", "system", "\\uff4fs"),
    _typed("a-space-behind", "numpy ", "dtype", "'numpy .dtype'"),
    _typed("a-zero-byte", "numpy\0", "dtype", "\\x00"),
    _typed("an-escape-sequence", "os\x1b[2K\x1b[1Asafe", "system", "\\x1b"),
    _typed("a-line-feed", "numpy\nverdict: safe", "dtype", "\\n"),
    _typed("right-to-left", "os\u202emetsys", "x", "\\u202e"),
    _typed("a-surrogate", "os\udc80", "system", "\\udc80"),
    _typed("a-path-as-a-module", "../../etc/passwd", "x", "../../etc/passwd"),
    _typed("an-empty-name", "os", ""),
    _typed("a-colon-in-the-name", "os:system:called", "x", "os:system:called"),
    _typed("a-very-long-name", "a" * 4000, "b" * 4000, "aaaa"),
    _typed("a-relative-module", ".os", "system", ".os"),
)

HOSTILE: tuple[Hostile, ...] = (*_RESOLVERS, *_DOTTED, *_RENAMED, *_ALIKE)
