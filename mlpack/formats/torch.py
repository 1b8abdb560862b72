"""torch's own files: a pickled module in a zip, or in the row of pickles of torch before 1.6."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlpack.core.errors import NoRouteError, OutputError
from mlpack.core.libraries import import_library
from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scan.archives import is_zip
from mlpack.scan.opened import opened
from mlpack.scan.pickles.failures import explained
from mlpack.scan.pickles.headers import header_of
from mlpack.scan.pickles.stream import begins_torch_legacy
from mlpack.scan.provenance import read_beside, write_beside
from mlpack.scan.torch_archive import kind_of_archive
from mlpack.scan.torch_pickle import STATE_DICT, read_torch_file
from mlpack.scan.trusted import is_vouched, open_vouched


class TorchFormat:
    """What ``torch.save(module, path)`` writes. A file of weights alone is told apart and cannot be loaded as a model."""

    name = "torch"
    title = "torch pickle"
    suffixes = (".pth",)
    frameworks = ("torch",)
    library = "torch"
    extra = "torch"

    def sniff(self, path: Path, head: bytes) -> bool:
        """A zip with torch's pickle and no code, or the older format's magic number."""
        return begins_torch_legacy(head) or (is_zip(head) and kind_of_archive(path) == "torch")

    def read_header(self, path: Path) -> Header:
        """The module's classes and parameters without torch. Raises CorruptFileError, UnsafeFileError."""
        return self._header(path, path)

    def load(self, path: Path, trust: Trust = NO_TRUST) -> Any:
        """The module, on the CPU.

        Raises UnsafeFileError, NoRouteError for weights alone, TrustError, CorruptFileError, MissingLibraryError.
        """
        with opened(path) as file:
            header = self._header(path, file.content)
            if header.model == STATE_DICT:
                is_vouched(path, [one for one in header.findings if one.severity == "error"], trust, file.content)
                raise NoRouteError(
                    f"{path} holds weights only",
                    why="a state dict names tensors, and the module that computes with them is not in it",
                    hint='load it into its module and save that: torch.jit.script(model).save("model.pt")',
                )
            torch = import_library("torch", self.extra, f"loading {path}")
            with explained(path, lambda: header.versions):
                if not is_vouched(path, header.findings, trust, file.content):
                    return torch.load(file.content, map_location="cpu", weights_only=True)
                with open_vouched(path, trust, file.content) as vouched:
                    return torch.load(vouched, map_location="cpu", weights_only=False)

    def _header(self, path: Path, content: Path) -> Header:
        with content.open("rb") as file:
            zipped = is_zip(file.read(4))
        told = read_torch_file(path, zipped=zipped, content=content)
        header = header_of(self.name, told.view, None, provenance=read_beside(path))
        if not told.weights:
            return header
        return replace(
            header,
            framework="torch",
            model=STATE_DICT,
            parameters=told.parameters,
            notes=("it holds weights only, no module", *told.notes),
        )

    def save(self, model: Any, path: Path) -> None:
        """Write under a fixed name inside, so that equal modules give equal bytes. Raises OutputError."""
        torch = import_library("torch", self.extra, f"saving {path}")
        try:
            with path.open("wb") as file:
                torch.save(model, file)
        except (OSError, RuntimeError, pickle.PicklingError, AttributeError, TypeError) as error:
            raise OutputError(
                f"{path} cannot be written",
                why=str(error)[:500],
                hint="a module that holds lambdas or local classes cannot be pickled",
            ) from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Beside the file: a pickle has no room."""
        write_beside(path, provenance)


FORMAT = TorchFormat()
