"""Headers of files of 2 GB: sparse ones, so that no disk is used. Under 150 MB resident, nearly as fast as of small ones."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyPickler

LARGE = 2_000_000_000
SMALL = 2_000_000

# VmHWM and not ru_maxrss: that one starts at what the parent process used.
_MEASURE = """
import json, re, sys, time
from pathlib import Path
from mlpack.formats import all_formats, identify
all_formats()
identify(Path(sys.argv[1]))
began = time.perf_counter()
form, header = identify(Path(sys.argv[1]))
print(json.dumps([form.name, header.parameters, time.perf_counter() - began,
                  int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024]))
"""


def measured(path: Path):
    run = subprocess.run([sys.executable, "-c", _MEASURE, path], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


class SparsePickler(NumpyPickler):
    """Leaves holes where the arrays' bytes belong."""

    def save(self, obj):
        if type(obj) is not np.ndarray or obj.nbytes < 1000:
            return super().save(obj)
        super().save(NumpyArrayWrapper(np.ndarray, obj.shape, "C", obj.dtype, allow_mmap=True))
        self.framer.commit_frame(force=True)
        self.file_handle.write(b"\0")
        self.file_handle.seek(obj.nbytes, 1)
        return None


def neighbours(size):
    from sklearn.neighbors import KNeighborsRegressor

    model = KNeighborsRegressor().fit(np.zeros((9, 10)), np.zeros(9))
    model._fit_X = np.lib.stride_tricks.as_strided(np.zeros(1), (size // 80, 10), (0, 0))
    return model


def write_joblib(path, size):
    with path.open("wb") as file:
        SparsePickler(file, protocol=4).dump(neighbours(size))


def write_pickle(path, size):
    head = (
        b"\x80\x05c" + b"sklearn.neighbors\nKNeighborsRegressor\n" + b")\x81}\x8c\x01a\x8e" + size.to_bytes(8, "little")
    )
    with path.open("wb") as file:
        file.write(head)
        file.seek(size, 1)
        file.write(b"sb.")


def varint(value):
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def write_onnx(path, size):
    from onnx import TensorProto, helper

    tensor = TensorProto(name="w", data_type=1, dims=[size // 4]).SerializeToString() + b"\x4a" + varint(size)
    info = helper.make_tensor_value_info
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [info("x", 1, ["n", size // 4])], [info("y", 1, ["n", size // 4])])
    body = graph.SerializeToString() + b"\x2a" + varint(len(tensor) + size) + tensor
    head = b"\x08\x0a\x42\x04\x0a\x00\x10\x15\x3a" + varint(len(body) + size) + body
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def add_hole(archive, hole, size):
    """A member of ``size`` bytes that takes no room on the disk."""
    hole.CRC, hole.file_size, hole.compress_size = 0, size, size
    hole.header_offset = archive.fp.tell()
    archive.fp.write(hole.FileHeader(zip64=False))
    archive.fp.seek(size, 1)
    archive.start_dir = archive.fp.tell()
    archive.filelist.append(hole)
    archive.NameToInfo[hole.filename] = hole
    archive._didModify = True


def write_torchscript(path, size):
    """A real archive whose largest storage is replaced by a hole."""
    import torch

    module = torch.jit.script(torch.nn.Linear(1, 1, bias=False))
    small = path.with_suffix(".small")
    module.save(str(small))
    archive = zipfile.ZipFile(small)
    root = archive.namelist()[0].partition("/")[0]
    with zipfile.ZipFile(path, "w") as rewritten:
        for info in archive.infolist():
            content = archive.read(info)
            if info.filename == f"{root}/data.pkl":
                content = content.replace(b"K\x01K\x01\x86", b"J" + (size // 4).to_bytes(4, "little") + b"K\x01\x86")
                content = content.replace(b"K\x01K\x01t", b"J" + (size // 4).to_bytes(4, "little") + b"K\x01t")
            if info.filename == f"{root}/data/0":
                add_hole(rewritten, zipfile.ZipInfo(info.filename), size)
            else:
                rewritten.writestr(info, content)


def write_hdf5(path, size):
    """A model whose weights were given room and never written."""
    import h5py

    layer = {"class_name": "Dense", "config": {"name": "dense", "units": 1}}
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}})
        creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        creation.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        creation.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        space = h5py.h5s.create_simple((size // 4,))
        h5py.h5d.create(file.create_group("model_weights").id, b"kernel", h5py.h5t.IEEE_F32LE, space, creation)


WRITERS = {
    "joblib": write_joblib,
    "pickle": write_pickle,
    "onnx": write_onnx,
    "torchscript": write_torchscript,
    "hdf5": write_hdf5,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_header_costs_nearly_the_same_at_any_size(name, tmp_path):
    small, large = tmp_path / "small.bin", tmp_path / "large.bin"
    WRITERS[name](small, SMALL)
    WRITERS[name](large, LARGE)
    assert large.stat().st_size > LARGE
    assert large.stat().st_blocks * 512 < 100_000_000
    found, _, quick, _ = measured(small)
    assert found == name
    found, _, seconds, megabytes = measured(large)
    assert found == name
    assert megabytes < 150
    assert seconds < max(3 * quick, 0.05)
