"""Files that are no models, folders, and endings."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, UnrecognisedFileError, UsageError
from mlpack.formats import identify


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def npy():
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    return buffer.getvalue()


def npz():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(3))
    return buffer.getvalue()


STRANGERS = {
    "csv": (b"a,b,c\n1,2,3\n4,5,6\n", "a CSV table", "--data"),
    "csv with quotes": (b'a,b\n"1,5",2\n"2,5",3\n', "a CSV table", "--data"),
    "tabs": (b"a\tb\n1\t2\n", "a table with tabs", "CSV"),
    "json": (json.dumps({"a": 1}).encode(), "a JSON document", ""),
    "json lines": (b'{"a": 1}\n{"a": 2}\n', "JSON lines", "--data"),
    "npy": (npy(), "a NumPy array", "--data"),
    "npz": (npz(), "a NumPy archive", "--data"),
    "parquet": (b"PAR1" + bytes(100), "a Parquet table", "--data"),
    "zip": (zipped(readme="hello"), "a zip archive (readme)", "unzip"),
    "skops": (zipped(**{"schema.json": "{}"}), "a skops file", "skops.io.load"),
    "text": (b"dear model,\nwhere are you?\n", "a text file", ""),
    "python": (b"import torch\n\nprint(1)\n", "Python source", "run it"),
    "html": (b"<!DOCTYPE html><html></html>", "an HTML or XML page", "download"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "a Git LFS pointer", "git lfs pull"),
    "gzipped csv": (gzip.compress(b"a,b\n1,2\n"), "gzip-compressed data", "decompress"),
    "bzipped csv": (bz2.compress(b"a,b\n1,2\n"), "bz2-compressed data", "decompress"),
    "safetensors": ((64).to_bytes(8, "little") + b'{"w":{"dtype":"F32"}}', "a safetensors file", "torch.jit.script"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(20), "a TensorFlow Lite model", "model.save"),
    "pt2": (zipped(**{"m/archive_format": "pt2"}), "a torch.export archive", "torch.onnx.export"),
    "old joblib": (b"ZF0x1000       ", "a joblib file of before joblib 0.10", "newer"),
    "noise": (bytes(range(128, 256)), "of no format that mlpack knows", "joblib"),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_file_that_is_no_model_is_called_what_it_is(kind, tmp_path):
    content, what, hint = STRANGERS[kind]
    path = tmp_path / "given"
    path.write_bytes(content)
    with pytest.raises(UnrecognisedFileError) as refusal:
        identify(path)
    assert what in refusal.value.message
    assert hint in refusal.value.hint


def test_models_of_other_tools_are_named(tmp_path, model_of):
    booster = model_of("xgboost").get_booster()
    booster.save_model(tmp_path / "model.json")
    booster.save_model(tmp_path / "model.ubj")
    model_of("lightgbm").booster_.save_model(tmp_path / "model.txt")
    kinds = {"model.json": "XGBoost model in JSON", "model.ubj": "XGBoost model", "model.txt": "LightGBM model in text"}
    for name, what in kinds.items():
        with pytest.raises(UnrecognisedFileError, match=what) as refusal:
            identify(tmp_path / name)
        assert "joblib.dump" in refusal.value.hint


def test_folders_are_no_files_and_a_saved_model_is_named(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        identify(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(UnrecognisedFileError, match="TensorFlow SavedModel"):
        identify(tmp_path)


def test_empty_missing_and_unreadable(tmp_path):
    empty = tmp_path / "model.joblib"
    empty.touch()
    with pytest.raises(CorruptFileError, match="is empty"):
        identify(empty)
    with pytest.raises(UsageError, match="does not exist"):
        identify(tmp_path / "nothing.onnx")


@pytest.mark.parametrize("ending", [".joblib", ".onnx", ".h5", ".keras", ".pt", ".pkl"])
def test_noise_under_a_models_name_is_damaged(ending, tmp_path):
    path = tmp_path / f"model{ending}"
    path.write_bytes(bytes(range(128, 256)))
    with pytest.raises(CorruptFileError) as refusal:
        identify(path)
    assert not isinstance(refusal.value, UnrecognisedFileError)
    assert "copy or download" in refusal.value.hint


@pytest.mark.parametrize("ending", [".joblib", ".pickle", ".JOBLIB"])
def test_a_plain_pickle_may_be_named_joblib(ending, tmp_path, model_of):
    path = tmp_path / f"model{ending}"
    path.write_bytes(pickle.dumps(model_of("sklearn")))
    assert identify(path)[0].name == "pickle"


def test_a_joblib_file_may_be_named_pkl(tmp_path, model_of):
    import joblib

    joblib.dump(model_of("sklearn"), tmp_path / "model.pkl")
    assert identify(tmp_path / "model.pkl")[0].name == "joblib"
