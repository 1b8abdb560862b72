"""The InferenceService, against the models that KServe's own package has of it and of a pod."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from clients.environments import python_of
from scaffold.deploy.documents import parsed

from mlpack.scaffold.deploy.kubernetes import kubernetes_files
from mlpack.scaffold.deploy.workload import workload_of

FILE = "kserve/inferenceservice.yaml"
PROGRAM = Path(__file__).parent / "check_kserve.py"


def wrong_in(*documents) -> list[list[str]]:
    command = [str(python_of("kserve")), str(PROGRAM)]
    ended = subprocess.run(command, input=json.dumps(documents), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def inference_service(name="churn"):
    files = kubernetes_files(workload_of("churn:1", name, None), namespace="risk", replicas=2, allow_from=())
    return parsed(files)[FILE]


def test_it_is_valid():
    documents = [inference_service(name) for name in ("churn", "null", "a" * 52)]
    assert wrong_in(*documents) == [[], [], []]
    for document in documents:
        assert (document["apiVersion"], document["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
        assert [one["name"] for one in document["spec"]["predictor"]["containers"]] == ["kserve-container"]


def test_the_check_would_see_what_is_wrong():
    document = inference_service()
    predictor = document["spec"]["predictor"]
    predictor["minReplica"] = predictor.pop("minReplicas")
    predictor["containers"][0]["ports"][0] = {"containerPort": "http"}
    del predictor["containers"][0]["readinessProbe"]["httpGet"]["port"]
    predictor["topologySpreadConstraints"] = {"maxSkew": 1}
    (found,) = wrong_in(document)
    for said in ("has no minReplica", "'http' is no int", "is no list", "port\n  Field required"):
        assert said in "\n".join(found)
