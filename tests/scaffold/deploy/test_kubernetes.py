"""The manifests: valid by Kubernetes' own schemas, locked down, consistent among themselves and with the service."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request

import kubernetes_validate
import pytest
import yaml
from scaffold.deploy.documents import below, parsed

import mlpack
from mlpack.core.errors import UsageError
from mlpack.runtime.errors import StartError
from mlpack.runtime.settings import parse_settings
from mlpack.scaffold.deploy.kubernetes import FILES, kubernetes_files
from mlpack.scaffold.deploy.workload import workload_of

NAMES = ["churn", "null", "on", "y", "false", "a" * 52]
VERSIONS = ["1.30", kubernetes_validate.latest_version()]
"""The oldest in which a pod can be told to sleep before it ends, and the newest whose schemas are at hand."""


def manifests(image="churn:1", name=None, model=None, namespace=None, replicas=2, allow_from=()):
    found = kubernetes_files(
        workload_of(image, name, model), namespace=namespace, replicas=replicas, allow_from=allow_from
    )
    return parsed(found)


def pod_of(documents):
    return documents["deployment.yaml"]["spec"]["template"]["spec"]


def container_of(documents):
    return pod_of(documents)["containers"][0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_they_are_valid(version, name):
    documents = manifests(name=name, namespace="risk", allow_from=("monitoring", "null"))
    del documents["kserve/inferenceservice.yaml"]  # of another project: test_kserve.py
    assert len(documents) == 5
    for document in documents.values():
        kubernetes_validate.validate(document, version, strict=True)
        assert document["metadata"]["namespace"] == "risk"


def test_the_check_would_see_a_key_that_is_none():
    documents = manifests()
    container_of(documents)["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(documents["deployment.yaml"], VERSIONS[0], strict=True)


def test_a_bundle_whose_name_is_none_in_a_cluster(bundle):
    documents = manifests(image=None, model=bundle)
    for document in documents.values():
        assert document["metadata"]["name"] == "churn-now-1"
        assert document["metadata"]["labels"]["app.kubernetes.io/version"] == "1"
    notes = documents["deployment.yaml"]["spec"]["template"]["metadata"]["annotations"]
    assert notes["mlpack/model"] == 'Churn: "now" #1 1'
    assert container_of(documents)["image"] == "churn-now-1:1"


def test_every_value_stays_the_text_that_it_was():
    for name in NAMES:
        documents = manifests(name=name, namespace="1", image="true:1e3")
        assert {document["metadata"]["name"] for document in documents.values()} == {name}
        assert documents["deployment.yaml"]["metadata"]["namespace"] == "1"
        assert documents["deployment.yaml"]["metadata"]["labels"]["app.kubernetes.io/version"] == "1e3"
        assert documents["horizontalpodautoscaler.yaml"]["spec"]["scaleTargetRef"]["name"] == name


def test_without_a_namespace_none_is_named():
    assert not [document for document in manifests().values() if "namespace" in document["metadata"]]


@pytest.mark.parametrize("kind", ["deployment.yaml", "kserve/inferenceservice.yaml"])
def test_a_pod_has_no_rights_that_it_does_not_need(kind):
    document = manifests()[kind]
    pod = document["spec"]["predictor"] if "predictor" in document["spec"] else document["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    context = container["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert (context["allowPrivilegeEscalation"], context["privileged"]) == (False, False)
    assert (context["readOnlyRootFilesystem"], context["runAsNonRoot"]) == (True, True)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert context["runAsUser"] == pod["securityContext"]["runAsUser"] > 0
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert container["resources"].keys() == {"requests", "limits"}
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys() & container["resources"]["limits"].keys()
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_they_find_each_other():
    documents = manifests(name="churn", allow_from=("monitoring",))
    pod = documents["deployment.yaml"]["spec"]["template"]
    selectors = [
        documents["deployment.yaml"]["spec"]["selector"]["matchLabels"],
        documents["service.yaml"]["spec"]["selector"],
        documents["poddisruptionbudget.yaml"]["spec"]["selector"]["matchLabels"],
        documents["networkpolicy.yaml"]["spec"]["podSelector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in pod["spec"]["topologySpreadConstraints"]),
    ]
    assert all(selector.items() <= pod["metadata"]["labels"].items() for selector in selectors)
    assert all(selectors)
    ports = {port["name"] for port in container_of(documents)["ports"]}
    assert {port["targetPort"] for port in documents["service.yaml"]["spec"]["ports"]} == ports
    (rule,) = documents["networkpolicy.yaml"]["spec"]["ingress"]
    assert {port["port"] for port in rule["ports"]} == ports == {"http", "grpc"}
    assert rule["from"] == [
        {"podSelector": {}},
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}},
    ]
    target = documents["horizontalpodautoscaler.yaml"]["spec"]["scaleTargetRef"]
    deployment = documents["deployment.yaml"]
    assert target == {key: deployment[key] for key in ("apiVersion", "kind")} | {"name": deployment["metadata"]["name"]}


@pytest.mark.parametrize(("replicas", "most"), [(1, 10), (2, 10), (3, 15)])
def test_the_autoscaler_decides_how_many(replicas, most):
    documents = manifests(replicas=replicas)
    found = documents["horizontalpodautoscaler.yaml"]["spec"]
    assert (found["minReplicas"], found["maxReplicas"]) == (replicas, most)
    assert "replicas" not in documents["deployment.yaml"]["spec"]
    predictor = documents["kserve/inferenceservice.yaml"]["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (replicas, most)


@pytest.mark.parametrize("options", [{"replicas": 0}, {"namespace": "Risk"}, {"allow_from": ("a b",)}])
def test_what_cannot_be(options):
    with pytest.raises(UsageError):
        manifests(**options)


def test_a_pod_that_ends_has_time_for_what_it_took():
    documents = manifests()
    pod, container = pod_of(documents), container_of(documents)
    environment = {one["name"]: one["value"] for one in container["env"]}
    settings = parse_settings([], environment)
    sleeps = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleeps > 0
    assert pod["terminationGracePeriodSeconds"] > sleeps + settings.drain_delay + settings.drain_timeout
    assert settings.host == "0.0.0.0"
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {
        "http": settings.port, "grpc": settings.grpc_port,
    }  # fmt: skip


def test_neighbours_cannot_give_it_another_port():
    """Kubernetes tells every container of the services around it: for one called mlpack, by the names of our settings."""
    with pytest.raises(StartError, match="MLPACK_PORT"):
        parse_settings([], {"MLPACK_PORT": "tcp://10.0.0.1:8080"})
    documents = manifests(name="mlpack")
    assert pod_of(documents)["enableServiceLinks"] is False
    assert documents["kserve/inferenceservice.yaml"]["spec"]["predictor"]["enableServiceLinks"] is False


def test_rendered_twice_is_equal_byte_for_byte(tmp_path, bundle):
    for name in ("a", "b"):
        result = mlpack.init_kubernetes(tmp_path / name, model=bundle, namespace="risk")
    assert below(tmp_path / "a") == below(tmp_path / "b")
    assert set(below(tmp_path / "a")) == set(result.files) == set(FILES)
    for content in below(tmp_path / "a").values():
        assert content.endswith(b"\n")
        assert not [line for line in content.decode().splitlines() if line != line.rstrip()]
        assert len(list(yaml.safe_load_all(content))) == 1


def test_what_they_ask_the_service_is_answered(logistic_pickle, tmp_path):
    """The probes and Prometheus' annotations, against the real service with the environment of the manifest."""
    documents = manifests()
    container = container_of(documents)
    given = {one["name"]: one["value"] for one in container["env"]} | {"MLPACK_PORT": "0", "MLPACK_GRPC_PORT": "0"}
    environment = {**os.environ, **given, "MLPACK_CACHE": str(tmp_path)}
    command = [sys.executable, "-m", "mlpack", "serve", str(logistic_pickle), "--json"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as service:
        try:
            port = json.loads(service.stdout.readline())["data"]["rest"].rpartition(":")[2]
            probes = [container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
            annotations = documents["deployment.yaml"]["spec"]["template"]["metadata"]["annotations"]
            for path in (*(probe["path"] for probe in probes), annotations["prometheus.io/path"]):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    assert answer.status == 200
                    told = answer.read().decode()
            assert "# TYPE " in told
        finally:
            service.send_signal(signal.SIGTERM)
    assert service.returncode == 0
    assert {probe["port"] for probe in probes} == {"http"}
    assert annotations["prometheus.io/port"] == str(container["ports"][0]["containerPort"])
