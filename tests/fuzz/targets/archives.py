"""Archives of every kind: their directory, every member, what torch and NumPy lay in them, and what is inside of others."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from random import Random

import numpy as np
from fuzz.files import a_file
from fuzz.mutators.chance import byte_changes, changed_bytes
from fuzz.mutators.documents import changed_json
from fuzz.mutators.opcodes import changed_pickle
from fuzz.mutators.streams import changed_stream
from fuzz.mutators.zips import changed_zip
from fuzz.target import Target

from mlpack.formats.torch import FORMAT as TORCH
from mlpack.formats.torchscript import FORMAT as TORCHSCRIPT
from mlpack.scan.archives import is_zip, member_names, open_archive
from mlpack.scan.members import findings_inside
from mlpack.scan.numpy_files import judge_npy
from mlpack.scan.source import Source

_MOST_READ = 1 << 16


def inside(name: str, content: bytes, rng: Random) -> bytes:
    """A member changed as what its name says that it is."""
    if name.endswith(".pkl"):
        return changed_pickle(content, rng, ())
    if name.endswith(".json"):
        return changed_json(content, rng)
    return byte_changes(content, rng)


def archive(data: bytes) -> None:
    """Names, texts, ranges and sources of every member."""
    path = a_file(data)
    member_names(path)
    with open_archive(path) as opened:
        for name in opened.names:
            opened.text(name)
            with opened.source(name) as source:
                source.skip(min(len(source.peek()), _MOST_READ))
            if opened.is_stored(name):
                start, length = opened.range(name)
                assert 0 <= start <= start + length <= len(data)


def torch(data: bytes) -> None:
    """What torch.save wrote, in a zip or before there were zips."""
    json.dumps(TORCH.read_header(a_file(data)).to_json())


def torchscript(data: bytes) -> None:
    """What torch.jit.save wrote."""
    json.dumps(TORCHSCRIPT.read_header(a_file(data)).to_json())


def changed_torch(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """A zip, or the older row of pickles."""
    if is_zip(data):
        return changed_zip(inside)(data, rng, seeds)
    return changed_pickle(data, rng, [seed for seed in seeds if not is_zip(seed)])


def members(data: bytes) -> None:
    """What could run in an archive, a compressed file or an array that is no model."""
    for finding in findings_inside(a_file(data)):
        json.dumps(finding.to_json())


def array(data: bytes) -> None:
    """A header of ``.npy``; what is judged whole is what NumPy reads, or refuses with the exceptions that it documents."""
    found = judge_npy(Source(io.BytesIO(data), "array.npy", end=len(data)))
    if found:
        return
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError):
        return
    assert not loaded.dtype.hasobject


def changed_members(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """A zip, or a stream of bytes of another kind."""
    return (changed_zip(inside) if is_zip(data) else changed_stream(changed_bytes, 0.1))(data, rng, seeds)


_ARCHIVES = ("archive", "torch", "torchscript", "keras", "hostile-other")
TARGETS = (
    Target("archive", archive, changed_zip(inside), _ARCHIVES, most_bytes=1 << 15),
    Target("members", members, changed_members, (*_ARCHIVES, "array", "compression"), most_bytes=1 << 15),
    Target("npy", array, changed_bytes, ("array",), most_bytes=1 << 12),
    Target("torch", torch, changed_torch, ("torch", "hostile-torch"), most_bytes=1 << 15),
    Target("torchscript", torchscript, changed_zip(inside), ("torchscript",), most_bytes=1 << 15),
)
