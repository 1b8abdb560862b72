"""The ``.keras`` archive: configuration, metadata and weights in one zip."""

from __future__ import annotations

import io
import json
import math
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from mlpack.core.errors import CorruptFileError
from mlpack.core.finding import Finding
from mlpack.runtime.signature import Signature
from mlpack.scan.archives import Archive
from mlpack.scan.hdf5 import read_hdf5
from mlpack.scan.keras_config import read_config
from mlpack.scan.keras_judge import judge_config
from mlpack.scan.keras_sizes import sizes_beyond
from mlpack.scan.ranges import RangeFile
from mlpack.scan.rules import keras

MEMBERS = frozenset({"config.json", "metadata.json"})
WEIGHTS = "model.weights.h5"
_ASSET = re.compile(r"assets/(?:[^/\\\x00-\x1f]+/)*[^/\\\x00-\x1f]*")
_CHUNK = 1 << 20
_FREE = 64 << 20
_MAX_RATIO = 200
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)
_FIXED_DATE_SAVED = "1980-01-01@00:00:00"


@dataclass(frozen=True)
class KerasFile:
    """The parts of a Header that a Keras file tells, in whichever container, and what a scan finds in it."""

    model: str
    versions: Mapping[str, str]
    operators: Mapping[str, int]
    parameters: int | None
    signature: Signature | None
    findings: tuple[Finding, ...]
    own: tuple[tuple[str, str], ...]
    """Module and registered name of the classes that are not Keras's own."""
    config: str = ""
    """The configuration that was judged."""
    notes: tuple[str, ...] = ()


def read_keras_archive(path: Path, content: Path | None = None) -> KerasFile:
    """Read the archive at ``path``, which lies open at ``content`` if that is given.

    Raises CorruptFileError, UnsafeFileError.
    """
    return read_keras_payload(path, 0, (content or path).stat().st_size, content)


def read_keras_payload(path: Path, offset: int, length: int, content: Path | None = None) -> KerasFile:
    """Read the archive that lies in ``length`` bytes of the file at ``path``. Raises as `read_keras_archive`."""
    with RangeFile(content or path, offset, length) as file:
        archive = Archive(str(path), cast("BinaryIO", file))
        _check_members(path, archive)
        config = archive.text("config.json")
        document = parse_json(config, str(path))
        told = read_config(document, str(path))
        metadata = parse_json(archive.text("metadata.json"), str(path))
        shapes = _read_weights(str(path), archive, content or path, offset)
        judged = judge_config(document, config, member="config.json")
        assets = () if judged.own else tuple(_asset_findings(archive))
    version = metadata.get("keras_version") if isinstance(metadata, dict) else None
    return KerasFile(
        model=told.model,
        versions={"keras": version} if isinstance(version, str) else {},
        operators=told.operators,
        parameters=weight_count(shapes),
        signature=told.signature,
        findings=(*judged.findings, *assets, *sizes_beyond(document, all_numbers(shapes), "config.json")),
        own=judged.own,
        config=config.decode("utf-8", "replace"),
    )


def _check_members(path: Path, archive: Archive) -> None:
    missing = {*MEMBERS, WEIGHTS} - set(archive.names)
    if missing:
        raise CorruptFileError(
            f"{path} is no whole Keras archive",
            why=f"{', '.join(sorted(missing))} is missing in it",
            hint="save the model again: model.save(...)",
        )
    for name in archive.names:
        if name not in {*MEMBERS, WEIGHTS} and (not _ASSET.fullmatch(name) or ".." in name.split("/")):
            raise keras.MEMBER.error(
                str(path), f"Keras writes no {name[:80]!r} into its archives", member=name, offset=_place(archive, name)
            )


def _place(archive: Archive, name: str) -> int | None:
    """Where a member's own header stands in the archive."""
    return archive.members[name].header_offset


def _read_weights(name: str, archive: Archive, content: Path, offset: int) -> Mapping[str, tuple[int, ...]]:
    """The shape of every array in the weights, of an archive that begins at ``offset`` in the file at ``content``."""
    if archive.is_stored(WEIGHTS):
        start, length = archive.range(WEIGHTS)
        with RangeFile(content, offset + start, length) as stored:
            return read_hdf5(name, cast("BinaryIO", stored), length, member=WEIGHTS).shapes
    info = archive.members[WEIGHTS]
    if info.file_size > max(_FREE, _MAX_RATIO * info.compress_size):
        raise keras.SIZE.error(
            name,
            f"{info.compress_size:,} bytes unfold to {info.file_size:,}",
            member=WEIGHTS,
            offset=info.header_offset,
        )
    with tempfile.TemporaryFile() as unpacked, archive.source(WEIGHTS) as source:
        left = info.file_size
        while left:
            left -= unpacked.write(source.read(min(left, _CHUNK)))
        return read_hdf5(name, cast("BinaryIO", unpacked), info.file_size, member=WEIGHTS).shapes


def _asset_findings(archive: Archive) -> Iterator[Finding]:
    """Vocabularies are text: one word a line."""
    for name in archive.names:
        if name.startswith("assets/") and not name.endswith("/"):
            text = archive.text(name)
            try:
                at = text.decode("utf-8").find("\0")
            except UnicodeDecodeError as error:
                at = error.start
            if at >= 0:
                yield keras.ASSET.finding(f"{name[:200]} is no plain text", member=name, offset=at)


def weight_count(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Numbers in all weights; the optimizer's and the states of random generators do not count."""
    return sum(
        math.prod(shape)
        for name, shape in shapes.items()
        if not name.startswith(("/optimizer", "/optimizer_weights")) and "seed_generator" not in name
    )


def all_numbers(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Numbers in all arrays, those of the optimizer too."""
    return sum(math.prod(shape) for shape in shapes.values())


def parse_json(document: bytes | str, name: str) -> Any:
    """The JSON in a Keras file. Raises CorruptFileError."""
    try:
        return json.loads(document)
    except (ValueError, RecursionError) as error:
        raise CorruptFileError(
            f"{name} is damaged", why=f"its configuration is no JSON: {error}", hint="save the model again"
        ) from error


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
