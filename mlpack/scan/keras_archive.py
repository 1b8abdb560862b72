"""The ``.keras`` archive: configuration, metadata and weights in one zip."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from mlpack.core.errors import CorruptFileError
from mlpack.core.finding import Finding
from mlpack.runtime.signature import Signature
from mlpack.scan.archives import Archive
from mlpack.scan.hdf5 import read_hdf5
from mlpack.scan.keras_config import is_library_of_python, read_config
from mlpack.scan.ranges import RangeFile
from mlpack.scan.rules import keras

MEMBERS = frozenset({"config.json", "metadata.json"})
WEIGHTS = "model.weights.h5"
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_FIXED_DATE_SAVED = "1980-01-01@00:00:00"


@dataclass(frozen=True)
class KerasFile:
    """The parts of a Header that a Keras file tells, in whichever container. ``unsafe``: see KerasModel."""

    model: str
    versions: Mapping[str, str]
    operators: Mapping[str, int]
    parameters: int | None
    signature: Signature | None
    unsafe: tuple[str, ...]
    modules: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_keras_archive(path: Path) -> KerasFile:
    """Read the archive at ``path``. Raises CorruptFileError, UnsafeFileError."""
    return read_keras_payload(path, 0, path.stat().st_size)


def read_keras_payload(path: Path, offset: int, length: int) -> KerasFile:
    """Read the archive that lies in ``length`` bytes of the file at ``path``. Raises as `read_keras_archive`."""
    with RangeFile(path, offset, length) as file:
        archive = Archive(str(path), cast("BinaryIO", file))
        missing = MEMBERS - set(archive.names)
        if missing:
            raise CorruptFileError(
                f"{path} is no whole Keras archive",
                why=f"{', '.join(sorted(missing))} is missing in it",
                hint="save the model again: model.save(...)",
            )
        told = read_config(parse_json(archive.text("config.json"), str(path)), str(path))
        metadata = parse_json(archive.text("metadata.json"), str(path))
        parameters, notes = _count_weights(path, archive, offset)
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return KerasFile(
        model=told.model,
        versions={"keras": version} if isinstance(version, str) else {},
        operators=told.operators,
        parameters=parameters,
        signature=told.signature,
        unsafe=told.unsafe,
        modules=told.modules,
        notes=notes,
    )


def _count_weights(path: Path, archive: Archive, offset: int) -> tuple[int | None, tuple[str, ...]]:
    if WEIGHTS not in archive.members:
        return None, (f"the archive has no {WEIGHTS}: its weights lie in another layout",)
    if not archive.is_stored(WEIGHTS):
        return None, ("the weights are compressed and were not counted",)
    start, length = archive.range(WEIGHTS)
    with RangeFile(path, offset + start, length) as content:
        weights = read_hdf5(f"{path}:{WEIGHTS}", cast("BinaryIO", content), length)
    return weight_count(weights.shapes), ()


def weight_count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Numbers in all weights; the optimizer's and the states of random generators do not count."""
    return sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if not name.startswith(("/optimizer", "/optimizer_weights")) and "seed_generator" not in name
    )


def parse_json(document: bytes | str, name: str) -> Any:
    """The JSON in a Keras file. Raises CorruptFileError."""
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(
            f"{name} is damaged", why=f"its configuration is no JSON: {error}", hint="save the model again"
        ) from error


def findings_of(file: KerasFile) -> tuple[Finding, ...]:
    """What in the configuration would run code when it is loaded, naming the layer."""
    return (
        *(keras.RUNS.finding(reason) for reason in file.unsafe),
        *(keras.MODULE.finding(f"it refers to {name}") for name in file.modules if is_library_of_python(name)),
    )


def steady_keras_bytes(content: bytes) -> bytes:
    """A ``.keras`` archive without the date and addresses that Keras writes into it; other archives as they are."""
    source = io.BytesIO(content)
    with zipfile.ZipFile(source) as archive:
        if not MEMBERS.issubset(archive.namelist()):
            return content
        target = io.BytesIO()
        _rewrite(archive, target)
    return target.getvalue()


def steady_keras_file(source: Path, target: Path) -> None:
    """As `steady_keras_bytes`, from file to file."""
    with zipfile.ZipFile(source) as archive, target.open("wb") as file:
        _rewrite(archive, file)


def _rewrite(archive: zipfile.ZipFile, target: Any) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as rewritten:
        for name in sorted(archive.namelist()):
            info = zipfile.ZipInfo(name, _FIXED_DATE)
            info.external_attr = 0o600 << 16
            if name in MEMBERS:
                rewritten.writestr(info, steady_json(archive.read(name)))
                continue
            info.file_size = archive.getinfo(name).file_size
            with archive.open(name) as member, rewritten.open(info, "w", force_zip64=info.file_size >= 1 << 31) as out:
                while chunk := member.read(1 << 20):
                    out.write(chunk)


def steady_json(document: bytes | str) -> str:
    """A configuration in which shared objects are numbered in the order of their mention, not by their addresses."""
    numbers: dict[Any, int] = {}

    def renumber(part: dict[str, Any]) -> dict[str, Any]:
        if "shared_object_id" in part:
            part["shared_object_id"] = numbers.setdefault(part["shared_object_id"], len(numbers) + 1)
        if "date_saved" in part:
            part["date_saved"] = _FIXED_DATE_SAVED
        return part

    return json.dumps(json.loads(document, object_hook=renumber))
