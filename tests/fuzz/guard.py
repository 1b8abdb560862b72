"""Watches what a reader does beyond reading: Python tells an audit hook of every file, process, socket and import.

Allowed is what is named here. All else, whatever a future Python calls it, is a breach.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from fuzz import canary

import mlpack
from mlpack.scan.lists import list_of, names_of

_HARMLESS = frozenset(
    {
        *("builtins.id", "object.__getattr__", "object.__setattr__", "object.__delattr__", "array.__new__"),
        *("sys._getframe", "sys._getframemodulename", "mmap.__new__", "gc.get_objects", "gc.get_referents"),
    }
)
_IN_SCRATCH = frozenset(
    {
        *(
            "open",
            "os.listdir",
            "os.scandir",
            "os.mkdir",
            "os.remove",
            "os.rmdir",
            "os.rename",
            "os.link",
            "os.symlink",
        ),
        *(
            "os.truncate",
            "os.chmod",
            "os.utime",
            "shutil.rmtree",
            "tempfile.mkdtemp",
            "tempfile.mkstemp",
            "shutil.copyfile",
        ),
    }
)
_OWN_SOURCE = f"{Path(mlpack.__file__).parent}/"
_OWN_DESCRIPTORS = ("/proc/self/fd/", "/dev/null", "/dev/urandom")
_PARSED_ALONE = ("<unknown>",)
"""The file name under which `ast` compiles a text to a tree, which is not run."""
_PARSERS = frozenset({"_parse_args", "_parse_args_rvs", "_parse_args_stats", "_argcheck_rvs", "<module>"})
"""What the text that SciPy's distributions compile may define and call."""


class BreachError(BaseException):
    """Raised in the middle of what was about to happen, which therefore does not."""


class Guard:
    """One for a process. ``scratch`` is the folder that readers may use."""

    def __init__(self, scratch: Path) -> None:
        self.breaches: list[str] = []
        self._scratch = f"{os.path.realpath(scratch)}/"
        self._active = False

    def install(self) -> None:
        """From now on breaches are seen, wherever `watching` is entered."""
        sys.dont_write_bytecode = True
        sys.addaudithook(self._hook)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Raises AssertionError at the end where there was a breach, also one that somebody swallowed."""
        self._active = True
        uncaught: BreachError | None = None
        try:
            yield
        except BreachError as breach:
            uncaught = breach
        finally:
            self._active = False
        breaches, self.breaches = [*self.breaches, *canary.reached], []
        canary.reached.clear()
        if breaches:
            raise AssertionError(f"CANARY: {breaches}") from uncaught

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What the fuzzer itself does, such as comparing with another reader."""
        self._active = False
        try:
            yield
        finally:
            self._active = True

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._active or event in _HARMLESS:
            return
        self._active = False  # to judge may itself import or open something
        try:
            allowed = self._is_allowed(event, arguments)
        finally:
            self._active = True
        if not allowed:
            breach = f"{event}{arguments!r}"[:300] + f" by {_callers(sys._getframe(1))}"
            self.breaches.append(breach)
            raise BreachError(breach)

    def _is_allowed(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event in _IN_SCRATCH and self._lies_in_scratch(arguments[0]):
            return True
        if event in {"open", "os.listdir"} and _is_own_data(*arguments):
            return True
        if event in {"exec", "compile"} and (_shuffles_arguments(arguments[0]) or arguments[1:] == _PARSED_ALONE):
            return True
        return _imports(event, arguments)

    def _lies_in_scratch(self, path: Any) -> bool:
        if isinstance(path, int):
            return True
        try:
            name = os.fsdecode(path)
        except TypeError:
            return False
        return name.startswith(_OWN_DESCRIPTORS) or f"{os.path.realpath(name)}/".startswith(self._scratch)


def _imports(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether it happens while a module is imported that the lists name, or that a reader itself wants."""
    frame, outermost = sys._getframe(3), None
    importer = frame
    while frame is not None:
        code = frame.f_code
        if code.co_name == "_find_and_load" and code.co_filename == "<frozen importlib._bootstrap>":
            outermost, importer = frame.f_locals.get("name"), frame.f_back
        frame = frame.f_back
    module = outermost or (arguments[0] if event == "import" else None)
    return module is not None and (_is_listed(module) or _is_reader(importer))


def _callers(frame: FrameType | None) -> str:
    """Where it happened, the nearest first."""
    found: list[str] = []
    while frame is not None and len(found) < 8:
        found.append(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        frame = frame.f_back
    return " < ".join(found)


@cache
def _is_listed(module: str) -> bool:
    """Whether the lists name the module or what lies in it."""
    names = names_of(list_of(module))
    return names is not None and any(one == module or one.startswith(f"{module}.") for one, _ in names.roles)


def _is_reader(frame: FrameType | None) -> bool:
    """Whether an import statement stands in mlpack's own source."""
    return frame is not None and frame.f_code.co_filename.startswith(_OWN_SOURCE)


def _is_own_data(path: Any, mode: Any = "r", *_: Any) -> bool:
    """Whether mlpack reads what is installed with it, such as the lists."""
    return mode == "r" and isinstance(path, str | os.PathLike) and os.path.realpath(path).startswith(_OWN_SOURCE)


def _shuffles_arguments(code: Any) -> bool:
    """Whether this is what SciPy's distributions compile when their state is set, and nothing more."""
    if isinstance(code, str | bytes):
        return b"def _parse_args(" in (code if isinstance(code, bytes) else code.encode())
    if not isinstance(code, CodeType) or not code.co_filename.startswith("<string>"):
        return False
    inner = [part for part in code.co_consts if isinstance(part, CodeType)]
    return (
        set(code.co_names) <= _PARSERS
        and code.co_name in _PARSERS
        and all(set(one.co_names) <= _PARSERS for one in inner)
    )
