"""KServe's InferenceService, read by KServe's own models. No cluster is at hand: what a controller makes of it is not tried."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from clients.environments import python_of
from scaffold.export.bundles import configs, identity, written

from mlpack.core.errors import UsageError
from mlpack.scaffold.export.command import export_files
from mlpack.scaffold.export.kserve import inference_service_of, service_name

READ = Path(__file__).parent / "read_service.py"


@pytest.fixture
def manifest(tmp_path):
    return identity([("x", "float32", ("batch", 3))], tmp_path / "model.mlpack", "Churn_2.x")


@pytest.fixture
def tree(manifest, tmp_path):
    return written(export_files(manifest, "kserve", "s3://models/churn"), tmp_path / "out")


def test_every_field_is_one_that_kserve_knows(tree):
    """KServe's models drop what they do not know: what comes back has to be what was written."""
    text = (tree / "inference-service.yaml").read_text()
    ended = subprocess.run(
        [str(python_of("kserve")), str(READ)], input=text, capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout) == yaml.safe_load(text)


def test_it_is_served_by_triton_over_version_2(tree):
    document = yaml.safe_load((tree / "inference-service.yaml").read_text())
    assert document["metadata"]["name"] == "churn-2-x"
    model = document["spec"]["predictor"]["model"]
    assert (model["modelFormat"]["name"], model["runtime"]) == ("onnx", "kserve-tritonserver")
    assert (model["protocolVersion"], model["storageUri"]) == ("v2", "s3://models/churn")
    (config,) = configs(tree / "models" / "Churn_2.x" / "config.pbtxt")
    assert config["name"] == "Churn_2.x"
    assert (tree / "models" / "Churn_2.x" / "1" / "model.onnx").is_file()
    assert "/v2/models/Churn_2.x/infer" in (tree / "README.md").read_text()


def test_the_storage_is_a_volume_unless_told(manifest):
    assert inference_service_of(manifest, None).uri == "pvc://models/Churn_2.x"


@pytest.mark.parametrize("uri", ["", "models", "/models", "s3://", "s3://a b", 's3://a"\nx: y', "ssh://x/y"])
def test_an_address_that_is_none(manifest, uri):
    with pytest.raises(UsageError, match="no address"):
        inference_service_of(manifest, uri or " ")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("churn", "churn"), ("Churn_2.x", "churn-2-x"), ("2nd", "model-2nd"), ("x" * 90, "x" * 63), ("a." * 40, None)],
)
def test_a_name_that_kubernetes_takes(name, expected):
    found = service_name(name)
    assert found == expected if expected else len(found) <= 63
    assert found[0].isalpha()
    assert found[-1].isalnum()
