"""The .keras archive."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.formats import format_named, identify

KERAS = format_named("keras")


@pytest.fixture
def saved(tmp_path, model_of):
    path = tmp_path / "model.keras"
    KERAS.save(model_of("keras"), path)
    return path


def rewritten(path, **members):
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()} | members
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)


def test_the_header(saved, model_of):
    import keras

    header = identify(saved)[1]
    assert header.versions == {"keras": keras.__version__}
    assert header.parameters == model_of("keras").count_params()
    assert [str(spec) for spec in header.signature.inputs] == ["petals: float32[batch, 4]"]
    assert [str(spec).partition(": ")[2] for spec in header.signature.outputs] == ["float32[batch, 3]"]


def test_several_inputs_and_named_axes(tmp_path):
    import keras

    layers = keras.layers
    words, numbers = layers.Input((None, 8), name="words"), layers.Input((3,), name="numbers", dtype="int32")
    joined = layers.Concatenate()([layers.LSTM(5)(words), layers.Rescaling(1.0)(numbers)])
    KERAS.save(keras.Model([words, numbers], layers.Dense(2, name="scores")(joined)), tmp_path / "model.keras")
    header = identify(tmp_path / "model.keras")[1]
    assert {str(spec) for spec in header.signature.inputs} == {
        "words: float32[batch, dim_1, 8]",
        "numbers: int32[batch, 3]",
    }
    assert [str(spec) for spec in header.signature.outputs] == ["scores: float32[batch, 2]"]
    assert header.operators["LSTM"] == 1


def test_dropout_and_optimizer_do_not_count(tmp_path):
    import keras

    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(3)])
    model.compile("adam", "mse")
    model.fit(np.zeros((2, 4)), np.zeros((2, 3)), verbose=0)
    KERAS.save(model, tmp_path / "model.keras")
    assert identify(tmp_path / "model.keras")[1].parameters == 15


def test_the_date_of_saving_is_not_in_it(saved):
    with zipfile.ZipFile(saved) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(archive.read("metadata.json"))["date_saved"].startswith("1980")


@pytest.mark.parametrize("member", ["config.json", "metadata.json"])
def test_a_member_is_missing_or_broken(member, saved):
    rewritten(saved, **{member: b"{"})
    with pytest.raises(CorruptFileError, match="damaged"):
        identify(saved)
    rewritten(saved, **{member: None})
    with pytest.raises(CorruptFileError, match="no whole Keras archive"):
        identify(saved)


def test_functions_of_python_in_the_configuration_are_refused(saved):
    evil = {"module": "os", "class_name": "system", "config": {"command": "true"}, "registered_name": None}
    with zipfile.ZipFile(saved) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1]["config"]["activation"] = evil
    rewritten(saved, **{"config.json": json.dumps(config)})
    with pytest.raises(UnsafeFileError) as refusal:
        KERAS.load(saved)
    assert "os" in refusal.value.why


def test_a_vocabulary_that_is_a_file_name_is_refused(saved):
    lookup = {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"name": "words", "vocabulary": "/etc/passwd"},
    }
    with zipfile.ZipFile(saved) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"].append(lookup)
    rewritten(saved, **{"config.json": json.dumps(config)})
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        KERAS.load(saved)
    assert "words" in refusal.value.why
