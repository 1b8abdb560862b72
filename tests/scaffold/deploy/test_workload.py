"""What an image is when it runs, with and without a bundle that says so."""

from __future__ import annotations

import dataclasses

import pytest
from scaffold.cases import LIST, bundle_of

from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.runtime.process import drain, supervisor
from mlpack.runtime.rest import gate
from mlpack.runtime.settings import Settings
from mlpack.scaffold.deploy import workload as facts
from mlpack.scaffold.deploy.workload import workload_of


def test_an_image_alone():
    found = workload_of("registry.example.com/risk/Churn_Model".lower() + ":1.2", None, None)
    assert (found.name, found.version) == ("churn-model", "1.2")
    assert workload_of("churn:1", "My Model", None).name == "my-model"
    assert workload_of(f"churn@sha256:{'0' * 64}", None, None).labels.keys() == {
        "app.kubernetes.io/name", "app.kubernetes.io/component",
    }  # fmt: skip


@pytest.mark.parametrize(("image", "says"), [(None, "no image is named"), ("churn", "names no version")])
def test_an_image_has_to_be_named_in_full(image, says):
    with pytest.raises(UsageError, match=says) as caught:
        workload_of(image, None, None)
    assert "--image" in caught.value.hint


def test_a_bundle_gives_what_is_not_said(tmp_path):
    manifest = bundle_of(LIST, tmp_path / "bundle", name="Churn Modèl")
    found = workload_of(None, None, manifest.folder)
    assert (found.name, str(found.image), found.version) == ("churn-model", "churn-model:1", "1")
    assert found.notes["mlpack/model"] == "Churn Modèl 1"
    assert found.notes["mlpack/model-sha256"] == manifest.model_sha256
    assert found.notes["mlpack/parity"] == "PASS"
    given = workload_of("other:2", "mine", manifest.folder)
    assert (given.name, str(given.image), given.version) == ("mine", "other:2", "1")


def test_a_larger_model_gets_more_memory(tmp_path):
    small, large = (
        workload_of(None, None, bundle_of(LIST, tmp_path / name, model=b"\0" * size).folder)
        for name, size in (("small", 1), ("large", 50 << 20))
    )
    assert large.memory >= small.memory + 128
    assert large.memory % 64 == small.memory % 64 == 0
    assert large.memory_limit > large.memory


def test_bundles_that_are_none(tmp_path):
    manifest = bundle_of(LIST, tmp_path / "bundle")
    for place in (tmp_path / "nothing", tmp_path):
        with pytest.raises(UsageError):
            workload_of("churn:1", None, place)
    (manifest.folder / "model.onnx").write_bytes(b"other")
    with pytest.raises(CorruptFileError):
        workload_of("churn:1", None, manifest.folder)


def test_a_version_that_is_no_tag(tmp_path):
    manifest = bundle_of(LIST, tmp_path / "bundle")
    text = (manifest.folder / "mlpack.json").read_text().replace('"version": "1"', '"version": "one two"')
    (manifest.folder / "mlpack.json").write_text(text)
    with pytest.raises(UsageError, match="no tag") as caught:
        workload_of(None, None, manifest.folder)
    assert caught.value.hint == "--image model:TAG"
    assert "app.kubernetes.io/version" not in workload_of("model:1", None, manifest.folder).labels


def test_times_and_ports_are_those_of_the_service():
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    assert (defaults["port"], defaults["grpc_port"]) == (facts.PORT, facts.GRPC_PORT)
    around = drain._LONGEST_WAIT + supervisor._SPARE
    assert defaults["drain_delay"] + defaults["drain_timeout"] + around <= facts.STOP
    assert facts.GRACE >= facts.PRE_STOP + facts.STOP
    assert {facts.LIVE, facts.READY} <= gate.OPEN
