"""Images of a small model: what they weigh beside the requirements of others, how soon they answer and are built anew.

Needs what the tests of images need: root, dockerd, debootstrap. The engine ends with the benchmark.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measure import Finding, Measured, Sheet
from serving.contenders import run_once
from serving.environments import environment
from serving.ours import MLPACK, pack_cancer
from serving.process import NotServingError

SCRIPTS = Path(__file__).parent.parent / "scripts"
PEERS = {"mlflow": "MLflow", "bentoml": "BentoML"}
NOT_THEIRS = ("pip", "setuptools", "wheel", "pkg_resources", "_distutils_hack")
"""What every environment has, and no list of requirements names."""
TURNS = 3
_MB = 1e6
_NOTES = ("One model of scikit-learn, which ours serves as ONNX. All with their bytecode, as pip installs it.",)


def measure(folder: Path) -> Sequence[Measured]:
    """The promises on images, for the logistic regression on the cancer data with a scaler."""
    bundles = [pack_cancer(model, folder) for model in ("linear", "forest")]
    engine = [sys.executable, "-m", "engine"]
    told = run_once([*engine, "run", "--", sys.executable, str(Path(__file__)), *map(str, bundles)], SCRIPTS)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return [*_sizes(found["first"]), *_times(found)]


def _sizes(first: dict[str, Any]) -> Iterator[Measured]:
    ours = first["size_over_base"] / _MB
    yield Finding("image, layers over the base, ONNX with REST and gRPC", ours, 190, "MB")
    rows = [("what", "MB"), ("mlpack, layers over the base", f"{ours:,.0f}")]
    for peer, name in PEERS.items():
        try:
            theirs = installed(environment(peer).parent) / _MB
        except NotServingError as error:
            yield Finding(f"image / requirements of {name} for the same model", float("nan"), 0.45, "×", str(error))
            continue
        rows.append((f"{name}, its requirements installed", f"{theirs:,.0f}"))
        detail = f"{ours:,.0f} MB against {theirs:,.0f} MB"
        yield Finding(f"image / requirements of {name} for the same model", ours / theirs, 0.45, "×", detail)
    yield Sheet(
        "What an image adds to its base",
        rows,
        1,
        _NOTES,
    )


def _times(found: dict[str, Any]) -> Iterator[Finding]:
    again = sorted(found["again"], key=lambda one: one["seconds_to_ready"])[TURNS // 2]
    model, first = found["model"], found["first"]
    build = model["seconds"]
    steps = f"{model['steps']['cached']} of {model['steps']['all']} steps from the cache"
    yield Finding("container, start to ready", again["seconds_to_ready"], 1.5, "s", f"median of {TURNS}")
    yield Finding("container, resident when ready", max(one["resident"] for one in found["again"]) / _MB, 150, "MB")
    yield Finding("build after the model changed", build["own"] + build["engine"], 10, "s", steps)
    yield Finding(
        "mlpack's own part of a build",
        max(build["own"], first["seconds"]["own"]),
        2,
        "s",
        "the first, and a new model's",
    )


def installed(environment_: Path) -> int:
    """The bytes of all packages of an environment, with their bytecode as pip leaves it."""
    packages = next(environment_.glob("lib/python*/site-packages"))
    return sum(
        path.stat().st_size
        for path in packages.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.relative_to(packages).parts[0].startswith(NOT_THEIRS)
    )


def containerized(bundle: str, *options: str) -> dict[str, Any]:
    """The ``data`` of ``mlpack containerize BUNDLE``."""
    command = [*MLPACK, "containerize", bundle, "-t", "mlpack-benchmark:1", "--json", *options]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    data: dict[str, Any] = json.loads(ended.stdout)["data"]
    return data


def main(bundles: list[str]) -> None:
    """Inside of an engine: build the first bundle, the second on its requirements, and the second again."""
    task = [sys.executable, "-m", "engine"]
    base = run_once([*task, "base"], SCRIPTS).strip()
    context = Path(bundles[0]).parent / "context"
    run_once([*MLPACK, "containerize", bundles[0], "--render-only", str(context), "--base", base], context.parent)
    wheels = run_once([*task, "wheels", str(context / "requirements.txt")], SCRIPTS).strip()
    options = ("--base", base, "--wheels", wheels)
    found = {
        "first": containerized(bundles[0], *options),
        "model": containerized(bundles[1], *options),
        "again": [containerized(bundles[1], *options) for _ in range(TURNS)],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
