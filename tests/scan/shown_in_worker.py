"""Runs in a worker: shows a file under another name there."""

from __future__ import annotations

from pathlib import Path

from mlpack.scan.opened import opened


class Shown:
    """What a library would see."""

    def content(self, path: str) -> list[str]:
        """The content and the name that it is shown."""
        with opened(Path(path)) as file, file.named("model.h5") as shown:
            assert not shown.is_symlink()
            return [shown.read_text(), shown.name]
