"""The rendered project: equal when rendered twice, clean, and at work with nothing of mlpack around it."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scaffold.cases import ALL, HOSTILE, bundle_of

import mlpack
from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.scaffold.folder import MARKER
from mlpack.scaffold.project import project_files, service_files


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def without_mlpack(tmp_path_factory):
    """An environment in which `import mlpack` fails, and with it whatever tries to."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "mlpack.py").write_text('raise ImportError("there is no mlpack here")\n')
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLPACK"))}
    return {**plain, "PYTHONPATH": str(folder)}


def in_project(project, *command, env=None):
    ended = subprocess.run(
        [sys.executable, *command], cwd=project, env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    return ended.stdout


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A bundle with numbers, text, categories and classes that nobody would call that."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "age (years)": rng.normal(40, 10, 120),
            '"; import os #': rng.normal(size=120),
            "sex": rng.choice(["male", 'fe"male'], 120),
            "class": rng.choice([1, 2, 3], 120),
        }
    )
    scaled = (StandardScaler(), ["age (years)", '"; import os #'])
    steps = make_column_transformer(scaled, (OneHotEncoder(), ["sex"]), (OrdinalEncoder(), ["class"]))
    model = make_pipeline(steps, LogisticRegression())
    joblib.dump(model.fit(rows, np.where(rows["age (years)"] > 40, "yes", "no\n")), folder / "table.joblib")
    mlpack.pack(folder / "table.joblib", folder / "table.mlpack", data=rows)
    return folder / "table.mlpack"


@pytest.fixture(scope="module")
def project(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "project"
    mlpack.scaffold(table, folder, lock=False)
    return folder


def test_rendered_twice_is_equal_byte_for_byte(table, project, tmp_path):
    mlpack.scaffold(table, tmp_path / "again", lock=False)
    assert contents(project) == contents(tmp_path / "again")


def test_it_holds_what_the_readme_lists(project):
    listed = set(re.findall(r"^\| `([^`]+)`", (project / "README.md").read_text(), re.MULTILINE))
    assert {"app.py", "schema.py", "model.proto", "runtime/", "model/", "example.json"} == listed
    assert all((project / name).exists() for name in listed)
    assert {path.name for path in (project / "model").iterdir()} >= {"mlpack.json", "golden.npz", "model.onnx"}
    assert not list(project.rglob("__pycache__"))
    assert len((project / "app.py").read_text().splitlines()) < 20


def test_it_is_clean(project, tmp_path):
    copy = shutil.copytree(project, tmp_path / "project")
    in_project(copy, "-m", "ruff", "check", "--no-cache", ".")
    in_project(copy, "-m", "ruff", "format", "--no-cache", "--check", ".")
    in_project(copy, "-m", "mypy", "--cache-dir", str(tmp_path / "mypy"))


@pytest.mark.parametrize("layout", ALL)
def test_it_is_clean_for_every_layout(layout, tmp_path):
    from mlpack.scaffold.folder import write_project
    from mlpack.scaffold.requirements import lock_of

    manifest = bundle_of(ALL[layout], tmp_path / "bundle", name=f"a-{layout}.model")
    write_project(project_files(manifest, lock_of(manifest, hashes=False)), tmp_path / "project")
    in_project(tmp_path / "project", "-m", "ruff", "check", "--no-cache", ".")
    in_project(tmp_path / "project", "-m", "ruff", "format", "--no-cache", "--check", ".")
    in_project(tmp_path / "project", "-m", "mypy", "--cache-dir", str(tmp_path.parent / "mypy"))


def test_its_own_tests_pass_without_mlpack(project, tmp_path, without_mlpack):
    copy = shutil.copytree(project, tmp_path / "project")
    assert "2 passed" in in_project(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", env=without_mlpack)


def test_the_lines_of_its_readme_work(project, tmp_path, without_mlpack):
    """The curl line and the gRPC client, as they stand, but for the ports."""
    copy = shutil.copytree(project, tmp_path / "project")
    command = [sys.executable, "-m", "runtime", "--port=0", "--grpc-port=0", "--announce=json"]
    readme = (copy / "README.md").read_text()
    (curl,) = re.findall(r"^\$ (curl .*)$", readme, re.MULTILINE)
    (client,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len([line for line in client.splitlines() if line and not line.startswith(("import", "from"))]) <= 5
    with subprocess.Popen(command, cwd=copy, env=without_mlpack, stdout=subprocess.PIPE, text=True) as service:
        try:
            told = json.loads(service.stdout.readline())["data"]
            line = curl.replace("http://127.0.0.1:8080", told["rest"])
            asked = subprocess.run(["bash", "-c", line], cwd=copy, capture_output=True, text=True, check=True)
            (prediction,) = json.loads(asked.stdout)["predictions"]
            answer = in_project(copy, "-c", client.replace("127.0.0.1:8081", told["grpc"]), env=without_mlpack)
        finally:
            service.terminate()
    assert prediction["label"] in {"yes", "no\n"}
    assert json.dumps(prediction["label"]) in answer


def test_it_runs_in_an_environment_of_nothing_but_its_requirements(table, tmp_path):
    """As its owner installs it: by pip, with hashes, into an empty environment."""
    result = mlpack.scaffold(table, tmp_path / "project")
    assert not result.lock.reason
    venv.create(tmp_path / "venv", with_pip=False)
    python = str(tmp_path / "venv" / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--require-hashes"]
    subprocess.run([*pip, "-r", tmp_path / "project" / "requirements.txt"], check=True, capture_output=True)
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    assert subprocess.run([python, "-c", "import mlpack"], cwd=tmp_path, env=alone, check=False).returncode
    command = [python, "-m", "runtime", "--port=0", "--grpc-port=0", "--announce=json"]
    project = tmp_path / "project"
    with subprocess.Popen(command, cwd=project, env=alone, stdout=subprocess.PIPE, text=True) as service:
        try:
            told = json.loads(service.stdout.readline())["data"]
            asked = subprocess.run(["bash", "-c", told["curl"]], capture_output=True, text=True, check=True)
        finally:
            service.terminate()
    assert json.loads(asked.stdout)["predictions"][0]["label"] in {"yes", "no\n"}
    assert service.returncode == 0


def test_names_that_are_meant_to_break_out_stay_names(tmp_path):
    columns = tuple(dict.fromkeys(HOSTILE))
    signature = Signature(
        (TensorSpec("input", "float64", ("batch", len(columns))),), ALL["table"].outputs,
        columns={"input": columns}, classes=dict.fromkeys(("label", "probabilities"), ("```", "</script>")),
    )  # fmt: skip
    manifest = bundle_of(signature, tmp_path / "bundle", name="](https://evil.example)\n# `x`")
    files = project_files(manifest, None)
    readme = files["README.md"].decode()
    assert readme.startswith("# \\]\\(https://evil.example\\) \\# \\`x\\` 1\n")
    assert readme.count("```") == 8
    compile(files["schema.py"], "schema.py", "exec")
    compile(files["tests/test_golden.py"], "test_golden.py", "exec")
    assert json.loads(files["example.json"])["instances"][0].keys() == set(columns)


def test_a_name_that_is_no_text_is_refused(tmp_path):
    signature = Signature(
        (TensorSpec("input", "float64", ("batch", 2)),), ALL["value"].outputs, columns={"input": ("a\ud800", "b")}
    )
    with pytest.raises(CorruptFileError, match="no Unicode"):
        service_files(bundle_of(signature, tmp_path / "bundle"))


def test_golden_rows_that_the_signature_does_not_take(tmp_path):
    signature = Signature(
        (TensorSpec("x", "string", ("batch",)),), ALL["value"].outputs, categories={"x": ("a",)}, closed=("x",)
    )
    manifest = bundle_of(signature, tmp_path / "bundle")
    np.savez(manifest.folder / "golden.npz", **{"input/x": np.array(["b"]), "output/vector": np.zeros((1, 4))})
    with pytest.raises(CorruptFileError, match="no golden row") as caught:
        service_files(manifest)
    assert "mlpack pack" in caught.value.hint


def test_force_keeps_what_is_not_mlpacks(table, project, tmp_path):
    copy = Path(shutil.copytree(project, tmp_path / "project"))
    (copy / "mine.py").touch()
    (copy / "app.py").write_text("changed\n")
    with pytest.raises(UsageError, match="holds a scaffold"):
        mlpack.scaffold(table, copy, lock=False)
    assert (copy / "app.py").read_text() == "changed\n"
    result = mlpack.scaffold(table, copy, lock=False, force=True)
    assert (copy / "mine.py").exists()
    assert contents(copy).keys() - contents(project).keys() == {Path("mine.py"), Path("app.py.bak")}
    assert result.overwritten == {"app.py": "app.py.bak"}
    assert (copy / MARKER).read_bytes() == (project / MARKER).read_bytes()
    assert result.to_json()["requirements"]["hashes"] is False
    assert "no hashes" in result._repr_html_()


def test_a_model_file_is_packed_first(logistic_pickle, tmp_path, monkeypatch):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    result = mlpack.scaffold(logistic_pickle, tmp_path / "project", lock=False, name="cancer")
    assert result.manifest.name == "cancer"
    assert (tmp_path / "project" / "model" / "mlpack.json").is_file()


def test_the_package_is_still_a_package():
    import mlpack.scaffold.schema as module

    assert module.schema_source
    assert callable(mlpack.scaffold)
