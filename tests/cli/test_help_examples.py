"""What a command's help shows as an example works as it stands, in a folder with the files that it names."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import typer.main
from pages import ROOT

from mlpack.cli.main import app

PROGRAM = (sys.executable, "-m", "mlpack")
MARK = "Example: "
WRITTEN = ("-o", "--report", "--sarif")
"""Options whose value is what the example writes."""
UNLISTED = b"\x80\x02cmypackage.features\nScaler\n)\x81."
"""A pickle that wants a class that no list knows, as a step of a team's own does."""


def helps() -> Iterator[tuple[str, str]]:
    """Each command as it is typed, and its help."""
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        for inner, below in getattr(command, "commands", {"": command}).items():
            yield f"{name} {inner}".strip(), below.help


def examples_in(text: str) -> list[str]:
    lines = text.replace("\f", "").splitlines()
    return [line.strip().removeprefix(MARK) for line in lines if line.strip().startswith(MARK)]


EXAMPLES = [(name, example) for name, text in helps() for example in examples_in(text)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What the examples speak of. What one of them writes is there for none of the others."""
    place = tmp_path_factory.mktemp("examples")
    churn(place)
    digits(place)
    (place / "models").mkdir()
    shutil.copy(place / "churn.joblib", place / "models")
    for command in (("pack", "churn.joblib", "-o", "churn.mlpack"), ("convert", "digits.h5", "-o", "digits.onnx")):
        done(place, variables(place), *command)
    return place


def churn(place: Path) -> None:
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    rows = pd.DataFrame({"months": random.integers(1, 72, 300), "spend": random.normal(50, 20, 300)})
    joblib.dump(LogisticRegression().fit(rows, rows["months"] < 24), place / "churn.joblib")
    (place / "churn.pkl").write_bytes(UNLISTED)
    (place / "rows").mkdir()
    for part in range(2):
        rows.assign(customer_id=np.arange(300) + 300 * part).to_parquet(place / "rows" / f"{part}.parquet")


def digits(place: Path) -> None:
    import keras

    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, activation="softmax")])
    model.save(place / "digits.h5")


def variables(place: Path) -> dict[str, str]:
    """Cache and trust of these examples alone."""
    own = {"MLPACK_CACHE": str(place / ".cache"), "XDG_CONFIG_HOME": str(place / ".config")}
    return {**os.environ, **own, "PYTHONPATH": str(ROOT), "MLPACK_GRPC_PORT": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}


def done(place: Path, environment: Mapping[str, str], *words: str) -> str:
    ended = subprocess.run([*PROGRAM, *words], cwd=place, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def served(place: Path, environment: Mapping[str, str], *words: str) -> Iterator[str]:
    """The address of a service that `mlpack serve` became. It is ended by Ctrl-C."""
    with subprocess.Popen([*PROGRAM, *words], cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout
        try:
            for line in service.stdout:
                if line.startswith("  REST"):
                    yield line.split()[1]
                    break
            else:
                pytest.fail("it ended before it was ready")
        finally:
            service.send_signal(signal.SIGINT)
            service.communicate(timeout=60)
    assert service.returncode == 0


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return str(listening.getsockname()[1])


@pytest.mark.parametrize("name", [name for name, _ in helps()])
def test_every_command_shows_an_example_of_itself(name: str) -> None:
    found = [example for other, example in EXAMPLES if other == name]
    assert found
    assert all(example.startswith(f"mlpack {name}") for example in found)


def is_about(*marks: str) -> list[Any]:
    """The examples that speak of one of ``marks``, each named as it is typed."""
    return [pytest.param(example, id=example) for _, example in EXAMPLES if any(mark in example for mark in marks)]


CONTAINERS, SERVICES = ("mlpack containerize", "docker://"), ("mlpack serve", "http://")
PLAIN = [one for one in is_about("mlpack") if one not in is_about(*CONTAINERS, *SERVICES)]


def run_example(place: Path, environment: Mapping[str, str], example: str) -> None:
    words = shlex.split(example)[1:]
    if words[:2] == ["trust", "remove"]:
        done(place, environment, "trust", "add", *words[2:])
    done(place, environment, *words)
    assert all((place / after).exists() for option, after in pairwise(words) if option in WRITTEN)


@pytest.fixture
def place(folder: Path, tmp_path: Path, request) -> Path:
    """A copy of the folder, without what the example is to write."""
    copy = shutil.copytree(folder, tmp_path / "here")
    words = shlex.split(request.getfixturevalue("example"))
    for option, after in pairwise(words):
        if option in WRITTEN:
            (copy / after).unlink(missing_ok=True)
    return copy


@pytest.mark.parametrize("example", PLAIN)
def test_an_example_works(example: str, place: Path) -> None:
    run_example(place, variables(place), example)


@pytest.mark.parametrize("example", is_about("mlpack serve"))
def test_an_example_of_a_service_works(example: str, place: Path) -> None:
    """A port that is named stands for one that is free here."""
    port = free_port()
    words = [port if re.fullmatch(r"[1-9]\d{3}", word) else word for word in shlex.split(example)[1:]]
    assert port in words
    with served(place, variables(place), *words) as address:
        assert address.endswith(f":{port}")


@pytest.mark.parametrize("example", is_about("http://"))
def test_an_example_that_asks_a_service_works(example: str, place: Path) -> None:
    environment = variables(place)
    model = next(word for word in shlex.split(example) if (place / word).is_file())
    with served(place, environment, "serve", model, "-p", "0") as address:
        run_example(place, environment, example.replace("http://127.0.0.1:8080", address))


@pytest.mark.parametrize("example", is_about(*CONTAINERS))
def test_an_example_of_a_container_works(example: str, place: Path, engine, base_image) -> None:
    """Python's own image is stood in for by one of the same Python, for there is no registry to have it from."""
    engine.images.get(base_image).tag("python", f"{sys.version_info[0]}.{sys.version_info[1]}-slim")
    environment = {**variables(place), "DOCKER_HOST": os.environ["DOCKER_HOST"]}
    named = re.search(r"docker://(\S+)", example)
    if named:
        model = next(word for word in shlex.split(example) if (place / word).is_file())
        done(place, environment, "containerize", model, "-t", named[1])
    run_example(place, environment, example)
    assert not engine.containers.list(all=True)
