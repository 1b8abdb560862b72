"""Holds files against the schemas that `check-jsonschema` carries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def check_schema(schema: str, *paths: Path) -> None:
    """Raises AssertionError with what is wrong."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, paths)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
