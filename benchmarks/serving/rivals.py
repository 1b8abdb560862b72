"""The other servers, each in an environment of its own, started as its documentation has it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.bodies import JSON, as_json, cancer_row
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
    """Every other server, each as its documentation starts it in production, with ``model``: ``linear`` or ``forest``."""
    row = cancer_row()

    def target(name: str, body: Mapping[str, Any], path: str = "") -> Target:
        return Target(name, path or name, as_json(body), JSON, expected=expected)

    tensor = {"name": "predict", "shape": [1, len(row[0])], "datatype": "FP64", "data": row}
    oip = {"inputs": [tensor], "outputs": [{"name": "predict_proba"}]}
    return [
        Peer(
            "FastAPI + joblib",
            "fastapi",
            model,
            ("uvicorn", "service:app", "--port", "{port}", *UVICORN),
            "/health",
            target("/predict", {"instances": row}),
        ),
        Peer(
            "MLServer",
            "mlserver",
            model,
            ("mlserver", "start", "."),
            "/v2/models/model/ready",
            target("OIP JSON", oip, "/v2/models/model/infer"),
            {
                "MLSERVER_HTTP_PORT": "{port}",
                "MLSERVER_GRPC_PORT": "{second}",
                "MLSERVER_METRICS_PORT": "{third}",
                "MLSERVER_HOST": HOST,
            },
        ),
        Peer(
            "LitServe",
            "litserve",
            model,
            ("python", "service.py", "{port}"),
            "/health",
            target("/predict", {"input": row}),
        ),
        Peer(
            "BentoML",
            "bentoml",
            model,
            ("bentoml", "serve", "service:Classifier", "--host", HOST, "--port", "{port}"),
            "/readyz",
            target("/predict", {"rows": row}),
            {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": "bentoml"},
        ),
        Peer(
            "MLflow",
            "mlflow",
            model,
            (
                "mlflow",
                "models",
                "serve",
                "-m",
                "saved",
                "-h",
                HOST,
                "-p",
                "{port}",
                "-w",
                "1",
                "--env-manager",
                "local",
            ),
            "/ping",
            target("/invocations", {"inputs": row}),
            {
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "true",
                "UVICORN_ACCESS_LOG": "false",
            },
            ("save.py", "saved"),
        ),
    ]
