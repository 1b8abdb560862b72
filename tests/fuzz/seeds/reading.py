"""The seeds that were made for a target."""

from __future__ import annotations

from pathlib import Path

from fuzz.target import Target


def folders_of(folder: Path, target: Target) -> list[Path]:
    """The folders of the groups that ``target`` begins with, as far as they were made."""
    return [folder / group for group in target.seeds if (folder / group).is_dir()]


def read_seeds(folder: Path, target: Target) -> list[bytes]:
    """Every seed that is not longer than an input may be."""
    files = [file for group in folders_of(folder, target) for file in sorted(group.iterdir())]
    return [content for content in (file.read_bytes() for file in files) if len(content) <= target.most_bytes]
