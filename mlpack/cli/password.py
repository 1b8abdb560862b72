"""Asks for the password of a private key, where there is somebody to ask."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from mlpack.core.keys import PASSWORD_VARIABLE, needs_password


def ask_password(key: Path | None) -> str | None:
    """The password of the key in the file ``key``, typed and not shown.

    None without a key, where the environment has the password, where the key needs none, and where stdin is no terminal.
    Never an option: what stands on a command line can be read by every process of the machine.
    """
    if key is None or os.environ.get(PASSWORD_VARIABLE) or not sys.stdin.isatty() or not needs_password(key):
        return None
    return str(typer.prompt(f"Password of {key}", hide_input=True, err=True))
