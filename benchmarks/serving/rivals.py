"""The other servers, each in an environment of its own, started as its documentation has it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from serving.bodies import JSON, as_json, cancer_rows
from serving.contenders import UVICORN, run_once
from serving.environments import PEERS, environment
from serving.loads import Target
from serving.process import HOST, Launch, free_port


@dataclass(frozen=True)
class Peer:
    """Another server, in an environment of its own.

    ``command`` and ``variables`` may have ``{port}``, ``{second}`` and ``{third}`` (free ports) in them; the first word of the
    command is a program of the environment. ``save`` is the script that writes the model, and what it is written to.
    """

    name: str
    folder: str
    model: str
    command: Sequence[str]
    ready: str
    target: Target
    variables: Mapping[str, str] = field(default_factory=dict)
    save: tuple[str, str] = ("train.py", "model.joblib")

    def prepare(self, folder: Path) -> None:
        """Install it, copy its files, and fit the model with its own libraries."""
        programs = environment(self.folder)
        for path in [*PEERS.glob("*.py"), *(PEERS / self.folder).iterdir()]:
            if path.is_file():
                shutil.copy(path, folder)
        script, written = self.save
        run_once([str(programs / "python"), script, self.model, written], folder)

    def launch(self, folder: Path) -> Launch:
        """Its own command, on one worker."""
        ports = {name: str(free_port()) for name in ("port", "second", "third")}
        program, *arguments = (word.format(**ports) for word in self.command)
        variables = {name: value.format(**ports) for name, value in self.variables.items()}
        programs = environment(self.folder)
        path = {"PATH": f"{programs}:/usr/bin:/bin"}
        return Launch(
            [str(programs / program), *arguments], folder, int(ports["port"]), self.ready, {**path, **variables}
        )

    def targets(self) -> Sequence[Target]:
        """The one request."""
        return [self.target]


def peers(model: str, expected: float) -> list[Peer]:
    """Every other server with ``model`` (``linear`` or ``forest``), each as its documentation starts it in production.

    Batching is an option of three of them, and nobody's default: these stand there a second time with it.
    """
    plain = [
        _fastapi(model, expected),
        _mlserver(model, expected),
        _litserve(model, expected),
        _bentoml(model, expected),
        _mlflow(model, expected),
    ]
    return plain + [
        replace(peer, name=peer.name + BATCHING, variables={**peer.variables, **_BATCHING[peer.folder]})
        for peer in plain
        if peer.folder in _BATCHING
    ]


BATCHING = ", batching"
_MOST = "16"
"""Requests that a batch may have: as many as there are connections."""
_BATCHING: Mapping[str, Mapping[str, str]] = {
    "mlserver": {"MLSERVER_MODEL_MAX_BATCH_SIZE": _MOST, "MLSERVER_MODEL_MAX_BATCH_TIME": "0.005"},
    "litserve": {"BATCH": _MOST},
    "bentoml": {"BATCH": _MOST},
}


def _fastapi(model: str, expected: float) -> Peer:
    command = ("uvicorn", "service:app", "--port", "{port}", *UVICORN)
    asked = _target("/predict", {"instances": cancer_rows()}, expected)
    return Peer("FastAPI + joblib", "fastapi", model, command, "/health", asked)


def _mlserver(model: str, expected: float) -> Peer:
    """Its documentation says to have no process for inference where the model is a light one."""
    rows = cancer_rows()
    tensor = {"name": "predict", "shape": [1, len(rows[0])], "datatype": "FP64", "data": rows}
    body = {"inputs": [tensor], "outputs": [{"name": "predict_proba"}]}
    asked = _target("OIP JSON", body, expected, "/v2/models/model/infer")
    ports = {"HTTP_PORT": "{port}", "GRPC_PORT": "{second}", "METRICS_PORT": "{third}", "HOST": HOST}
    variables = {f"MLSERVER_{name}": value for name, value in ports.items()}
    return Peer("MLServer", "mlserver", model, ("mlserver", "start", "."), "/v2/models/model/ready", asked, variables)


def _litserve(model: str, expected: float) -> Peer:
    asked = _target("/predict", {"input": cancer_rows()}, expected)
    return Peer("LitServe", "litserve", model, ("python", "service.py", "{port}"), "/health", asked)


def _bentoml(model: str, expected: float) -> Peer:
    command = ("bentoml", "serve", "service:Classifier", "--host", HOST, "--port", "{port}")
    variables = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": "bentoml"}
    asked = _target("/predict", {"rows": cancer_rows()}, expected)
    return Peer("BentoML", "bentoml", model, command, "/readyz", asked, variables)


def _mlflow(model: str, expected: float) -> Peer:
    where = ("-h", HOST, "-p", "{port}", "-w", "1", "--env-manager", "local")
    variables = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true",
        "UVICORN_ACCESS_LOG": "false",
    }
    asked = _target("/invocations", {"inputs": cancer_rows()}, expected)
    command = ("mlflow", "models", "serve", "-m", "saved", *where)
    return Peer("MLflow", "mlflow", model, command, "/ping", asked, variables, ("save.py", "saved"))


def _target(name: str, body: Mapping[str, Any], expected: float, path: str = "") -> Target:
    return Target(name, path or name, as_json(body), JSON, expected=expected)
