import json
import os

import numpy as np
import pytest

import mlpack
from mlpack.core.errors import CorruptFileError, UsageError


@pytest.fixture(scope="module")
def packed(forest_pipeline, tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "cancer.mlpack"
    return mlpack.pack(forest_pipeline, path), path


def test_a_bundle_holds_what_the_design_lists(packed):
    result, path = packed
    assert sorted(os.listdir(path)) == ["golden.npz", "mlpack.json", "model.onnx", "parity.json", "sbom.cdx.json"]
    manifest = json.loads((path / "mlpack.json").read_text())
    assert manifest == result.manifest
    assert manifest["parity"]["verdict"] == "PASS"
    assert manifest["name"] == "cancer"
    assert manifest["source"]["versions"]["scikit-learn"]
    assert [line.partition("==")[0] for line in manifest["requirements"]] == ["numpy", "onnxruntime"]


def test_golden_predictions_are_the_originals(packed, forest_pipeline):
    import joblib

    _, path = packed
    golden = np.load(path / "golden.npz", allow_pickle=False)
    model = joblib.load(forest_pipeline)
    rows = golden["input/input"].astype(np.float64)
    assert np.array_equal(golden["output/probabilities"], model.predict_proba(rows))
    assert np.array_equal(golden["output/label"], model.predict(rows))


def test_a_loaded_bundle_predicts(packed):
    _, path = packed
    golden = np.load(path / "golden.npz", allow_pickle=False)
    answer = mlpack.load(path).run({"input": golden["input/input"]})
    assert np.abs(answer["probabilities"] - golden["output/probabilities"]).max() < 1e-6
    assert answer["label"].tolist() == golden["output/label"].tolist()


def test_two_packs_of_one_file_are_equal_byte_for_byte(packed, forest_pipeline, tmp_path):
    _, first = packed
    second = tmp_path / "cancer.mlpack"
    mlpack.pack(forest_pipeline, second)
    for name in os.listdir(first):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_the_manifest_keeps_to_its_schema(packed):
    import jsonschema

    result, _ = packed
    schema = json.loads((mlpack_folder() / "bundle" / "manifest.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(result.manifest, schema)


def test_the_bill_of_materials_keeps_to_cyclonedx(packed):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    _, path = packed
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str((path / "sbom.cdx.json").read_text()) is None


def test_a_changed_file_is_noticed(packed, tmp_path):
    import shutil

    _, path = packed
    copy = tmp_path / "copy.mlpack"
    shutil.copytree(path, copy)
    data = bytearray((copy / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "model.onnx").write_bytes(data)
    with pytest.raises(CorruptFileError, match="SHA-256"):
        mlpack.load(copy)


def test_a_bundle_is_a_model_like_any_other(packed, forest_pipeline):
    _, path = packed
    report = mlpack.verify(forest_pipeline, path)
    assert report.verdict == "PASS"


def test_a_notebook_packs_the_model_at_hand(cancer, tmp_path):
    from sklearn.svm import SVC

    model = SVC().fit(*cancer)
    result = mlpack.pack(model, sample=cancer[0], path=tmp_path / "svc.mlpack")
    assert result.manifest["source"]["file"] is None
    assert result.manifest["parity"]["verdict"] == "PASS"
    assert mlpack.load(tmp_path / "svc.mlpack").run({"input": cancer[0][:3].astype(np.float32)})["label"].shape == (3,)


def test_native_keeps_the_file_as_it_is(logistic_pickle, tmp_path, trusted):
    result = mlpack.pack(logistic_pickle, tmp_path / "m.mlpack", format="native")
    assert result.manifest["model"]["sha256"] == trusted(logistic_pickle)[0]
    assert any(line.startswith("scikit-learn==") for line in result.manifest["requirements"])
    session = mlpack.load(tmp_path / "m.mlpack")
    assert session.run({"input": np.zeros((2, 30))})["label"].shape == (2,)


def test_what_is_no_bundle_is_never_replaced(logistic_pickle, tmp_path):
    (tmp_path / "keep").mkdir()
    with pytest.raises(UsageError, match="no bundle"):
        mlpack.pack(logistic_pickle, tmp_path / "keep")


def test_a_bundle_is_replaced_and_named(logistic_pickle, tmp_path):
    path = tmp_path / "m.mlpack"
    assert mlpack.pack(logistic_pickle, path).to_json()["replaced"] is None
    result = mlpack.pack(logistic_pickle, path, version="2")
    assert result.replaced == "m 1, packed from logistic.pkl"
    assert ("replaced", result.replaced) in result.view()[1].pairs
    assert mlpack.inspect(path).to_json()["model"] == "m 2"
    (path / "mlpack.json").write_text("{}")
    assert mlpack.pack(logistic_pickle, path).replaced == "a bundle that was damaged"
    assert os.listdir(tmp_path) == ["m.mlpack"]


def test_what_a_user_put_into_a_bundle_does_not_go_with_it(logistic_pickle, tmp_path):
    path = tmp_path / "m.mlpack"
    mlpack.pack(logistic_pickle, path)
    (path / "model.pkl").write_bytes(logistic_pickle.read_bytes())
    with pytest.raises(UsageError, match="no part of a bundle") as caught:
        mlpack.pack(path / "model.pkl", path)
    assert f"mv {path / 'model.pkl'}" in caught.value.hint
    assert (path / "model.pkl").is_file()


def test_a_link_to_a_bundle_is_told_with_what_it_leads_to(logistic_pickle, tmp_path):
    mlpack.pack(logistic_pickle, tmp_path / "v1.mlpack")
    link = tmp_path / "m.mlpack"
    link.symlink_to("v1.mlpack")
    with pytest.raises(UsageError, match="is a link") as caught:
        mlpack.pack(logistic_pickle, link)
    assert str(tmp_path / "v1.mlpack") in caught.value.hint


@pytest.mark.parametrize("name", ["../x", "a b", "", "-x"])
def test_a_name_that_no_service_could_bear_is_refused(logistic_pickle, tmp_path, name):
    with pytest.raises(UsageError):
        mlpack.pack(logistic_pickle, tmp_path / "m.mlpack", name=name or " ")


def mlpack_folder():
    from pathlib import Path

    return Path(mlpack.__file__).parent
