"""A bundle that is replaced while it is served: it takes over once it has proven itself, and no request is lost meanwhile."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlpack


def fitted(cancer, strength: float = 0.01):
    rows, labels = cancer
    return make_pipeline(StandardScaler(), LogisticRegression(C=strength)).fit(rows, labels)


@pytest.fixture(scope="module")
def better(cancer, shelf) -> Path:
    """The same signature, other weights, another version."""
    path = shelf / "process" / "better.mlpack"
    mlpack.pack(fitted(cancer), path, sample=cancer[0], name="logistic", version="2", budget=5)
    return path


@pytest.fixture(scope="module")
def other(cancer, shelf) -> Path:
    """Another signature: two columns less."""
    path = shelf / "process" / "other.mlpack"
    rows = cancer[0][:, :28]
    mlpack.pack(LogisticRegression(max_iter=5000).fit(rows, cancer[1]), path, sample=rows, name="logistic", budget=5)
    return path


def packed_native(cancer, shelf, version: str, strength: float) -> Path:
    path = shelf / "process" / f"native-{version}.mlpack"
    model = fitted(cancer, strength)
    mlpack.pack(model, path, sample=cancer[0], name="logistic", version=version, format="native", budget=5)
    return path


@pytest.fixture(scope="module")
def native(cancer, shelf) -> Path:
    """A joblib file, which may carry code."""
    return packed_native(cancer, shelf, "3", 0.01)


@pytest.fixture
def served_native(cancer, shelf, tmp_path) -> tuple[Path, Path]:
    """Another joblib file, and the project that serves it."""
    first = packed_native(cancer, shelf, "1", 1.0)
    project = tmp_path / "native-project"
    mlpack.scaffold.scaffold(first, project, lock=False)
    return Path(shutil.copytree(first, tmp_path / "served.mlpack")), project


@pytest.fixture(scope="module")
def first(cancer, shelf) -> Path:
    path = shelf / "process" / "first.mlpack"
    mlpack.pack(fitted(cancer, 1.0), path, sample=cancer[0], name="logistic", version="1", budget=5)
    return path


@pytest.fixture
def served(first, tmp_path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "served.mlpack"))


def replace(served: Path, new: Path) -> None:
    """As a deployment does: the new folder beside the old one, then two renames."""
    shutil.copytree(new, served.with_suffix(".new"))
    served.rename(served.with_suffix(".old"))
    served.with_suffix(".new").rename(served)


def version(running) -> str:
    return json.loads(running.ask("/v2/models/logistic")[1])["versions"][0]


def refusals(running) -> list[str]:
    return [line["why"] for line in running.lines() if line["msg"].startswith("the new bundle is refused")]


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_better_model_takes_over(start, load, until, project, served, better, workers):
    running = start(project, "--model", str(served), "--reload", "--workers", workers)
    assert version(running) == "1"
    before = running.ask("/predict", (project / "example.json").read_bytes())[1]
    loading = load(running, clients=8, seconds=10)
    replace(served, better)
    until(lambda: {version(running) for _ in range(8)} == {"2"})
    assert running.ask("/predict", (project / "example.json").read_bytes())[1] != before
    found = loading.result()
    assert not found.lost
    assert set(found.statuses) == {"200"}
    assert f'mlpack_reloads_total{{outcome="taken over"}} {workers}.0'.encode() in running.ask("/metrics")[1]
    assert not refusals(running)
    assert running.end() == 0


def test_another_signature_does_not(start, until, project, served, other):
    running = start(project, "--model", str(served), "--reload")
    replace(served, other)
    (why,) = until(lambda: refusals(running))
    assert "its signature is another" in why
    assert version(running) == "1"
    assert running.predict() == 200
    assert running.ask("/readyz")[0] == 200


def test_files_that_arrive_one_by_one(start, until, project, served, better):
    """What is half there is refused, and looked at again when the rest has come."""
    running = start(project, "--model", str(served), "--reload")
    for name in ("mlpack.json", "golden.npz"):
        shutil.copyfile(better / name, served / name)
    assert "is not the file" in until(lambda: refusals(running))[0]
    for file in better.iterdir():
        shutil.copyfile(file, served / file.name)
    until(lambda: version(running) == "2")


def test_a_folder_that_is_away_for_a_while(start, until, project, served, better):
    running = start(project, "--model", str(served), "--reload")
    shutil.rmtree(served)
    assert running.predict() == 200
    shutil.copytree(better, served)
    until(lambda: version(running) == "2")
    assert not refusals(running)


def test_links_are_not_followed(start, until, project, served, better):
    running = start(project, "--model", str(served), "--reload")
    (served / "model.onnx").unlink()
    (served / "model.onnx").symlink_to(better / "model.onnx")
    assert "is no regular file" in until(lambda: refusals(running))[0]


def test_what_may_carry_code_wants_somebody_to_judge_it(start, until, project, served, native):
    running = start(project, "--model", str(served), "--reload")
    replace(served, native)
    assert "may carry code" in until(lambda: refusals(running))[0]


def check(tmp_path: Path, code: int) -> str:
    """A command that notes what it was given, and ends with ``code``."""
    script = tmp_path / "check it.py"
    script.write_text(
        "import os, sys\n"
        f"open({str(tmp_path / 'checked')!r}, 'w').write('\\n'.join([sys.argv[-1], *os.listdir(sys.argv[-1])]))\n"
        f"print('judged'); sys.exit({code})\n"
    )
    return shlex.join([sys.executable, str(script), "--strictly"])


def test_a_check_that_agrees(start, until, served_native, native, tmp_path):
    served, project = served_native
    running = start(project, "--model", str(served), "--reload", "--reload-check", check(tmp_path, 0))
    replace(served, native)
    until(lambda: version(running) == "3")
    assert running.predict() == 200
    path, *files = (tmp_path / "checked").read_text().splitlines()
    assert path != str(served), "a copy is judged that nobody can change before it is opened"
    assert set(files) == {file.name for file in native.iterdir()}
    assert not Path(path).parent.exists()


def test_a_check_that_does_not(start, until, project, served, better, tmp_path):
    running = start(project, "--model", str(served), "--reload", "--reload-check", check(tmp_path, 4))
    replace(served, better)
    assert "ended with 4: judged" in until(lambda: refusals(running))[0]
    assert version(running) == "1"
    assert b'mlpack_reloads_total{outcome="refused"} 1.0' in running.ask("/metrics")[1]


def test_a_check_that_does_not_agree_at_the_start(launched, served_native, tmp_path):
    """Whoever starts first finds what is there then, as whoever takes the place of one that died does."""
    served, project = served_native
    options = ("--model", str(served), "--reload", "--reload-check", check(tmp_path, 4))
    process = launched(project, tmp_path / "log", *options)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    (error,) = json.loads(told)["errors"]
    assert "ended with 4" in json.dumps(error)
    assert "judged" in json.dumps(error)


def test_what_carries_no_code_is_not_judged_at_the_start(start, project, served, tmp_path):
    """It would take the time of a scan."""
    running = start(project, "--model", str(served), "--reload", "--reload-check", check(tmp_path, 4))
    assert running.predict() == 200
    assert not (tmp_path / "checked").exists()


ONLY_ONE = """
import json, sys
from pathlib import Path
sys.exit(4 * (json.loads(Path(sys.argv[1], "mlpack.json").read_text())["version"] != "1"))
"""


def test_a_replacement_does_not_open_what_is_refused(start, until, served_native, native, tmp_path):
    served, project = served_native
    script = tmp_path / "only_one.py"
    script.write_text(ONLY_ONE)
    command = shlex.join([sys.executable, str(script)])
    running = start(project, "--model", str(served), "--reload", "--reload-check", command, "--workers", "2")
    replace(served, native)
    os.kill(running.workers()[0], signal.SIGKILL)
    deaths = until(lambda: [one for one in running.lines() if one.get("exit_code") == 2])
    assert "ended with 4" in deaths[0]["why"]
    until(lambda: refusals(running))
    assert {version(running) for _ in range(8)} == {"1"}
    assert running.predict() == 200
