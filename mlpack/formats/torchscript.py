"""TorchScript: a compiled torch module with its code, which runs without Python."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, OutputError
from mlpack.core.libraries import import_library
from mlpack.core.model_file import Header
from mlpack.runtime.torchscript_session import load_with_signature
from mlpack.scan.archives import is_zip
from mlpack.scan.provenance import from_json, to_json
from mlpack.scan.torch_archive import EXTRA, kind_of_archive, read_script_archive

_FIXED_DATE = (1980, 1, 1, 0, 0, 0)


class TorchScriptFormat:
    """What ``torch.jit.save`` writes."""

    name = "torchscript"
    title = "TorchScript"
    suffixes = (".pt", ".ts", ".torchscript")
    frameworks = ("torchscript",)
    library = "torch"
    extra = "torch"

    def sniff(self, path: Path, head: bytes) -> bool:
        """A zip with code and constants."""
        return is_zip(head) and kind_of_archive(path) == "torchscript"

    def read_header(self, path: Path) -> Header:
        """Class, operators in the code, parameters and ``forward`` without torch. Raises CorruptFileError, UnsafeFileError."""
        told = read_script_archive(path)
        return Header(
            format=self.name,
            framework="torchscript",
            model=told.model,
            versions={"TorchScript": told.version} if told.version else {},
            classes=told.classes,
            operators=told.operators,
            parameters=told.parameters,
            provenance=from_json(told.provenance) if told.provenance else {},
            notes=(*((told.forward,) if told.forward else ()), *told.notes),
        )

    def load(self, path: Path, trusted: Sequence[str] = ()) -> Any:  # noqa: ARG002 - TorchScript runs no Python on load
        """The ScriptModule, on the CPU. Raises CorruptFileError, UnsafeFileError."""
        self.read_header(path)
        torch = import_library("torch", self.extra, f"loading {path}")
        try:
            return load_with_signature(path).eval()
        except (RuntimeError, ValueError) as error:
            raise CorruptFileError(
                f"torch cannot read {path}",
                why=str(error)[:500],
                hint=f"copy or download the file again; this is torch {torch.__version__}",
            ) from error

    def save(self, model: Any, path: Path) -> None:
        """Write under a fixed name inside, so that equal modules give equal bytes. Raises OutputError."""
        torch = import_library("torch", self.extra, f"saving {path}")
        try:
            with path.open("wb") as file:
                torch.jit.save(model, file)
        except (OSError, RuntimeError) as error:
            raise OutputError(f"{path} cannot be written", why=str(error)[:500], hint="make room there") from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Into the archive's extra files: ``torch.jit.load(path, _extra_files={"mlpack.json": ""})`` reads it."""
        try:
            with zipfile.ZipFile(path) as archive:
                root = archive.namelist()[0].partition("/")[0]
                stamped = f"{root}/extra/{EXTRA}" in archive.namelist()
            if stamped:
                _copy_without(path, f"{root}/extra/{EXTRA}")
            with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
                archive.writestr(zipfile.ZipInfo(f"{root}/extra/{EXTRA}", _FIXED_DATE), to_json(provenance))
        except OSError as error:
            raise OutputError(f"{path} cannot be written", why=str(error), hint="make room there") from error


def _copy_without(path: Path, name: str) -> None:
    """Rewrite an archive without one member."""
    shorter = path.with_name(f"{path.name}.cut")
    try:
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(shorter, "x") as rewritten:
            for info in archive.infolist():
                if info.filename == name:
                    continue
                kept = zipfile.ZipInfo(info.filename, _FIXED_DATE)
                kept.compress_type, kept.file_size = info.compress_type, info.file_size
                with (
                    archive.open(info) as member,
                    rewritten.open(kept, "w", force_zip64=info.file_size >= 1 << 31) as out,
                ):
                    while chunk := member.read(1 << 20):
                        out.write(chunk)
        os.replace(shorter, path)  # noqa: PTH105 - Path.replace is the same call
    finally:
        shorter.unlink(missing_ok=True)


FORMAT = TorchScriptFormat()
