"""What an MLmodel says, and what is refused of it, without MLflow."""

import json
import os

import pytest
from scan.mlmodel.folders import FUNCTION, SKLEARN, folder_with

from mlpack.core.errors import CorruptFileError, NoRouteError, UnsafeFileError
from mlpack.scan.mlmodel import is_mlflow_folder, mlflow_folder
from mlpack.scan.mlmodel.folder import findings_in

PICKLE = {"model.pkl": b"."}


def test_a_folder_without_an_mlmodel_is_none(tmp_path):
    assert not is_mlflow_folder(tmp_path)
    assert mlflow_folder(tmp_path) is None
    (tmp_path / "MLmodel").mkdir()
    assert mlflow_folder(tmp_path) is None


def test_all_that_it_says(tmp_path):
    columns = [
        {"type": "double", "name": "age", "required": True},
        {"type": "string", "name": "city", "required": False},
    ]
    place = folder_with(
        tmp_path / "model",
        {"python_function": FUNCTION, "sklearn": SKLEARN},
        {**PICKLE, "input_example.json": b"{}", "requirements.txt": b"# pinned\nscikit-learn==1.5.2\n\nnumpy==2.0\n"},
        signature={"inputs": json.dumps(columns), "outputs": json.dumps([{"type": "long"}])},
        saved_input_example_info={"artifact_path": "input_example.json", "type": "dataframe"},
    )
    found = mlflow_folder(place)
    assert found.model == place / "model.pkl"
    assert found.to_json() == {
        "folder": str(place),
        "model": "model.pkl",
        "flavor": "sklearn",
        "versions": {"MLflow": "3.18.0", "sklearn": "1.5.2", "Python": "3.11.9"},
        "inputs": ["age: double", "city: string, optional"],
        "outputs": ["long"],
        "requirements": ["scikit-learn==1.5.2", "numpy==2.0"],
        "example": "input_example.json",
    }


def test_tensors(tmp_path):
    tensors = [
        {"type": "tensor", "name": "image", "tensor-spec": {"dtype": "float32", "shape": [-1, 28, 28]}},
        {"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}},
    ]
    place = folder_with(
        tmp_path, {"onnx": {"data": "model.onnx"}}, {"model.onnx": b"x"}, signature={"inputs": json.dumps(tensors)}
    )
    found = mlflow_folder(place)
    assert found.inputs == ("image: float32[-1, 28, 28]", "int64[-1]")
    assert found.dtypes == {"image": "float32", "": "int64"}


PLACES = {
    "onnx": ({"onnx": {"data": "model.onnx", "onnx_version": "1.20"}}, "model.onnx"),
    "pytorch": ({"pytorch": {"model_data": "data", "pytorch_version": "2.7"}}, "data/model.pth"),
    "keras": ({"keras": {"data": "data", "keras_version": "3.8"}}, "data/model.keras"),
    "tensorflow": ({"tensorflow": {"data": "data", "save_format": "h5"}}, "data/model.h5"),
    "lightgbm": ({"lightgbm": {"data": "model.pkl", "lgb_version": "4.5"}}, "model.pkl"),
}


@pytest.mark.parametrize("flavor", PLACES)
def test_where_each_flavor_keeps_its_model(tmp_path, flavor):
    flavors, file = PLACES[flavor]
    place = folder_with(tmp_path, flavors, {file: b"x"})
    found = mlflow_folder(place)
    assert (found.flavor, found.model) == (flavor, place / file)


NO_ROUTE = {
    "skops": ({"sklearn": SKLEARN | {"serialization_format": "skops"}}, "model.pkl", "cloudpickle"),
    "skops by its ending": ({"sklearn": SKLEARN | {"pickled_model": "model.skops"}}, "model.skops", "cloudpickle"),
    "xgboost's own": ({"xgboost": {"data": "model.ubj"}}, "model.ubj", "joblib.dump(mlflow.xgboost.load_model"),
    "lightgbm's own": ({"lightgbm": {"data": "model.lgb"}}, "model.lgb", "joblib.dump(mlflow.lightgbm.load_model"),
    "a SavedModel": ({"tensorflow": {"data": "data"}}, "data/model/saved_model.pb", ".keras"),
    "an exported program": ({"pytorch": {"model_data": "data"}}, "data/model.pt2", "TorchScript"),
    "another flavor": ({"spacy": {"data": "model.spacy"}, "python_function": FUNCTION}, "model.spacy", "mlflow.onnx"),
    "a function": (
        {"python_function": {"loader_module": "mlflow.pyfunc.model", "python_model": "python_model.pkl"}},
        "python_model.pkl",
        "the flavor of its library",
    ),
}


@pytest.mark.parametrize("name", NO_ROUTE)
def test_what_mlpack_does_not_read_is_no_route(tmp_path, name):
    flavors, file, hint = NO_ROUTE[name]
    place = folder_with(tmp_path, flavors, {file: b"x"})
    with pytest.raises(NoRouteError) as caught:
        mlflow_folder(place)
    assert hint in caught.value.hint
    assert findings_in(place / "MLmodel") == ()


OUTSIDE = [
    "../model.pkl",
    "/etc/passwd",
    "a/../../model.pkl",
    "~/model.pkl",
    "..",
    "C:\\model.pkl",
    "s3://x/y",
    "a\nb",
    "x\x00y",
]


@pytest.mark.parametrize("named", OUTSIDE)
@pytest.mark.parametrize("key", ["sklearn", "onnx", "pytorch", "xgboost", "example"])
def test_a_path_that_leads_out_is_unsafe(tmp_path, key, named):
    (tmp_path / "model.pkl").write_bytes(b".")
    flavors = {
        "sklearn": {"sklearn": SKLEARN | {"pickled_model": named}},
        "onnx": {"onnx": {"data": named}},
        "pytorch": {"pytorch": {"model_data": named}},
        "xgboost": {"xgboost": {"data": named}},
        "example": {"sklearn": SKLEARN},
    }[key]
    more = {"saved_input_example_info": {"artifact_path": named}} if key == "example" else {}
    place = folder_with(tmp_path / "model", flavors, PICKLE, **more)
    with pytest.raises(UnsafeFileError) as caught:
        mlflow_folder(place)
    assert caught.value.findings[0].rule == "mlflow/path"
    assert findings_in(place / "MLmodel") == caught.value.findings


def test_a_link_is_unsafe_wherever_it_leads(tmp_path):
    (tmp_path / "secret").write_bytes(b".")
    place = folder_with(tmp_path / "model", {"sklearn": SKLEARN}, {"other.pkl": b"."})
    for target in (tmp_path / "secret", "other.pkl", "nowhere"):
        (place / "model.pkl").unlink(missing_ok=True)
        (place / "model.pkl").symlink_to(target)
        with pytest.raises(UnsafeFileError, match="refused") as caught:
            mlflow_folder(place)
        assert "by the link model.pkl" in caught.value.why


def test_a_link_on_the_way_is_unsafe(tmp_path):
    folder_with(tmp_path / "elsewhere", {}, {"model.pth": b"x"})
    place = folder_with(tmp_path / "model", {"pytorch": {"model_data": "data"}})
    (place / "data").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeFileError):
        mlflow_folder(place)
    (place / "data").unlink()
    (place / "data").mkdir()
    (place / "data" / "model.pth").symlink_to(tmp_path / "elsewhere" / "model.pth")
    with pytest.raises(UnsafeFileError):
        mlflow_folder(place)


def test_an_mlmodel_that_is_a_link_is_unsafe(tmp_path):
    other = folder_with(tmp_path / "other", {"sklearn": SKLEARN}, PICKLE)
    place = tmp_path / "model"
    place.mkdir()
    (place / "MLmodel").symlink_to(other / "MLmodel")
    with pytest.raises(UnsafeFileError):
        mlflow_folder(place)


def test_a_pipe_is_unsafe(tmp_path):
    place = folder_with(tmp_path, {"sklearn": SKLEARN})
    os.mkfifo(place / "model.pkl")
    with pytest.raises(UnsafeFileError, match="refused"):
        mlflow_folder(place)


CODE = {
    "code beside a model": {"sklearn": SKLEARN | {"code": "code"}},
    "code of the function": {"sklearn": SKLEARN, "python_function": FUNCTION | {"code": "code"}},
    "a loader of its own": {"python_function": {"loader_module": "evil", "data": "model.pkl"}, "sklearn": SKLEARN},
    "a loader that is no name": {"python_function": {"loader_module": ["os"]}, "sklearn": SKLEARN},
    "a loader that looks alike": {"python_function": {"loader_module": "mlflowx.sklearn"}, "sklearn": SKLEARN},
}


@pytest.mark.parametrize("name", CODE)
def test_code_that_mlflow_would_import_is_unsafe(tmp_path, name):
    place = folder_with(tmp_path, CODE[name], {**PICKLE, "code/evil.py": b"raise SystemExit"})
    with pytest.raises(UnsafeFileError) as caught:
        mlflow_folder(place)
    assert caught.value.findings[0].rule == "mlflow/code"


BROKEN = {
    "no flavors": {},
    "flavors that are none": "sklearn",
    "a flavor without a path": {"sklearn": {}},
    "a path that is a number": {"sklearn": {"pickled_model": 1}},
    "a file that is not there": {"sklearn": {"pickled_model": "other.pkl"}},
    "a model that is a folder": {"onnx": {"data": "folder"}},
    "a name that is too long": {"sklearn": {"pickled_model": "x" * 5000}},
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_damaged(tmp_path, name):
    place = folder_with(tmp_path, BROKEN[name], {**PICKLE, "folder/x": b""})
    with pytest.raises(CorruptFileError):
        mlflow_folder(place)


@pytest.mark.parametrize("signature", ["{", "{}", "[" * 100_000, 12])
def test_a_signature_that_is_none(tmp_path, signature):
    place = folder_with(tmp_path, {"sklearn": SKLEARN}, PICKLE, signature={"inputs": signature})
    with pytest.raises(CorruptFileError, match="signature"):
        mlflow_folder(place)


def test_what_is_shown_cannot_write_to_a_terminal(tmp_path):
    columns = json.dumps([{"type": "double", "name": "\x1b[2J" + "x" * 9000}])
    place = folder_with(
        tmp_path, {"sklearn": SKLEARN | {"sklearn_version": "\x1b]0;x\x07"}}, PICKLE, signature={"inputs": columns}
    )
    found = mlflow_folder(place)
    assert found.versions["sklearn"].isprintable()
    assert found.inputs[0].isprintable()
    assert len(found.inputs[0]) < 300
