"""The renderer: the envelope, the streams, the exit codes, and what 80 columns do to long words."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
import typer

from mlpack.cli.render import Renderer
from mlpack.core.errors import MlpackError, ParityError, TrustError, error_classes
from mlpack.core.finding import Finding
from mlpack.core.view import Block, Cell, Facts, Line, Result, Table

DIGEST = "0123456789abcdef" * 4


@dataclass(frozen=True)
class Weighing:
    """A small result of our own, so that these tests know every character of what has to appear."""

    command: ClassVar[str] = "weigh"
    blocks: Sequence[Block] = (Line("all is well", "good"), Facts([("Weight", "3 kg")]))
    exit_code: int = 0
    data: dict[str, Any] = field(default_factory=lambda: {"weight": 3})

    def to_json(self) -> dict[str, Any]:
        return self.data

    def view(self) -> Sequence[Block]:
        return self.blocks


def run(call: Callable[[], Result], **flags: bool) -> int:
    with pytest.raises(typer.Exit) as stop:
        Renderer("weigh", **flags).run("weighing", call)
    return stop.value.exit_code


def raising(error: BaseException) -> Callable[[], Result]:
    def call() -> Result:
        raise error

    return call


def test_text_goes_to_stdout_and_the_code_is_the_result_s(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lambda: Weighing(exit_code=3)) == 3
    assert capsys.readouterr() == ("all is well\n\nWeight  3 kg\n", "")


def test_what_has_begun_is_told_on_stderr_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    for flags in ({}, {"quiet": True}, {"json": True}):
        Renderer("weigh", **flags).tell("weighing it")
        assert capsys.readouterr() == ("", "" if flags else "weighing it …\n")


def test_the_envelope_of_a_result_is_frozen(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Weighing, json=True) == 0
    out, err = capsys.readouterr()
    assert out == (
        '{\n  "command": "weigh",\n  "ok": true,\n  "exit_code": 0,\n'
        '  "data": {\n    "weight": 3\n  },\n  "errors": []\n}\n'
    )
    assert err == ""


def test_the_envelope_of_an_error_is_frozen(capsys: pytest.CaptureFixture[str]) -> None:
    found = Finding("pickle/unlisted", "warning", "it builds a.B", offset=2, use="a:B:built")
    error = TrustError("no trust in a.pkl", why="it runs code", hint="--trust it", details="secret", findings=[found])
    assert run(raising(error), json=True) == 11
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "command": "weigh",
        "ok": False,
        "exit_code": 11,
        "data": None,
        "errors": [
            {
                "type": "TrustError",
                "exit_code": 11,
                "message": "no trust in a.pkl",
                "why": "it runs code",
                "hint": "--trust it",
                "findings": [
                    {
                        "rule": "pickle/unlisted",
                        "severity": "warning",
                        "message": "it builds a.B",
                        "member": None,
                        "offset": 2,
                        "hint": "",
                        "use": "a:B:built",
                    }
                ],
            }
        ],
    }
    assert err == ""


@pytest.mark.parametrize("kind", error_classes().values())
def test_every_error_ends_with_its_own_code(kind: type[MlpackError], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(kind("it broke", why="it was thin", hint="bend it\nglue it"))) == kind.exit_code
    assert capsys.readouterr() == ("", "error: it broke\n  it was thin\nnext: bend it\n      glue it\n")


def test_a_bug_is_one_line_and_a_next_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(ZeroDivisionError("division by zero"))) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: mlpack has a bug: ZeroDivisionError: division by zero\nnext: run it again with -v")
    assert "Traceback" not in err


def test_verbose_shows_the_traceback_of_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(ZeroDivisionError("division by zero")), verbose=True) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_verbose_shows_what_the_worker_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(ParityError("it differs", details="layer 3 of the worker\n")), verbose=True) == 3
    assert "layer 3 of the worker" in capsys.readouterr().err


def test_a_refusal_still_shows_what_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    error = ParityError("it differs", result=Weighing())
    assert run(raising(error)) == 3
    assert capsys.readouterr() == ("all is well\n\nWeight  3 kg\n\n\n", "error: it differs\n")
    assert run(raising(error), json=True) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["data"], document["ok"], len(document["errors"])) == ({"weight": 3}, False, 1)


def test_ctrl_c_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "error: interrupted; nothing was written\n")


def test_quiet_leaves_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Weighing, quiet=True) == 0
    assert run(lambda: Weighing(blocks=(Facts([("Weight", "3 kg")]),)), quiet=True) == 0
    assert run(raising(ParityError("it differs", why="much", hint="weigh again")), quiet=True) == 3
    assert capsys.readouterr() == ("all is well\n", "error: it differs\n")


def test_quiet_leaves_each_verdict_of_many(capsys: pytest.CaptureFixture[str]) -> None:
    class Weighings(Weighing):
        def brief(self) -> Sequence[Block]:
            return [Line("a: light"), Line("b: heavy")]

    assert run(Weighings, quiet=True) == 0
    assert capsys.readouterr() == ("a: light\nb: heavy\n", "")


def test_a_document_is_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stop:
        Renderer("weigh", document=lambda result: f"<{result.command}/>\n").run(
            "weighing", lambda: Weighing(exit_code=4)
        )
    assert (stop.value.exit_code, capsys.readouterr()) == (4, ("<weigh/>\n", ""))


def test_what_a_terminal_would_obey_is_spelt_out(capsys: pytest.CaptureFixture[str]) -> None:
    nasty = "\x1b[2Jname\x07\x9b\u202e\udc80"
    spelt = "\\x1b[2Jname\\x07\\x9b\\u202e\\udc80"
    blocks = (Line(nasty), Facts([(nasty, nasty)], "facts"), Table("table", ("a",), [(nasty,)]))
    run(lambda: Weighing(blocks=blocks))
    out = capsys.readouterr().out
    assert out.count(spelt) == 4
    assert not set(out) & set("\x1b\x07\x9b\u202e")


def test_what_a_library_prints_never_reaches_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    def call() -> Result:
        print("chatter")
        return Weighing()

    run(call, json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["ok"] is True
    assert err == "chatter\n"


def test_a_warning_for_users_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def call() -> Result:
        warnings.warn("the plug-in x is left out", stacklevel=1)
        warnings.warn("old API", DeprecationWarning, stacklevel=1)
        return Weighing()

    run(call, json=True)
    assert capsys.readouterr().err == "warning: the plug-in x is left out\n"
    run(call, json=True, verbose=True)
    assert "old API (DeprecationWarning" in capsys.readouterr().err


def test_json_has_no_bare_nan(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = [float("nan"), float("inf"), -float("inf"), 1.5]
    run(lambda: Weighing(data={"errors": {"max": numbers}}), json=True)
    out = capsys.readouterr().out
    assert json.loads(out, parse_constant=pytest.fail)["data"]["errors"]["max"] == ["NaN", "Infinity", "-Infinity", 1.5]


@pytest.fixture
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("eighty_columns")
def test_a_hash_is_never_broken(capsys: pytest.CaptureFixture[str]) -> None:
    command = f"  mlpack convert a/rather/long/path/to/churn.joblib -o churn.onnx --trust {DIGEST}"
    facts = Facts([("A name of some length", DIGEST), ("Imports", "one, two, three " * 12)])
    run(lambda: Weighing(blocks=(Line("it needs trust"), facts, Line(command))))
    lines = capsys.readouterr().out.splitlines()
    assert command in lines
    assert f"A name of some length  {DIGEST}" in lines
    assert all(len(line) <= 88 for line in lines if line != command)


@pytest.mark.usefixtures("eighty_columns")
def test_a_table_keeps_every_word_in_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    words = [f"word{number}" for number in range(40)]
    table = Table(
        "Outputs", ("Name", "Worst", "Note"), [("label", "0", " ".join(words)), ("score", Cell("1.5e-07", "bad"), "")]
    )
    run(lambda: Weighing(blocks=(table,)))
    out = capsys.readouterr().out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert [word for word in out.split() if word.startswith("word")] == words
    assert "…" not in out


def program(code: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    script = "from test_render import Weighing, Renderer\n" + code
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)]), **variables}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, env=environment, check=False)


def test_a_pipe_gets_no_colours() -> None:
    shown = program("Renderer('weigh').show(Weighing())")
    assert shown.stdout == b"all is well\n\nWeight  3 kg\n"


def test_no_color_is_obeyed_even_when_a_terminal_is_forced() -> None:
    forced = program("Renderer('weigh').show(Weighing())", FORCE_COLOR="1")
    plain = program("Renderer('weigh').show(Weighing())", FORCE_COLOR="1", NO_COLOR="1")
    assert b"\x1b[32m" in forced.stdout
    assert b"\x1b[3" not in plain.stdout


def test_a_reader_that_leaves_early_is_no_error() -> None:
    code = """
import os, sys
read, write = os.pipe()
os.close(read)
os.dup2(write, 1)
from mlpack.core.view import Line
import typer
try:
    Renderer("weigh").run("weighing", lambda: Weighing(blocks=[Line("x" * 100)] * 5000))
except typer.Exit as stop:
    sys.exit(stop.exit_code)
"""
    ended = program(code)
    assert (ended.returncode, ended.stderr) == (141, b"")


SLOW = """
import sys, time
def call():
    time.sleep({seconds})
    return Weighing()
try:
    Renderer("weigh", {flags}).run("weighing the pig", call)
except BaseException as stop:
    sys.exit(stop.exit_code)
"""


def on_terminal(code: str) -> tuple[str, bytes]:
    """What ``code`` writes to a terminal on stderr, and to stdout."""
    ours, theirs = pty.openpty()
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)]),
        "TERM": "xterm",
    }
    script = "from test_render import Weighing, Renderer\n" + code
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=theirs, env=environment)
    out, _ = process.communicate(timeout=30)
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        shown = os.read(ours, 1 << 16).decode()
    except (BlockingIOError, OSError):
        shown = ""
    os.close(ours)
    return shown, out


def test_a_spinner_turns_after_a_second_and_clears_its_line() -> None:
    shown, out = on_terminal(SLOW.format(seconds=1.5, flags=""))
    assert "weighing the pig …" in shown
    assert shown.rstrip("\r\n").endswith("\x1b[2K")
    assert out == b"all is well\n\nWeight  3 kg\n"


@pytest.mark.parametrize(("seconds", "flags"), [(0.1, ""), (1.3, "quiet=True"), (1.3, "json=True")])
def test_no_spinner_for_what_is_quick_or_quiet(seconds: float, flags: str) -> None:
    shown, _ = on_terminal(SLOW.format(seconds=seconds, flags=flags))
    assert shown == ""
