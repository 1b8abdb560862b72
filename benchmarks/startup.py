"""``mlpack --help`` against the help of a program with one command and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Finding, race

ONE_COMMAND = """
import typer

app = typer.Typer()


@app.command()
def hello(name: str, loud: bool = False) -> None:
    '''Say hello.'''
    print(name.upper() if loud else name)


app()
"""


def measure(folder: Path) -> list[Finding]:
    """Median wall times of 15 rounds."""
    (folder / "hello.py").write_text(ONE_COMMAND)
    mlpack = [sys.executable, "-m", "mlpack", "--help"]
    ours, theirs = race(mlpack, [sys.executable, "hello.py", "--help"], folder, rounds=15)
    detail = f"{ours.seconds * 1000:.0f} ms against {theirs.seconds * 1000:.0f} ms"
    return [Finding("`mlpack --help` / a one-command Typer program's", ours.seconds / theirs.seconds, 2.5, "×", detail)]
