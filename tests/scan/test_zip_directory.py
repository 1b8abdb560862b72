"""Archives as libraries write them agree with themselves; the hostile corpus has those that do not."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from mlpack.scan.zip_directory import check_directory


def check(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return check_directory(io.BytesIO(data), archive.infolist())


class Pipe(io.RawIOBase):
    """A file that cannot seek, as a socket is: sizes are written behind each member."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def by_zipfile(target, compression=zipfile.ZIP_STORED, *, wide=False):
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name in ("a", "folder/b", "größe"):
            with archive.open(name, "w", force_zip64=wide) as member:
                member.write(name.encode() * 1000)
        archive.writestr("empty", b"")
        archive.mkdir("nothing")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("wide", [False, True])
def test_zipfile(compression, wide):
    data = io.BytesIO()
    by_zipfile(data, compression, wide=wide)
    assert check(data.getvalue()) == []


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("wide", [False, True])
def test_zipfile_into_a_pipe(compression, wide):
    pipe = Pipe()
    by_zipfile(pipe, compression, wide=wide)
    assert check(bytes(pipe.data)) == []


def test_a_member_added_later():
    data = io.BytesIO()
    by_zipfile(data)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("later", b"x")
    assert check(data.getvalue()) == []


def test_numpy():
    data = io.BytesIO()
    np.savez_compressed(data, zeros=np.zeros(100_000), words=np.array(["a", "b"]))
    assert check(data.getvalue()) == []


def test_torch():
    import torch

    for save in (torch.save, lambda module, file: torch.jit.save(torch.jit.script(module), file)):
        data = io.BytesIO()
        save(torch.nn.Linear(3, 2), data)
        assert check(data.getvalue()) == []


def test_every_change_of_a_header_is_found():
    """One bit after another of everything but names, bytes of members, dates and versions."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a", b"x" * 10)
    good = data.getvalue()
    unchecked = {*range(4, 6), *range(10, 14), *range(30, 41)}
    unchecked |= {41 + one for one in (*range(4, 8), *range(12, 16), *range(36, 42))}
    missed = []
    for at in set(range(len(good))) - unchecked:
        for bit in range(8):
            bad = bytearray(good)
            bad[at] ^= 1 << bit
            try:
                found = check(bytes(bad))
            except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
                continue
            if not found:
                missed.append((at, bit))
    assert not missed
