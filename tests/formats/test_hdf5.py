"""Whole models, weights alone, strangers, and HDF5 files that reach out of themselves."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, MissingLibraryError, NoRouteError, TrustError, UnsafeFileError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify

HDF5 = format_named("hdf5")


@pytest.fixture
def saved(tmp_path, model_of):
    path = tmp_path / "model.h5"
    HDF5.save(model_of("keras"), path)
    return path


def test_the_header(saved, model_of):
    import keras

    header = identify(saved)[1]
    assert header.model == "Sequential"
    assert header.versions == {"keras": keras.__version__}
    assert header.operators == {"InputLayer": 1, "Dense": 2}
    assert header.parameters == model_of("keras").count_params()
    assert [str(spec) for spec in header.signature.inputs] == ["petals: float32[batch, 4]"]
    assert [str(spec).partition(": ")[2] for spec in header.signature.outputs] == ["float32[batch, 3]"]
    assert header.notes == (f"saved with the {keras.backend.backend()} backend",)


def test_weights_alone_are_told(tmp_path, model_of):
    path = tmp_path / "model.weights.h5"
    model_of("keras").save_weights(path)
    with pytest.raises(CorruptFileError, match="weights only") as refusal:
        identify(path)
    assert "architecture" in refusal.value.why


def test_hdf5_of_others_is_told(tmp_path):
    path = tmp_path / "table.h5"
    with h5py.File(path, "w") as file:
        file["x"] = np.arange(3)
    with pytest.raises(CorruptFileError, match="without a Keras model"):
        identify(path)


@pytest.mark.parametrize(
    "reach",
    [
        lambda file: file.__setitem__("out", h5py.ExternalLink("other.h5", "/x")),
        lambda file: file.__setitem__("soft", h5py.SoftLink("/model_weights")),
        lambda file: file.create_dataset("far", (3,), "f4", external=[("/etc/passwd", 0, 12)]),
        lambda file: file.create_virtual_dataset("virtual", virtual()),
        lambda file: file.create_dataset("opaque", data=np.zeros(2, "V8")),
        lambda file: file.create_dataset("references", (1,), h5py.ref_dtype),
    ],
)
def test_what_reaches_out_is_refused(reach, saved):
    with h5py.File(saved, "r+") as file:
        reach(file)
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(saved)
    with pytest.raises(UnsafeFileError, match="refused"):
        HDF5.load(saved)


def virtual():
    layout = h5py.VirtualLayout((3,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    return layout


def test_a_lambda_is_refused_by_name(tmp_path):
    import keras

    double = keras.layers.Lambda(lambda x: x * 2, name="double")
    model = keras.Sequential([keras.layers.Input((3,)), double])
    for name in ("hdf5", "keras"):
        form = format_named(name)
        path = tmp_path / f"model{form.suffixes[0]}"
        form.save(model, path)
        found = identify(path)[1].findings
        assert [one.rule for one in found] == ["keras/runs-code"]
        assert "double" in found[0].message
        with pytest.raises(UnsafeFileError) as refusal:
            form.load(path)
        assert "double" in refusal.value.why
        assert refusal.value.exit_code == 4


def test_operations_do_not_fit(tmp_path):
    import keras

    start = keras.layers.Input((3,))
    model = keras.Model(start, keras.layers.Dense(1)(start[:, :2]))
    with pytest.raises(NoRouteError, match="GetItem"):
        HDF5.save(model, tmp_path / "model.h5")
    keras.saving.save_model(model, tmp_path / "model.h5")
    with pytest.raises(MissingLibraryError, match="GetItem"):
        HDF5.load(tmp_path / "model.h5")
    format_named("keras").save(model, tmp_path / "model.keras")
    assert format_named("keras").load(tmp_path / "model.keras") is not None


def test_a_class_of_ones_own_is_named(saved):
    with h5py.File(saved, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace('"Dense"', '"MyDense"')
    with pytest.raises(TrustError) as untrusted:
        HDF5.load(saved)
    assert "MyDense" in untrusted.value.why
    with pytest.raises(MissingLibraryError, match="MyDense"):
        HDF5.load(saved, Trust.of([sha256_of(saved)]))


def test_damaged_configuration(saved):
    with h5py.File(saved, "r+") as file:
        file.attrs["model_config"] = file.attrs["model_config"][:-9]
    with pytest.raises(CorruptFileError, match="damaged"):
        identify(saved)
