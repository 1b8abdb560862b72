"""The program: version, help, and calls that cannot work."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import mlpack
from mlpack.cli.main import app, run

COMMANDS = [str(command.callback.__name__) for command in app.registered_commands if command.callback]

GROUPED = ["init kubernetes", "init compose", "init ci", "trust add", "trust list", "trust remove"]


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        run(arguments)
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_the_commands_are_those_of_the_design() -> None:
    assert COMMANDS == [
        "inspect",
        "scan",
        "convert",
        "verify",
        "pack",
        "serve",
        "batch",
        "scaffold",
        "containerize",
        "formats",
        "doctor",
        "advise",
    ]
    groups = [group.typer_instance.info.name for group in app.registered_groups if group.typer_instance]
    assert groups == ["init", "trust"]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"mlpack {mlpack.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help_lists_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 0
    out = capsys.readouterr().out
    assert all(command in out for command in COMMANDS)


def test_help_breaks_lines_where_the_terminal_does() -> None:
    for command in typer.main.get_command(app).commands.values():  # type: ignore[attr-defined]
        assert not [part for part in (command.help or "").split("\n\n") if "\n" in part.strip()], command.name


@pytest.mark.parametrize("arguments", [["trust"], ["trust", "--help"]])
def test_help_of_a_group_lists_its_commands(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 0
    out, err = capsys.readouterr()
    assert all(command in out for command in ("add", "list", "remove"))
    assert err == ""


@pytest.mark.parametrize("command", [*COMMANDS, *GROUPED])
def test_each_command_shows_an_example_and_the_shared_flags(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*command.split(), "--help") == 0
    out = capsys.readouterr().out
    assert f"Example: mlpack {command}" in out
    assert all(flag in out for flag in ("--json", "--quiet", "-q", "--verbose", "-v"))


@pytest.mark.parametrize(
    ("arguments", "says", "command"),
    [
        (["convert", "a.pkl"], "missing option '--output'", "mlpack convert --help"),
        (["convert"], "missing argument 'MODEL'", "mlpack convert --help"),
        (["inspect", "a.pkl", "--nonsense"], "no such option: --nonsense", "mlpack inspect --help"),
        (["explode"], "no such command 'explode'", "mlpack --help"),
        (["convert", "a.pkl", "-o", "b", "--trust", "yes"], "'yes' is not a SHA-256", "mlpack convert --help"),
        (["convert", "a.pkl", "-o", "b", "--allow", "a:*:built"], "'a:*:built' names no use", "mlpack convert --help"),
        (["verify", "a", "b", "--rtol", "-1"], "--rtol", "mlpack verify --help"),
        (["trust", "add", "a.pkl", "--nonsense"], "no such option: --nonsense", "mlpack trust add --help"),
        (["pack", "a", "-o", "b", "--format", "png"], "'png' is not one of", "mlpack pack --help"),
    ],
)
def test_a_call_that_cannot_work(
    arguments: list[str], says: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert says in err
    assert err.endswith(f"next: {command}\n")
    assert call(*arguments, "--json") == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["exit_code"], document["data"]) == (False, 2, None)
    assert says in document["errors"][0]["message"]


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("inspect", str(tmp_path / "none.pkl")) == 2
    assert "does not exist" in capsys.readouterr().err


def test_it_runs_as_a_module() -> None:
    ended = subprocess.run([sys.executable, "-m", "mlpack", "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout == f"mlpack {mlpack.__version__}\n"
