"""The first axis: how a model lies in bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust


class Format(Protocol):
    """One file format. A file in ``formats/`` declares one as ``FORMAT``.

    ``frameworks`` names the frameworks whose objects the format can hold: what `save` takes and `load` gives.
    ``library`` is the module that load and save import, ``extra`` what to install when it is missing.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    frameworks: tuple[str, ...]
    library: str
    extra: str

    def sniff(self, path: Path, head: bytes) -> bool:
        """Whether the content (its first 4,096 bytes are ``head``) is of this format. Never looks at the ending."""
        ...

    def read_header(self, path: Path) -> Header:
        """What the file says of itself and what a scan finds in it, with no library that could run it.

        Raises CorruptFileError and UnsafeFileError, with what was found until then.
        """
        ...

    def load(self, path: Path, trust: Trust = NO_TRUST) -> Any:
        """The object in the file. Called in a worker only.

        What a scan holds against the file is judged first, over the very bytes that are then loaded: errors refuse it,
        warnings need ``trust``.

        Raises CorruptFileError, MissingLibraryError, UnsafeFileError, TrustError.
        """
        ...

    def save(self, model: Any, path: Path) -> None:
        """Write ``model``. Equal models give equal bytes.

        Raises OutputError, NoRouteError where this very object does not fit the format.
        """
        ...

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Put ``provenance`` into the file at ``path`` where the format has room, else into ``<path>.json`` beside it.

        A second stamp adds to the first and replaces the keys that it names again.
        """
        ...
