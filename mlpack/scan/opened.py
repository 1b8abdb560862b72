"""A model file that is opened once: what is judged is what a library then loads, whoever writes to the folder meanwhile."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from mlpack.runtime.unchanged import Identity, identity_of
from mlpack.scan.rules import files


@dataclass(frozen=True)
class Opened:
    """An open file. ``path`` is what the user calls it, ``content`` a path that leads to this very file by its descriptor."""

    path: Path
    file: BinaryIO
    content: Path
    identity: Identity

    def check_unchanged(self) -> None:
        """Raises UnsafeFileError where the file was written to, or lost a name, since it was opened."""
        if identity_of(os.fstat(self.file.fileno())) != self.identity:
            raise files.CHANGED.error(str(self.path), "it was replaced or written to while it was being loaded")

    @contextmanager
    def named(self, name: str) -> Iterator[Path]:
        """The file under another name, for a library that goes by the ending. In a sandbox without links it is a copy."""
        with tempfile.TemporaryDirectory() as folder:
            shown = Path(folder) / name
            try:
                shown.symlink_to(self.content)
            except PermissionError:
                shutil.copyfile(self.content, shown)
            self.check_unchanged()
            yield shown


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The file at ``path``, open. It is checked once more when it was used without an error."""
    with path.open("rb", buffering=0) as raw:
        # Without /proc a swap of the file is noticed by its times only, after the load.
        by_descriptor = Path(f"/proc/self/fd/{raw.fileno()}")
        content = by_descriptor if sys.platform == "linux" and by_descriptor.exists() else path.resolve()
        file = cast("BinaryIO", raw)
        found = Opened(path, file, content, identity_of(os.fstat(raw.fileno())))
        yield found
        found.check_unchanged()
