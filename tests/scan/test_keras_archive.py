"""Keras models that people train are clean in both containers and answer as before; what else lies in an archive is judged."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from keras import layers

from mlpack.core.errors import CorruptFileError, MissingLibraryError, TrustError, UnsafeFileError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify

KERAS = format_named("keras")


def images():
    start = layers.Input((12, 12, 3))
    x = layers.Rescaling(1 / 255)(start)
    x = layers.RandomFlip("horizontal")(x)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", kernel_regularizer="l2")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Add()([x, layers.SeparableConv2D(4, 3, padding="same")(x)])
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(layers.Dropout(0.2)(x)))
    model = keras.Model(start, layers.Dense(3, "softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(np.zeros((2, 12, 12, 3)), np.zeros(2), verbose=0)
    return model, [np.random.default_rng(0).random((2, 12, 12, 3), np.float32)]


def sequences():
    model = keras.Sequential(
        [
            layers.Input((6,), dtype="int32"),
            layers.Embedding(20, 4, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(3),
            layers.Dense(1, keras.activations.sigmoid, dtype=keras.DTypePolicy("float32")),
        ]
    )
    return model, [np.arange(12, dtype=np.int32).reshape(2, 6)]


def attention():
    start = layers.Input((5, 8))
    x = layers.LayerNormalization()(start + layers.MultiHeadAttention(2, 4)(start, start))
    x = keras.ops.mean(x[:, 1:], axis=1)
    return keras.Model(start, layers.Dense(2)(keras.ops.concatenate([x, keras.ops.relu(x)]))), [
        np.ones((2, 5, 8), np.float32)
    ]


def table():
    """Several inputs, with preprocessing layers that hold vocabularies and means."""
    numbers, colours = layers.Input((2,), name="numbers"), layers.Input((1,), name="colours", dtype="string")
    normal = layers.Normalization()
    normal.adapt(np.random.default_rng(0).random((9, 2)))
    lookup = layers.StringLookup(vocabulary=["red", "gréén", "blue ball"], output_mode="one_hot")
    codes = layers.IntegerLookup(vocabulary=[3, 7], output_mode="one_hot")(
        layers.Input((1,), name="code", dtype="int64")
    )
    crossed = layers.HashedCrossing(5, output_mode="one_hot")((colours, colours))
    joined = layers.Concatenate()([normal(numbers), lookup(colours), layers.Flatten()(crossed)])
    model = keras.Model([numbers, colours], layers.Dense(2)(joined))
    assert codes is not None
    return model, [np.ones((2, 2), np.float32), np.array([["red"], ["gréén"]])]


def texts():
    vectors = layers.TextVectorization(max_tokens=9, output_sequence_length=4)
    vectors.adapt(["a red ball", "the blue ball"])
    model = keras.Sequential([layers.Input((1,), dtype="string"), vectors, layers.Embedding(9, 2), layers.Flatten()])
    return model, [np.array([["red ball"], ["green"]])]


def nested():
    inner = keras.Sequential([layers.Input((4,)), layers.Dense(3, "relu")], name="inner")
    start = layers.Input((4,))
    return keras.Model(start, layers.Dense(1)(inner(start))), [np.ones((2, 4), np.float32)]


MODELS = [images, sequences, attention, table, texts, nested]
LOST_IN_HDF5 = {attention, texts}
"""Keras itself does not find operations and learnt vocabularies again in HDF5."""


def answers(model, feeds):
    given = [keras.ops.convert_to_tensor(feed) for feed in feeds]
    return keras.ops.convert_to_numpy(model(given if len(given) > 1 else given[0], training=False))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("make", MODELS)
def test_models_that_people_train_are_clean_and_answer_as_before(make, ending, tmp_path):
    model, feeds = make()
    path = tmp_path / f"model{ending}"
    model.save(path)
    form, header = identify(path)
    assert header.findings == ()
    if ending == ".h5" and make in LOST_IN_HDF5:
        return
    np.testing.assert_allclose(answers(form.load(path), feeds), answers(model, feeds), rtol=1e-6)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([layers.Input((4,)), layers.Dense(3)]).save(path)
    return path


def rewritten(path, compression=zipfile.ZIP_STORED, **members):
    """The archive with members replaced; two underscores stand for a slash."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {name.replace("__", "/"): data for name, data in members.items()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            archive.writestr(name, data)


def test_a_compressed_archive_is_walked_as_well(saved):
    rewritten(saved, zipfile.ZIP_DEFLATED)
    header = identify(saved)[1]
    assert (header.findings, header.parameters) == ((), 15)
    assert KERAS.load(saved) is not None


@pytest.mark.parametrize("name", ["code.py", "assets/../up", "assets//up", "assets/a\\b", "model.weights.npz"])
def test_members_that_keras_does_not_write_are_refused(name, saved):
    rewritten(saved, **{name: b"x"})
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(saved)
    with pytest.raises(UnsafeFileError, match="refused"):
        KERAS.load(saved)


def test_assets_are_plain_text(saved):
    rewritten(saved, assets__layers__words__vocabulary_txt="één\ntwo\n".encode())
    assert identify(saved)[1].findings == ()
    rewritten(saved, assets__layers__words__vocabulary_txt=b"one\n\xff\xfe")
    (found,) = identify(saved)[1].findings
    assert (found.rule, found.offset) == ("keras/asset", 4)


def test_an_archive_without_weights_is_not_whole(saved):
    with zipfile.ZipFile(saved) as archive:
        config = archive.read("config.json")
    with zipfile.ZipFile(saved, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", "{}")
    with pytest.raises(CorruptFileError, match="no whole Keras archive"):
        identify(saved)


def test_a_bomb_of_weights_is_refused_before_it_unfolds(saved):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["x"] = np.zeros(30_000_000, np.float32)
    rewritten(saved, zipfile.ZIP_DEFLATED, **{"model.weights.h5": content.getvalue()})
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(saved)


OWN = """
import sys, numpy as np, keras
sys.path.insert(0, sys.argv[1])
import own_layers
inner = [keras.layers.Input((2,)), own_layers.Doubled(), own_layers.Tripled(), keras.layers.Dense(1, own_layers.squared)]
keras.Sequential(inner).save(sys.argv[2])
"""


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_classes_of_ones_own_are_imported_with_trust_and_never_without(name, tmp_path, monkeypatch):
    path, here = tmp_path / name, str(Path(__file__).parent)
    subprocess.run([sys.executable, "-c", OWN, here, path], check=True, capture_output=True)
    form, header = identify(path)
    assert {(one.rule, one.severity) for one in header.findings} == {("keras/own-class", "warning")}
    told = "\n".join(one.message for one in header.findings)
    assert "Doubled" in told
    assert "squared" in told
    monkeypatch.syspath_prepend(here)
    monkeypatch.delitem(sys.modules, "own_layers", raising=False)
    keras.saving.get_custom_objects().clear()
    with pytest.raises(TrustError, match="needs your trust"):
        form.load(path)
    assert "own_layers" not in sys.modules
    trust = Trust.of([sha256_of(path)])
    if name == "model.keras":
        assert form.load(path, trust).count_params() == 3
        assert "own_layers" in sys.modules
    else:
        with pytest.raises(MissingLibraryError, match="mine>Doubled"):  # HDF5 does not say where it was defined
            form.load(path, trust)


def test_a_module_that_is_not_there_is_named(saved):
    with zipfile.ZipFile(saved) as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["layers"][1] |= {"module": "nowhere.layers", "class_name": "Own", "registered_name": "nowhere>Own"}
    rewritten(saved, **{"config.json": json.dumps(config).encode()})
    with pytest.raises(MissingLibraryError, match="module nowhere"):
        KERAS.load(saved, Trust.of([sha256_of(saved)]))


def test_errors_are_not_lifted_by_trust(saved):
    with zipfile.ZipFile(saved) as archive:
        config = json.loads(archive.read("config.json"))
    evil = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
    config["config"]["layers"][1]["config"]["activation"] = evil
    rewritten(saved, **{"config.json": json.dumps(config).encode()})
    with pytest.raises(UnsafeFileError) as refusal:
        KERAS.load(saved, Trust.of([sha256_of(saved)]))
    assert "os.system" in refusal.value.why


def test_two_configurations_in_one_hdf5_file_are_refused(tmp_path):
    """libhdf5 takes the first of two attributes of one name."""
    path = tmp_path / "model.h5"
    keras.Sequential([layers.Input((4,)), layers.Dense(3)]).save(path)
    with h5py.File(path, "r+") as file:
        file.attrs["model_confix"] = file.attrs["model_config"].replace("Dense", "Danse")
    path.write_bytes(path.read_bytes().replace(b"model_confix", b"model_config"))
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        identify(path)
    assert "two attributes called model_config" in refusal.value.why


def test_a_model_in_a_pickle_is_judged_as_well(tmp_path):
    """Keras unpickles without its safe mode: trust in the pickle must not open what lies in it."""
    double = keras.layers.Lambda(lambda x: x * 2, name="double")
    for path, inner in ((tmp_path / "honest.pkl", layers.Dense(2)), (tmp_path / "hostile.pkl", double)):
        model = keras.Sequential([layers.Input((2,)), inner])
        format_named("pickle").save(model, path)
    assert {one.severity for one in identify(tmp_path / "honest.pkl")[1].findings} == {"warning"}
    path = tmp_path / "hostile.pkl"
    assert "keras/runs-code" in {one.rule for one in identify(path)[1].findings}
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        format_named("pickle").load(path, Trust.of([sha256_of(path)]))
    assert "double" in refusal.value.why


def test_weights_alone_are_walked_before_they_are_told(tmp_path):
    path = tmp_path / "model.weights.h5"
    keras.Sequential([layers.Input((4,)), layers.Dense(3)]).save_weights(path)
    with pytest.raises(CorruptFileError, match="weights only"):
        identify(path)
    with h5py.File(path, "r+") as file:
        file["out"] = h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(path)
