"""Tensors and their storages: what torch writes is whole, what claims more is found, in every layout of the file."""

from __future__ import annotations

import io
import pickle
import zipfile

import pytest
import torch
from scan.endless import endless
from torch import nn

from mlpack.core.errors import CorruptFileError, MlpackError, NoRouteError, TrustError, UnsafeFileError
from mlpack.formats import format_named, identify

TORCH = format_named("torch")

WEIGHTS = {
    "plain": lambda: nn.Linear(4, 3).state_dict(),
    "views": lambda: {
        "a": torch.arange(12.0).reshape(3, 4).t(),
        "b": torch.arange(12.0)[2:9:3],
        "c": torch.zeros(0, 5),
    },
    "shared": lambda: tied(torch.ones(4)),
    "expanded": lambda: {"a": torch.ones(1).expand(1000)},
    "types": lambda: {
        str(kind): torch.zeros(3).to(kind) for kind in (torch.float16, torch.bfloat16, torch.int8, torch.bool)
    },
    "more types": lambda: {
        str(kind): torch.zeros(3).to(kind) for kind in (torch.complex64, torch.int64, torch.float64)
    },
    "new types": lambda: {str(kind): torch.zeros(3).to(kind) for kind in (torch.uint16, torch.float8_e4m3fn)},
    "quantised": lambda: {"q": torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.qint8), "w": torch.ones(2)},
    "sparse": lambda: {"s": torch.eye(3).to_sparse(), "w": torch.ones(2)},
    "scalars": lambda: {"steps": torch.tensor(3), "w": torch.ones(2)},
    "optimizer": lambda: stepped().state_dict(),
}


def tied(one):
    return {"a": one, "b": one, "c": one[1:]}


def stepped():
    module = nn.Linear(4, 3)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    return optimizer


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_that_torch_writes_are_clean(name, zipped, tmp_path):
    if name == "new types" and not zipped:
        return  # torch's older layout has no name for them
    torch.save(WEIGHTS[name](), tmp_path / "model.pth", _use_new_zipfile_serialization=zipped)
    assert identify(tmp_path / "model.pth")[1].findings == ()


def test_a_nested_tensor_takes_trust(tmp_path):
    nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    torch.save({"n": nested, "w": torch.ones(2)}, tmp_path / "model.pth")
    assert {one.severity for one in identify(tmp_path / "model.pth")[1].findings} == {"warning"}


def changed(path, old, new, member="data.pkl"):
    """The archive at ``path`` with bytes of a member replaced."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    (name,) = [one for one in content if one.endswith(f"/{member}")]
    assert old in content[name]
    content[name] = content[name].replace(old, new, 1)
    with zipfile.ZipFile(path, "w") as archive:
        for one, data in content.items():
            archive.writestr(one, data)


LARGE = b"J\x00\x00\x10\x00"
LIES = {
    "count": (b"cpuq\x06K\x04", b"cpuq\x06" + LARGE, "the storage 0 claims 1,048,576 values"),
    "size": (b"K\x00K\x04\x85", b"K\x00" + LARGE + b"\x85", "up to number 1,048,576 of a storage of 4"),
    "offset": (b"K\x00K\x04\x85", LARGE + b"K\x04\x85", "up to number 1,048,580 of a storage of 4"),
    "stride": (b"K\x01\x85", LARGE + b"\x85", "of a storage of 4"),
    "negative offset": (b"K\x00K\x04\x85", b"J\xff\xff\xff\xffK\x04\x85", "no storage, offset, size or stride"),
    "negative stride": (b"K\x01\x85", b"J\xff\xff\xff\xff\x85", "no storage, offset, size or stride"),
    "too few sizes": (b"K\x00K\x04\x85", b"K\x00)", "0 sizes and 1 strides"),
    "key": (b"X\x01\x00\x00\x000q\x05", b"X\x01\x00\x00\x001q\x05", "no such member"),
    "key with a path": (b"X\x01\x00\x00\x000q\x05", b"X\x05\x00\x00\x00../..q\x05", "no storage as torch writes it"),
    "kind": (b"storageq\x03", b"Storageq\x03", "no storage as torch writes it"),
}


@pytest.mark.parametrize("lie", LIES)
def test_tensors_that_claim_more_than_is_there_are_refused(lie, tmp_path):
    old, new, said = LIES[lie]
    path = tmp_path / "model.pth"
    torch.save({"w": torch.arange(4.0)}, path)
    assert identify(path)[1].findings == ()
    changed(path, old, new)
    found = [one for one in identify(path)[1].findings if one.rule == "torch/storage"]
    assert said in found[0].message
    assert found[0].member.endswith("/data.pkl")
    with pytest.raises(UnsafeFileError):
        TORCH.load(path)
    with pytest.raises(Exception, match=r"."):  # torch's own reader, with the scan off
        torch.load(path, weights_only=True)


def test_the_older_layout_is_held_to_the_same(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"w": torch.arange(4.0)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert content.count(b"K\x04Nt") == 1
    path.write_bytes(content.replace(b"K\x04Nt", b"M\xff\xffNt"))
    assert "the storage" in identify(path)[1].findings[0].message
    path.write_bytes(content + b"more")
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        identify(path)
    assert "goes on" in refusal.value.why
    path.write_bytes(content[:-5])
    with pytest.raises(CorruptFileError):
        identify(path)


def test_every_pickle_of_the_older_layout_is_judged(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"w": torch.arange(4.0)}, path, _use_new_zipfile_serialization=False)
    gadget = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
    pickles = path.read_bytes().split(b".\x80\x02")
    for place in (1, 2, len(pickles) - 1):  # the version, the word sizes, and the keys of the storages
        parts = [*pickles[:place], gadget[2:-1], *pickles[place + 1 :]]
        path.write_bytes(b".\x80\x02".join(parts))
        with pytest.raises(MlpackError) as refusal:
            TORCH.load(path)
        told = f"{refusal.value.why} {[one.message for one in refusal.value.findings]}"
        assert "posix.system" in told, told


def test_members_that_torch_does_not_write(tmp_path):
    path = tmp_path / "model.pth"
    torch.save({"w": torch.arange(4.0)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("model/more.pkl", b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.")
    found = identify(path)[1].findings
    assert {"torch/member", "pickle/name"} <= {one.rule for one in found}
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/data.pkl", b"\x80\x02N.")
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(path)


def test_what_is_wrong_comes_before_what_it_is(tmp_path):
    """Weights alone are no model, and hostile ones are refused for being hostile."""
    path = tmp_path / "model.pth"
    torch.save(nn.Linear(4, 3).state_dict(), path)
    with pytest.raises(NoRouteError):
        TORCH.load(path)
    torch.save({"w": torch.arange(4.0)}, path)
    changed(path, *LIES["size"][:2])
    with pytest.raises(UnsafeFileError):
        TORCH.load(path)
    torch.save({"weights": nn.Linear(4, 3).state_dict(), "module": nn.ReLU()}, path)
    with pytest.raises(NoRouteError):
        TORCH.load(path)
    torch.save(nn.Linear(4, 3), path)
    with pytest.raises(TrustError):
        TORCH.load(path)


def test_a_storage_that_unfolds_without_end_is_not_written_out(tmp_path):
    identifier = endless(levels=10)  # more of them are refused before

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return identifier if value == "outside" else None

    buffer = io.BytesIO()
    Pickler(buffer, 2).dump({"w": "outside"})
    with zipfile.ZipFile(tmp_path / "model.pth", "w") as archive:
        archive.writestr("archive/data.pkl", buffer.getvalue())
        archive.writestr("archive/version", "3\n")
    assert "(…, …), which is no storage" in identify(tmp_path / "model.pth")[1].findings[0].message
