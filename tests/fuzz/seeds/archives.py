"""What torch, Keras and NumPy write: zip archives and HDF5 files of small real models."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path


def write_torch(folder: Path) -> None:
    """Modules and weights, in a zip and in the older row of pickles; TorchScript with a branch and a frozen one."""
    import torch

    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.ReLU()).eval()
    for group in ("torch", "torchscript"):
        (folder / group).mkdir()
    for name, value in (
        ("module", module),
        ("weights", module.state_dict()),
        ("checkpoint", {"model": module.state_dict()}),
    ):
        torch.save(value, folder / "torch" / name)
        torch.save(value, folder / "torch" / f"{name}-older", _use_new_zipfile_serialization=False)
    scripted = torch.jit.script(module)
    scripted.save(folder / "torchscript" / "scripted")
    torch.jit.freeze(scripted).save(folder / "torchscript" / "frozen")


def write_keras(folder: Path) -> None:
    """A dense and a recurrent model in both formats, and their configurations."""
    import keras

    for group in ("keras", "keras-h5", "keras-config", "hdf5"):
        (folder / group).mkdir(exist_ok=True)
    dense = keras.Sequential(
        [keras.layers.Input((2,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)]
    )
    inputs = keras.layers.Input((4, 2), name="rows")
    recurrent = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.LSTM(2)(inputs)))
    for name, model in (("dense", dense), ("recurrent", recurrent)):
        path = folder / "keras" / f"{name}.keras"
        model.save(path)
        model.save(folder / "keras-h5" / f"{name}.h5")
        with zipfile.ZipFile(path) as archive:
            (folder / "keras-config" / name).write_bytes(archive.read("config.json"))
            (folder / "hdf5" / f"{name}-weights").write_bytes(archive.read("model.weights.h5"))


def write_arrays(folder: Path) -> None:
    """HDF5 of both generations with everything that a weight file may have, .npz, and a plain zip."""
    import h5py
    import numpy as np

    for group in ("archive", "array", "hdf5"):
        (folder / group).mkdir(exist_ok=True)
    np.savez(folder / "archive" / "arrays.npz", a=np.arange(4), b=np.array(["x"]))
    arrays = (
        np.arange(6.0).reshape(2, 3),
        np.zeros(2, [("x", "<f4", (2,)), ("y", ">i8")]),
        np.array([None, {}]),
        np.array("M8"),
    )
    for number, array in enumerate(arrays):
        np.save(folder / "array" / f"{number}.npy", array)
    with tarfile.open(folder / "archive" / "plain.tar", "w") as tar:
        tar.add(folder / "array" / "0.npy", "folder/array.npy")
    with zipfile.ZipFile(folder / "archive" / "plain.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.txt", "text " * 40)
        archive.writestr("folder/two.json", '{"a": [1, 2]}')
    for generation in ("earliest", "latest"):
        buffer = io.BytesIO()
        with h5py.File(buffer, "w", libver=generation) as file:
            file.attrs["keras_version"] = "3.0.0"
            file.attrs["names"] = np.array([b"a", b"bc"])
            group = file.create_group("layers/dense")
            group["kernel"] = np.zeros((3, 2), np.float32)
            group.create_dataset(
                "packed", data=np.zeros(4096, np.float64), chunks=(512,), compression="gzip", shuffle=True
            )
            group["words"] = np.bytes_(b"one")
            group.attrs["names"] = ["one", "two"]
            group["scalar"] = 1.5
            group["switch"] = True
        (folder / "hdf5" / generation).write_bytes(buffer.getvalue())


def write(folder: Path) -> None:
    """All of them."""
    write_arrays(folder)
    write_torch(folder)
    write_keras(folder)
