"""Runs the commands of a pipeline as its runner does: each script as it stands, in order, until one fails."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import mlpack

PROVIDERS = {"github": ".github/workflows/{}.yml", "gitlab": ".gitlab-ci.yml"}
"""Where each has the file of a pipeline."""
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"

SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What GitHub runs for ``shell: bash``; GitLab's scripts begin with the same options."""


@dataclass(frozen=True)
class Step:
    """A script under the name of its step or job."""

    name: str
    script: str


@dataclass(frozen=True)
class Ended:
    """Where a run ended, with which code, and all that its steps printed."""

    step: str
    code: int
    printed: str


def written(repository: Path, provider: Any, model: str, **options: Any) -> Path:
    """The file of the pipeline for ``model``, which is written."""
    name = mlpack.init_ci(repository, provider=provider, model=model, **options).name
    return repository / PROVIDERS[provider].format(name)


def steps_of(path: Path) -> list[Step]:
    """The scripts in the file of a pipeline, in the order in which they are run."""
    document = yaml.safe_load(path.read_text())
    return list(_github(document) if path.suffix == ".yml" and path.parent.name == "workflows" else _gitlab(document))


def _github(document: dict[str, Any]) -> Iterator[Step]:
    assert document["defaults"]["run"]["shell"] == "bash"
    for job in document["jobs"].values():
        yield from (Step(step["name"], step["run"]) for step in job["steps"] if "run" in step)


def _gitlab(document: dict[str, Any]) -> Iterator[Step]:
    for stage in document["stages"]:
        for name, job in document.items():
            if isinstance(job, dict) and job.get("stage") == stage:
                yield Step(name, "\n".join([*document["default"]["before_script"], *job["script"]]))


def run(steps: list[Step], folder: Path, environment: Mapping[str, str]) -> Ended:
    """Run ``steps`` in ``folder`` until one fails."""
    printed = ""
    for step in steps:
        script = folder.parent / f"{folder.name}.sh"
        script.write_text(step.script)
        ended = subprocess.run(
            [*SHELL, str(script)], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        printed += f"$ {step.script}\n{ended.stdout}{ended.stderr}"
        if ended.returncode:
            return Ended(step.name, ended.returncode, printed)
    return Ended("", 0, printed)
