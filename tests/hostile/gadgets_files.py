"""Names of Python's own library that write, read or send files, and so plant what runs later or give away what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile.assembler import Code, call, hostile_pickle, name, pickled, statement, text, touch
from hostile.corpus import Hostile
from hostile.gadgets_python import STATEMENTS, command, gadget, plain, with_self

WRITES = "gadgets: files"
LOGGING = "gadgets: logging"
NETWORK = "gadgets: network"
BESIDE = "gadgets: files beside the model"


def written(canary: Path) -> tuple[Any, ...]:
    """The canary, opened for writing."""
    return (str(canary), "w")


def written_bytes(canary: Path) -> tuple[Any, ...]:
    """The canary, opened for writing bytes."""
    return (str(canary), "wb")


def just(canary: Path) -> tuple[Any, ...]:
    """The canary's path."""
    return (str(canary),)


def _path(canary: Path) -> Code:
    return call(name("pathlib", "PosixPath"), str(canary))


_WRITES = (
    gadget(WRITES, "builtins", "open", written),
    gadget(WRITES, "io", "open", written),
    gadget(WRITES, "_io", "open", written),
    gadget(WRITES, "io", "FileIO", written),
    gadget(WRITES, "_io", "FileIO", written),
    gadget(WRITES, "codecs", "open", written),
    gadget(WRITES, "os", "open", lambda c: (str(c), 0o101)),
    gadget(WRITES, "posix", "mkdir", just),
    gadget(WRITES, "os", "makedirs", just),
    gadget(WRITES, "os", "symlink", lambda c: (".", str(c))),
    gadget(WRITES, "os", "mkfifo", just),
    gadget(WRITES, "os", "rename", lambda c: (str(c), str(c)), proof=""),
    gadget(WRITES, "os", "remove", just, proof=""),
    gadget(WRITES, "os", "chmod", lambda c: (str(c), 0), proof=""),
    gadget(WRITES, "gzip", "open", written),
    gadget(WRITES, "gzip", "GzipFile", written),
    gadget(WRITES, "bz2", "open", written),
    gadget(WRITES, "bz2", "BZ2File", written),
    gadget(WRITES, "lzma", "open", written),
    gadget(WRITES, "lzma", "LZMAFile", written),
    gadget(WRITES, "zipfile", "ZipFile", written),
    gadget(WRITES, "tarfile", "open", written),
    gadget(WRITES, "wave", "open", written_bytes),
    gadget(WRITES, "mailbox", "mbox", just),
    gadget(WRITES, "dbm.dumb", "open", lambda c: (str(c), "n"), proof=""),
    gadget(WRITES, "shelve", "open", lambda c: (str(c), "n"), proof=""),
    gadget(
        WRITES,
        "tempfile",
        "_mkstemp_inner",
        lambda c: (str(c.parent), c.name, "", 0o102, name("builtins", "str")),
        proof="",
    ),
    gadget(WRITES, "tempfile", "NamedTemporaryFile", lambda _: (), proof=""),
    gadget(WRITES, "shutil", "copyfile", lambda c: ("/etc/hostname", str(c))),
    gadget(WRITES, "shutil", "copytree", lambda c: ("/var/empty", str(c)), proof=""),
    gadget(WRITES, "shutil", "rmtree", just, proof=""),
    gadget(WRITES, "distutils.file_util", "write_file", lambda c: (str(c), [])),
    gadget(WRITES, "distutils.file_util", "copy_file", lambda c: ("/etc/hostname", str(c))),
    gadget(WRITES, "py_compile", "compile", lambda c: ("/etc/hostname", str(c)), proof=""),
    gadget(WRITES, "zipapp", "create_archive", lambda c: ("/etc", str(c), None, "a:b"), proof=""),
    gadget(WRITES, "uu", "decode", lambda c: (str(c), str(c)), proof=""),
    gadget(WRITES, "fileinput", "input", just, proof=""),
    gadget(WRITES, "linecache", "getlines", just, proof=""),
    gadget(WRITES, "multiprocessing.connection", "Listener", just, proof=""),
    gadget(WRITES, "multiprocessing.shared_memory", "SharedMemory", lambda _: ("mlpack",), proof=""),
    gadget(WRITES, "mmap", "mmap", lambda _: (-1, 1), proof=""),
    gadget(WRITES, "cProfile", "run", lambda c: ("1", str(c)), title="cProfile.run-to-a-file"),
    gadget(WRITES, "readline", "write_history_file", just, proof=""),
    gadget(WRITES, "faulthandler", "dump_traceback", lambda _: (), proof=""),
    with_self(WRITES, "lib2to3.pgen2.grammar", "Grammar.dump", plain("lib2to3.pgen2.grammar", "Grammar"), just),
    with_self(WRITES, "trace", "Trace.results", plain("trace", "Trace"), lambda _: (), proof=""),
    hostile_pickle(
        "pathlib.PosixPath.touch",
        WRITES,
        lambda c: call(name("pathlib", "PosixPath.touch"), _path(c)),
        "PosixPath.touch",
    ),
    hostile_pickle(
        "pathlib-write_text-by-getattr",
        WRITES,
        lambda c: call(call(name("builtins", "getattr"), _path(c), "write_text"), ""),
        "pathlib.PosixPath.write_text",
    ),
    hostile_pickle(
        "sqlite3.connect",
        WRITES,
        lambda c: call(
            name("sqlite3", "Connection.executescript"), call(name("sqlite3", "connect"), str(c)), "create table t(x);"
        ),
        "sqlite3.connect",
    ),
    hostile_pickle(
        "sqlite3-loads-an-extension",
        WRITES,
        lambda c: call(
            name("sqlite3", "Connection.load_extension"), call(name("sqlite3", "connect"), ":memory:"), str(c)
        ),
        "sqlite3.connect",
        proof="",
    ),
)

_LOGGING = (
    gadget(LOGGING, "logging", "FileHandler", just),
    gadget(LOGGING, "logging.handlers", "RotatingFileHandler", just),
    gadget(LOGGING, "logging.handlers", "TimedRotatingFileHandler", just),
    gadget(LOGGING, "logging.handlers", "WatchedFileHandler", just),
    gadget(LOGGING, "logging.handlers", "HTTPHandler", lambda _: ("localhost", "/"), proof=""),
    gadget(LOGGING, "logging.handlers", "SocketHandler", lambda _: ("localhost", 9), proof=""),
    gadget(LOGGING, "logging.handlers", "SMTPHandler", lambda _: ("localhost", "a", "b", "c"), proof=""),
    gadget(LOGGING, "logging.config", "listen", lambda _: (), proof=""),
    gadget(
        LOGGING,
        "logging.config",
        "dictConfig",
        lambda c: ({"version": 1, "handlers": {"h": {"()": "os.system", "command": touch(c)}}},),
    ),
    hostile_pickle(
        "logging.config._resolve",
        LOGGING,
        lambda c: call(call(name("logging.config", "_resolve"), "os.system"), touch(c)),
        "logging.config._resolve",
    ),
)

_NETWORK = (
    gadget(NETWORK, "urllib.request", "urlretrieve", lambda c: ("file:///etc/hostname", str(c))),
    gadget(NETWORK, "urllib.request", "urlopen", lambda _: ("file:///etc/hostname",), proof=""),
    gadget(NETWORK, "http.client", "HTTPSConnection", lambda _: ("localhost",), proof=""),
    gadget(NETWORK, "http.server", "test", lambda _: (), proof=""),
    gadget(NETWORK, "smtplib", "SMTP", lambda _: ("localhost", 9), proof=""),
    gadget(NETWORK, "ftplib", "FTP", lambda _: ("localhost",), proof=""),
    gadget(NETWORK, "poplib", "POP3", lambda _: ("localhost",), proof=""),
    gadget(NETWORK, "telnetlib", "Telnet", lambda _: ("localhost", 9), proof=""),
    gadget(NETWORK, "nntplib", "NNTP", lambda _: ("localhost",), proof=""),
    gadget(NETWORK, "socket", "create_connection", lambda _: (("localhost", 9),), proof=""),
    gadget(NETWORK, "socket", "getaddrinfo", lambda _: ("secret.localhost", 80), proof=""),
    gadget(NETWORK, "socket", "gethostbyname", lambda _: ("secret.localhost",), proof=""),
    gadget(NETWORK, "_socket", "socket", lambda _: (), proof=""),
    gadget(NETWORK, "socketserver", "TCPServer", lambda _: (("localhost", 0), None), proof=""),
    gadget(NETWORK, "ssl", "get_server_certificate", lambda _: (("localhost", 9),), proof=""),
    gadget(NETWORK, "xmlrpc.client", "ServerProxy", lambda _: ("http://localhost",), proof=""),
    gadget(NETWORK, "asyncio", "open_connection", lambda _: ("localhost", 9), proof=""),
    gadget(NETWORK, "multiprocessing.connection", "Client", lambda _: (("localhost", 9),), proof=""),
    gadget(NETWORK, "webbrowser", "open", lambda _: ("http://localhost",), proof=""),
    gadget(NETWORK, "requests", "get", lambda _: ("http://localhost",), proof=""),
    gadget(NETWORK, "requests.api", "post", lambda _: ("http://localhost",), proof=""),
    gadget(NETWORK, "httpx", "get", lambda _: ("http://localhost",), proof=""),
    gadget(NETWORK, "urllib3", "PoolManager", lambda _: (), proof=""),
    gadget(NETWORK, "aiohttp", "ClientSession", lambda _: (), proof=""),
    gadget(NETWORK, "paramiko", "SSHClient", lambda _: (), proof=""),
)


def beside(
    title: str, file: str, content: Callable[[Path], bytes | str], root: Callable[[Path], Code], *says: str, **more: Any
) -> Hostile:
    """A pickle that runs ``file``, which lies beside it and creates the canary."""

    def write(folder: Path, canary: Path) -> Path:
        data = content(canary)
        (folder / file).write_bytes(data.encode() if isinstance(data, str) else data)
        path = folder / "model.pkl"
        path.write_bytes(pickled(root(folder / file)))
        return path

    return Hostile(f"pickle/{title}", BESIDE, write, says, **more)


def _zipped(canary: Path) -> bytes:
    import io
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("planted.py", statement(canary))
    return data.getvalue()


_BESIDE = (
    beside(
        "runpy.run_path", "planted.py", statement, lambda f: call(name("runpy", "run_path"), str(f)), "runpy.run_path"
    ),
    beside(
        "site.addsitedir",
        "a.pth",
        lambda c: f"import os; {statement(c)}\n",
        lambda f: call(name("site", "addsitedir"), str(f.parent)),
        "site.addsitedir",
    ),
    beside(
        "site.addpackage",
        "a.pth",
        lambda c: f"import os; {statement(c)}\n",
        lambda f: call(name("site", "addpackage"), str(f.parent), f.name, None),
        "site.addpackage",
    ),
    beside(
        "imp.load_source",
        "planted.py",
        statement,
        lambda f: call(name("imp", "load_source"), "planted", str(f)),
        "imp.load_source",
    ),
    beside(
        "importlib.machinery.SourceFileLoader",
        "planted.py",
        statement,
        lambda f: call(
            name("importlib.machinery", "SourceFileLoader.load_module"),
            call(name("importlib.machinery", "SourceFileLoader"), "planted", str(f)),
        ),
        "importlib.machinery.SourceFileLoader",
    ),
    beside(
        "zipimport.zipimporter",
        "planted.zip",
        _zipped,
        lambda f: call(
            name("zipimport", "zipimporter.load_module"), call(name("zipimport", "zipimporter"), str(f)), "planted"
        ),
        "zipimport.zipimporter",
    ),
    beside(
        "multiprocessing.spawn.import_main_path",
        "planted.py",
        statement,
        lambda f: call(name("multiprocessing.spawn", "import_main_path"), str(f)),
        "multiprocessing.spawn.import_main_path",
    ),
    beside(
        "doctest.testfile",
        "t.txt",
        lambda c: f">>> {statement(c)}\n",
        lambda f: call(name("doctest", "testfile"), str(f), False),
        "doctest.testfile",
    ),
    beside(
        "logging.config.fileConfig",
        "l.ini",
        lambda c: (
            f"[loggers]\nkeys=root\n[handlers]\nkeys=h\n[formatters]\nkeys=\n[logger_root]\nhandlers=h\n[handler_h]\nclass=FileHandler\nargs=({str(c)!r},)\n"
        ),
        lambda f: call(name("logging.config", "fileConfig"), str(f)),
        "logging.config.fileConfig",
    ),
    beside(
        "a-module-beside",
        "planted.py",
        statement,
        lambda _: Code(text("planted") + text("x") + b"\x93"),
        "planted.x",
        verdicts=("needs-trust", "unsafe"),
    ),
)

_IMPORTS = (
    # A name alone imports its module.
    hostile_pickle(
        "a-name-that-is-never-called",
        STATEMENTS,
        lambda _: [name("antigravity", "geohash")],
        "antigravity.geohash",
        proof="",
    ),
    hostile_pickle(
        "a-reference-to-os.system", STATEMENTS, lambda _: {"model": name("posix", "system")}, "posix.system", proof=""
    ),
    hostile_pickle("a-module-dict", STATEMENTS, lambda _: {"model": name("sys", "modules")}, "sys.modules", proof=""),
    hostile_pickle(
        "builtins-dict", STATEMENTS, lambda _: {"model": name("builtins", "__dict__")}, "builtins.__dict__", proof=""
    ),
    gadget(STATEMENTS, "os", "putenv", lambda _: ("PYTHONSTARTUP", "x"), proof=""),
    gadget(STATEMENTS, "os.path", "expanduser", command, proof=""),
)

HOSTILE = (*_WRITES, *_LOGGING, *_NETWORK, *_BESIDE, *_IMPORTS)
