"""In a shell: what Tab completes, what a closed pipe does, and that NO_COLOR is heard."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pages import command_environment

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return command_environment(tmp_path_factory)


@pytest.fixture(scope="module")
def script(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What bash is to source, as mlpack writes it."""
    path = tmp_path_factory.mktemp("completion") / "mlpack.sh"
    command = ["bash", "-c", "mlpack --show-completion"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    path.write_text(ended.stdout)
    return path


def completed(script: Path, environment: dict[str, str], *words: str) -> list[str]:
    """What bash has to choose from after ``words``, the last of which is being typed."""
    line = f"""
        source {shlex.quote(str(script))}
        COMP_WORDS=({" ".join(shlex.quote(word) for word in words)}); COMP_CWORD={len(words) - 1}
        _mlpack_completion mlpack
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ended = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=True)
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("mlpack", "con"), {"convert", "containerize"}),
        (("mlpack", "init", ""), {"kubernetes", "compose", "ci"}),
        (("mlpack", "init", "ci", "--provider", ""), {"github", "gitlab"}),
        (("mlpack", "pack", "a.pkl", "--format", "t"), {"torchscript"}),
        (("mlpack", "verify", "a", "b", "--rep"), {"--report"}),
    ],
)
def test_bash_completes_commands_options_and_choices(
    words: tuple[str, ...], offered: set[str], script: Path, environment: dict[str, str]
) -> None:
    assert set(completed(script, environment, *words)) == offered


def test_bash_completes_the_path_of_a_model_when_tab_is_pressed(
    script: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "churn of may.joblib").touch()
    terminal, inner = pty.openpty()
    quiet = {**environment, "PS1": "", "TERM": "dumb"}
    typed = f"source {shlex.quote(str(script))}\nmlpack inspect chu\t\nexit\n"
    with subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"], cwd=tmp_path, env=quiet, stdin=inner, stdout=inner, stderr=inner
    ) as shell:
        os.close(inner)
        os.write(terminal, typed.encode())
        seen = b""
        while b"churn\\ of\\ may.joblib" not in seen:
            seen += os.read(terminal, 4096)  # raises where bash has ended without
        shell.kill()
    os.close(terminal)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str, environment: dict[str, str]) -> None:
    chosen = {**environment, "_MLPACK_COMPLETE": f"source_{shell}"}
    ended = subprocess.run(["mlpack"], env=chosen, capture_output=True, text=True, check=True)
    assert "_MLPACK_COMPLETE=complete_" + shell in ended.stdout


def test_it_is_installed_where_bash_finds_it(environment: dict[str, str], tmp_path: Path) -> None:
    at_home = {**environment, "HOME": str(tmp_path)}
    command = ["bash", "-c", "mlpack --install-completion; type mlpack"]
    subprocess.run(command, env=at_home, capture_output=True, text=True, check=True)
    line = "source ~/.bashrc; complete -p mlpack"
    ended = subprocess.run(["bash", "-c", line], env=at_home, capture_output=True, text=True, check=True)
    assert ended.stdout == "complete -o default -F _mlpack_completion mlpack\n"


def test_a_shell_without_completion_is_told_what_to_type(environment: dict[str, str]) -> None:
    ended = subprocess.run(
        ["sh", "-c", "mlpack --show-completion; exit $?"], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.endswith("next: name the shell: _MLPACK_COMPLETE=source_bash mlpack\n")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("pack", "--help"), ("formats",), ("formats", "--json"), ("trust",)]
)
def test_a_pipe_that_nobody_reads_ends_it_without_a_word(arguments: tuple[str, ...]) -> None:
    """As `| head -1` does once it has its line: 141 is what a shell calls a process that SIGPIPE ended."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "mlpack", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("arguments", [("pack", "--help"), ("inspect", "none.pkl")])
def test_no_color_is_heard(arguments: tuple[str, ...]) -> None:
    def said(**variables: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        command = [sys.executable, "-m", "mlpack", *arguments]
        ended = subprocess.run(
            command, env={**inherited, "FORCE_COLOR": "1", **variables}, capture_output=True, text=True, check=False
        )
        return ended.stdout + ended.stderr

    assert COLOUR.search(said())
    assert not COLOUR.search(said(NO_COLOR="1"))
