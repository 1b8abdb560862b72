"""The pipelines to their end, on a real engine; and the image that comes of it, run as the rendered files say."""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.request
from contextlib import contextmanager, suppress
from xml.etree import ElementTree as ET

import pytest
import yaml
from docker.errors import ImageNotFound
from engine.contents import contents
from scaffold.deploy.documents import parsed
from scaffold.deploy.running import COMMIT, PROVIDERS, run, steps_of, written

import mlpack
from mlpack.runtime.manifest import read_manifest
from mlpack.runtime.settings import parse_settings
from mlpack.scaffold.deploy.compose import compose_files
from mlpack.scaffold.deploy.kubernetes import kubernetes_files
from mlpack.scaffold.deploy.workload import workload_of
from mlpack.scaffold.requirements import lock_of

MIB = 1 << 20
SECONDS = 120


@pytest.fixture(scope="module")
def wheelhouse(logistic_pickle, wheels, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheelhouse")
    mlpack.pack(logistic_pickle, folder / "churn.mlpack")
    (folder / "requirements.txt").write_text(lock_of(read_manifest(folder / "churn.mlpack"), hashes=False).text)
    return wheels(folder / "requirements.txt")


@pytest.fixture
def variables(environment, engine, base_image, wheelhouse):
    """What the environment says where no index and no registry is reached. The commands do not change for it."""
    return {
        **environment,
        "DOCKER_HOST": os.environ["DOCKER_HOST"],
        "MLPACK_BASE": base_image,
        "MLPACK_WHEELS": str(wheelhouse),
    }


@pytest.fixture
def model(repository, logistic_pickle):
    shutil.copy(logistic_pickle, repository / "models" / "churn.pkl")
    return "models/churn.pkl"


@contextmanager
def only(engine, tag):
    """All that the engine has afterwards and had not before is ``tag``, which is removed, and what it keeps of each step."""
    before = contents(engine)
    try:
        yield
    finally:
        with suppress(ImageNotFound):
            engine.images.remove(tag, force=True)
    after = contents(engine)
    for part in ("containers", "tags", "volumes", "networks"):
        assert getattr(after, part) == getattr(before, part)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_command_is_run_as_it_stands_and_an_image_comes_of_it(provider, repository, model, variables, engine):
    steps = steps_of(written(repository, provider, model))
    with only(engine, f"churn:{COMMIT}"):
        ended = run(steps, repository, variables)
        assert ended.code == 0, ended.printed
        check_reports(repository)
        check_configuration(engine.images.get(f"churn:{COMMIT}").attrs["Config"])
        check_compose(engine, f"churn:{COMMIT}")


def check_reports(repository):
    sarif = json.loads((repository / "reports" / "scan.sarif").read_text())
    assert sarif["version"] == "2.1.0"
    assert not [result for one in sarif["runs"] for result in one["results"] if result["level"] == "error"]
    (suite,) = ET.parse(repository / "reports" / "parity.xml").getroot().iter("testsuite")
    assert int(suite.attrib["tests"]) > int(suite.attrib["failures"]) == 0
    assert mlpack.inspect(repository / "build" / "churn.onnx").to_json()["provenance"]["mlpack.verdict"] == "PASS"


def check_configuration(configuration):
    """The manifests say of the image what it says of itself."""
    files = kubernetes_files(workload_of("churn:1", None, None), namespace=None, replicas=1, allow_from=())
    (container,) = parsed(files)["deployment.yaml"]["spec"]["template"]["spec"]["containers"]
    context = container["securityContext"]
    assert configuration["User"] == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert configuration["ExposedPorts"].keys() == {f"{port['containerPort']}/tcp" for port in container["ports"]}
    assert configuration["Healthcheck"]["Test"] == compose_of("churn:1")["healthcheck"]["test"]


def compose_of(image):
    return yaml.safe_load(compose_files(workload_of(image, None, None))["compose.yaml"])["services"]["model"]


def check_compose(engine, image):
    """A container as Compose would make it gets healthy, answers, and ends in order."""
    model = compose_of(image)
    limits = model["deploy"]["resources"]["limits"]
    settings = parse_settings([], model["environment"])
    container = engine.containers.run(
        model["image"], detach=True, user=model["user"], read_only=model["read_only"], cap_drop=model["cap_drop"],
        security_opt=model["security_opt"], environment=model["environment"], nano_cpus=int(float(limits["cpus"]) * 1e9),
        mem_limit=int(limits["memory"].removesuffix("M")) * MIB, pids_limit=limits["pids"],
        tmpfs=dict([model["tmpfs"][0].split(":", 1)]), ports={f"{settings.port}/tcp": ("127.0.0.1", 0)},
        healthcheck={"test": model["healthcheck"]["test"], "interval": 10**9},
    )  # fmt: skip
    try:
        wait_until_healthy(container)
        port = container.ports[f"{settings.port}/tcp"][0]["HostPort"]
        for path in ("/livez", "/readyz", "/metrics"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == 200
        container.stop(timeout=int(model["stop_grace_period"].removesuffix("s")))
        assert container.wait()["StatusCode"] == 0, container.logs().decode()
    finally:
        container.remove(force=True)


def wait_until_healthy(container):
    deadline = time.monotonic() + SECONDS
    while True:
        container.reload()
        state = container.attrs["State"]
        if state["Health"]["Status"] == "healthy":
            return
        assert state["Running"], container.logs().decode()
        assert time.monotonic() < deadline, state
        time.sleep(0.1)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_without_an_engine_it_ends_at_the_last_step_with_8(provider, repository, model, environment, tmp_path):
    nowhere = {**environment, "DOCKER_HOST": f"unix://{tmp_path / 'nowhere'}"}
    first, *_, last = steps_of(written(repository, provider, model))
    ended = run([first, last], repository, nowhere)
    assert (ended.step.lower(), ended.code) == ("containerize", 8), ended.printed
