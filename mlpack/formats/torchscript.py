"""TorchScript: a compiled torch module with its code, which runs without Python."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, OutputError
from mlpack.core.libraries import import_library
from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.runtime.torchscript_session import load_with_signature
from mlpack.scan.archives import is_zip
from mlpack.scan.opened import opened
from mlpack.scan.provenance import from_json, prefixed, to_json
from mlpack.scan.torch_archive import EXTRA, kind_of_archive, read_script_archive
from mlpack.scan.trusted import is_vouched

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
        return self._header(path, path)

    def load(self, path: Path, trust: Trust = NO_TRUST) -> Any:
        """The ScriptModule, on the CPU. Raises CorruptFileError, UnsafeFileError."""
        with opened(path) as file:
            is_vouched(path, self._header(path, file.content).findings, trust, file.content)
            torch = import_library("torch", self.extra, f"loading {path}")
            try:
                return load_with_signature(file.content).eval()
            except (RuntimeError, ValueError) as error:
                raise CorruptFileError(
                    f"torch cannot read {path}",
                    why=str(error)[:500],
                    hint=f"copy or download the file again; this is torch {torch.__version__}",
                ) from error

    def _header(self, path: Path, content: Path) -> Header:
        told = read_script_archive(path, content)
        return Header(
            format=self.name,
            framework="torchscript",
            model=told.model,
            versions={"TorchScript": told.version} if told.version else {},
            classes=told.classes,
            operators=told.operators,
            parameters=told.parameters,
            findings=told.findings,
            provenance=from_json(told.provenance) if told.provenance else {},
            notes=(*((told.forward,) if told.forward else ()), *told.notes),
        )

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
            with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive:
                member = f"{archive.namelist()[0].partition('/')[0]}/extra/{EXTRA}"
                before = _cut_out(archive, member)
                archive.writestr(zipfile.ZipInfo(member, _FIXED_DATE), to_json({**before, **prefixed(provenance)}))
        except OSError as error:
            raise OutputError(f"{path} cannot be written", why=str(error), hint="make room there") from error


def _cut_out(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """Take an earlier stamp out of an archive opened for appending, and return it.

    It is the last member: what is written next takes its place, and the weights before it stay where they are.
    """
    info = archive.NameToInfo.get(name)
    if info is None:
        return {}
    before = from_json(archive.read(info))
    archive.filelist.remove(info)
    del archive.NameToInfo[name]
    if all(other.header_offset < info.header_offset for other in archive.filelist):
        archive.start_dir = info.header_offset
    return before


FORMAT = TorchScriptFormat()
