"""The one renderer: whatever a command returns or raises becomes text, or one JSON document, and an exit code.

With ``json`` stdout holds ``{command, ok, exit_code, data, errors}`` and nothing else; all else goes to stderr.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import typer

from mlpack.cli.spinner import Spinner
from mlpack.core.errors import INTERRUPTED, MlpackError, ParityError
from mlpack.core.view import Block, Brief, Line, Result, json_ready

Made = TypeVar("Made")
_ON_ONE_LINE = frozenset({"serve"})
"""Commands that go on after their document: whoever reads a line has the whole of it, whether it tells of an error or not."""


@dataclass(frozen=True)
class Renderer:
    """Shows what ``command`` does, in the manner that its flags ask for.

    ``document`` makes of a result a text that stdout holds instead of its view, and alone.
    """

    command: str
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    document: Callable[[Any], str] | None = None

    def run(self, doing: str | Spinner, call: Callable[[], Result]) -> NoReturn:
        """Call ``call`` under a spinner that says ``doing``, show what comes of it and exit with its code.

        What goes on in steps brings its own spinner, and tells it of each.
        """
        self._end(doing, call, self.show)

    def hand_over(self, doing: str, call: Callable[[], Made], successor: Callable[[Made], NoReturn]) -> NoReturn:
        """Call ``call`` like `run`, and leave the process to ``successor`` with what came of it: it shows itself."""
        self._end(doing, call, successor)

    def _end(self, doing: str | Spinner, call: Callable[[], Made], then: Callable[[Made], int]) -> NoReturn:
        try:
            with self._undisturbed(doing):
                result = call()
            code = then(result)
        except MlpackError as error:
            code = self.fail(error)
        except KeyboardInterrupt:
            code = self.fail(_InterruptedError("interrupted; nothing was written"))
        except BrokenPipeError:
            code = drop_stdout()  # the reader (`| head`) has seen enough
        except Exception as error:  # noqa: BLE001 - what no one foresaw is a bug of ours: a line for the user, a traceback with -v
            code = self.fail(_bug(error))
        raise typer.Exit(code)

    def tell(self, begun: str) -> None:
        """Say on stderr, once and also where that is no terminal, that something has begun which takes its time."""
        if not (self.quiet or self.json):
            sys.stderr.write(f"{begun} …\n")  # typer.echo would write into the line that a spinner turns in
            sys.stderr.flush()

    def show(self, result: Result) -> int:
        """Print ``result`` and return its exit code."""
        code = result.exit_code
        if self.json:
            self._print_document(code, result.to_json(), [])
        elif self.document:
            typer.echo(self.document(result), nl=False)
        else:
            self._draw(_brief(result) if self.quiet else result.view(), sys.stdout)
            sys.stdout.flush()
        return code

    def fail(self, error: MlpackError) -> int:
        """Print ``error``: what happened, why, and what to type next. Returns its exit code.

        What was found before it failed (the parity report of a refused conversion) is shown like any result.
        """
        found: Result | None = error.result if isinstance(error, ParityError) else None
        if self.json:
            self._print_document(error.exit_code, found.to_json() if found else None, [error.to_json()])
        else:
            if found and not self.quiet:
                self._draw([*found.view(), Line("")], sys.stdout)
                sys.stdout.flush()
            self._draw(self._error_lines(error), sys.stderr)
        if self.verbose:
            typer.echo(error.details or "".join(traceback.format_exception(error)), err=True)
        return error.exit_code

    def _error_lines(self, error: MlpackError) -> list[Block]:
        lines: list[Block] = [Line(f"error: {error.message}", "bad")]
        if not self.quiet:
            lines += [Line(f"  {part}") for part in error.why.splitlines()]
            lines += [Line(f"{'next: ' if not index else '      '}{part}") for index, part in _numbered(error.hint)]
        return lines

    def _print_document(self, code: int, data: dict[str, Any] | None, errors: Sequence[dict[str, Any]]) -> None:
        import json

        document = {"command": self.command, "ok": code == 0, "exit_code": code, "data": data, "errors": list(errors)}
        indent = None if self.command in _ON_ONE_LINE else 2
        typer.echo(json.dumps(json_ready(document), indent=indent, ensure_ascii=False, allow_nan=False))

    def _draw(self, blocks: Sequence[Block], stream: Any) -> None:
        from mlpack.cli.draw import draw

        draw(blocks, stream)

    @contextlib.contextmanager
    def _undisturbed(self, doing: str | Spinner) -> Any:
        """While a command works, stdout stays clean, warnings are one line each, and a spinner turns on a terminal."""
        silent = self.quiet or self.json or not sys.stderr.isatty()
        spinner = contextlib.nullcontext() if silent else Spinner(doing) if isinstance(doing, str) else doing
        caught: list[warnings.WarningMessage] = []
        try:
            with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings(record=True) as caught, spinner:
                yield
        finally:
            for warning in caught:
                self._show_warning(warning)

    def _show_warning(self, warning: warnings.WarningMessage) -> None:
        """A UserWarning is for users; the others are for those who asked for more."""
        if self.verbose:
            place = f"{warning.category.__name__}, {warning.filename}:{warning.lineno}"
            typer.echo(f"warning: {warning.message} ({place})", err=True)
        elif warning.category is UserWarning and not self.quiet:
            typer.echo(f"warning: {warning.message}", err=True)


class _InterruptedError(MlpackError):
    """The user pressed Ctrl-C."""

    exit_code = INTERRUPTED


def _bug(error: Exception) -> MlpackError:
    return MlpackError(
        f"mlpack has a bug: {type(error).__name__}: {error}",
        hint="run it again with -v, and report what it prints together with the output of: mlpack doctor --json",
        details="".join(traceback.format_exception(error)),
    )


def _brief(result: Result) -> Sequence[Block]:
    """The verdict alone: one line, or as many as a result of many parts says."""
    if isinstance(result, Brief):
        return result.brief()
    return [block for block in result.view()[:1] if isinstance(block, Line)]


def _numbered(text: str) -> list[tuple[int, str]]:
    return list(enumerate(text.splitlines()))


def drop_stdout() -> int:
    """Let the interpreter's last flush of stdout go nowhere, and end as a program ended by SIGPIPE does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141
