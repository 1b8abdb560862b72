"""The file for Compose: valid by its specification, locked down, consistent with the service."""

from __future__ import annotations

import pytest
import yaml
from scaffold.deploy.checking import check_schema
from scaffold.deploy.documents import below

import mlpack
from mlpack.runtime.settings import parse_settings


@pytest.fixture
def written(tmp_path, bundle):
    mlpack.init_compose(tmp_path / "a", model=bundle)
    return tmp_path / "a" / "compose.yaml"


def test_it_is_valid(written):
    check_schema("vendor.compose-spec", written)


def test_the_check_would_see_a_key_that_is_none(written):
    written.write_text(written.read_text().replace("read_only:", "readonly:"))
    with pytest.raises(AssertionError, match="readonly"):
        check_schema("vendor.compose-spec", written)


def test_any_name_is_valid(tmp_path):
    names = ["null", "on", "1e3", "churn"]
    for name in names:
        mlpack.init_compose(tmp_path / name, image=f"{name}:1", name=name)
    check_schema("vendor.compose-spec", *(tmp_path / name / "compose.yaml" for name in names))
    for name in names:
        model = yaml.safe_load((tmp_path / name / "compose.yaml").read_text())["services"]["model"]
        assert model["image"] == f"{name}:1"
        assert "labels" not in model


def test_it_has_limits_and_no_rights_that_it_does_not_need(written):
    model = yaml.safe_load(written.read_text())["services"]["model"]
    assert (model["read_only"], model["cap_drop"]) == (True, ["ALL"])
    assert model["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in model
    limits = model["deploy"]["resources"]["limits"]
    assert limits.keys() == {"cpus", "memory", "pids"}
    assert model["labels"]["mlpack/model"] == 'Churn: "now" #1 1'


def test_it_fits_the_service(written):
    model = yaml.safe_load(written.read_text())["services"]["model"]
    settings = parse_settings([], model["environment"])
    assert model["ports"] == [f"127.0.0.1:{port}:{port}" for port in (settings.port, settings.grpc_port)]
    assert settings.host == "0.0.0.0"
    assert int(model["stop_grace_period"].removesuffix("s")) > settings.drain_delay + settings.drain_timeout


def test_rendered_twice_is_equal_byte_for_byte(tmp_path, written, bundle):
    mlpack.init_compose(tmp_path / "b", model=bundle)
    assert below(tmp_path / "b") == below(written.parent)
