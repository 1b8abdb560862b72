"""Rendered files as the programs that take them read them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def parsed(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Each file's one document, by its path."""
    return {path: yaml.safe_load(content) for path, content in files.items()}


def below(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder``, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
