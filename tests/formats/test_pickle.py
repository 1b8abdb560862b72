"""Protocols 0 to 5, and what is said of pickles that cannot be loaded."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, MissingLibraryError, OutputError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify

PICKLE = format_named("pickle")


# Python refuses to pickle Keras's BytesIO with protocols 0 and 1.
PICKLED = [
    (framework, protocol)
    for framework in ("sklearn", "lightgbm", "xgboost", "torch", "keras")
    for protocol in range(2 if framework == "keras" else 0, 6)
]


@pytest.mark.parametrize(("framework", "protocol"), PICKLED)
def test_every_protocol(protocol, framework, tmp_path, model_of, answers):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model_of(framework), protocol))
    form, header = identify(path)
    assert (form.name, header.framework) == ("pickle", framework)
    assert bool(header.findings) == (framework in {"torch", "keras"})
    loaded = PICKLE.load(path, Trust.of([sha256_of(path)]))
    np.testing.assert_array_equal(answers(framework, loaded), answers(framework, model_of(framework)))


@pytest.mark.parametrize("protocol", range(6))
def test_the_header_of_a_pipeline(protocol, tmp_path, model_of):
    import sklearn

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(model_of("sklearn"), protocol))
    header = identify(path)[1]
    assert header.model == "Pipeline(StandardScaler, RandomForestClassifier)"
    assert header.versions == {"scikit-learn": sklearn.__version__}
    assert str(header.signature.inputs[0]) == "input: float64[batch, 4]"
    assert header.signature.classes == {"label": ("setosa", "versicolor", "virginica")}
    assert "sklearn.pipeline.Pipeline" in header.classes


def test_torch_parameters_are_counted_from_the_opcodes(tmp_path, model_of):
    path = tmp_path / "model.pkl"
    PICKLE.save(model_of("torch"), path)
    header = identify(path)[1]
    assert header.model == "Sequential(Linear, BatchNorm1d, ReLU, Linear)"
    assert header.parameters == sum(parameter.numel() for parameter in model_of("torch").parameters())


def test_a_keras_pickle_shows_the_archive_inside(tmp_path, model_of):
    path = tmp_path / "model.pkl"
    PICKLE.save(model_of("keras"), path)
    header = identify(path)[1]
    assert header.operators == {"InputLayer": 1, "Dense": 2}
    assert header.parameters == model_of("keras").count_params()
    assert str(header.signature.inputs[0]) == "petals: float32[batch, 4]"


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "model.pkl"
        path.write_bytes(content)
        return path, Trust.of([sha256_of(path)])

    return write


def test_a_missing_library_is_named_with_the_version_to_install(written):
    state = b"}(\x8c\x10_sklearn_version\x8c\x051.2.1ub."
    path, trusted = written(b"\x80\x04csklearn_gone.tree\nTree\n)\x81" + state)
    with pytest.raises(MissingLibraryError) as missing:
        PICKLE.load(path, trusted)
    assert "sklearn_gone" in missing.value.message
    path, trusted = written(b"\x80\x04csklearn.gone\nTree\n)\x81" + state)
    with pytest.raises(MissingLibraryError) as moved:
        PICKLE.load(path, trusted)
    assert 'pip install "scikit-learn==1.2.*"' in moved.value.hint


def test_a_class_of_a_notebook_is_explained(written):
    path, trusted = written(b"\x80\x04c__main__\nMyModel\n)\x81.")
    with pytest.raises(MissingLibraryError) as missing:
        PICKLE.load(path, trusted)
    assert "MyModel" in missing.value.message
    assert "notebook" in missing.value.message
    assert "module" in missing.value.hint


def test_a_state_that_the_installed_version_refuses_is_corrupt(written):
    path, trusted = written(b"\x80\x04csklearn.tree._tree\nTree\n(K\x01K\x02K\x03tR.")
    with pytest.raises(CorruptFileError, match="cannot be unpickled"):
        PICKLE.load(path, trusted)


def test_what_cannot_be_pickled(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        PICKLE.save(lambda: None, tmp_path / "model.pkl")


def test_a_pickle_that_runs_code_runs_none_while_it_is_read(written, tmp_path):
    canary = tmp_path / "canary"
    path, _ = written(b"cos\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR.")
    header = identify(path)[1]
    assert header.classes == ("os.system",)
    assert header.framework is None
    assert not canary.exists()
    assert sys.modules["os"]
