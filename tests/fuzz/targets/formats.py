"""Any bytes under any ending: what they are, and what a scan says of them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from random import Random

from fuzz.files import a_file
from fuzz.mutators.chance import changed_bytes
from fuzz.mutators.hdf5 import changed_hdf5
from fuzz.mutators.messages import changed_message
from fuzz.mutators.opcodes import changed_pickle
from fuzz.mutators.zips import changed_zip
from fuzz.target import Target
from fuzz.targets.archives import inside

from mlpack.audit.reading import look_into
from mlpack.formats import identify

ENDINGS = (
    "",
    ".pkl",
    ".joblib",
    ".h5",
    ".keras",
    ".onnx",
    ".pt",
    ".pth",
    ".npy",
    ".npz",
    ".bin",
    ".csv",
    ".txt",
    ".json",
)


def any_file(data: bytes) -> None:
    """Both ways to look at a file, which may not differ in whether it is one; the ending follows from the bytes."""
    path = a_file(data, f"model{ENDINGS[zlib.crc32(data) % len(ENDINGS)]}")
    try:
        reading = look_into(path)
        json.dumps([finding.to_json() for finding in reading.findings])
        bugs = [finding.message for finding in reading.findings if "mlpack has a bug" in finding.message]
        assert not bugs, bugs
        form, header = identify(path)
        assert form.name == reading.format
        json.dumps(header.to_json())
    finally:
        path.unlink()


def changed_file(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """By what it looks like, and at times as what it is not."""
    ways: dict[bytes, Callable[[bytes, Random, Sequence[bytes]], bytes]] = {
        b"PK": changed_zip(inside),
        b"\x89HDF": changed_hdf5,
        b"\x80": changed_pickle,
        b"\x08": changed_message,
    }
    if rng.random() < 0.1:
        return changed_bytes(data, rng, seeds)
    return next((change for start, change in ways.items() if data.startswith(start)), changed_bytes)(data, rng, seeds)


_SEEDS = ("pickle", "joblib", "compression", "archive", "torch", "torchscript", "hdf5", "keras-config", "onnx", "text")
TARGETS = (Target("identify", any_file, changed_file, _SEEDS, most_bytes=1 << 15),)
