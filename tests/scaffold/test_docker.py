"""The build context: Dockerfiles that a linter has nothing against, and that hold what they were asked to hold."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from scaffold.cases import HOSTILE, TABLE, bundle_of

from mlpack.core.errors import UsageError
from mlpack.scaffold.docker import Recipe, context_files, labels_of, quoted

HASHED = "numpy==2.0 \\\n    --hash=sha256:00\n"
PLAIN = Recipe("python:3.11-slim", "3.11", HASHED)
RECIPES = {
    "index": PLAIN,
    "no hashes": replace(PLAIN, requirements="numpy==2.0\n"),
    "wheels": replace(PLAIN, wheels=(Path("/w/numpy-2.0-py3-none-any.whl"),)),
    "own": replace(PLAIN, labels={"org.acme.team": "risk"}, arguments=("HTTP_PROXY", "TEAM"), base_digest="sha256:11"),
    "gpu": replace(PLAIN, base="nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04", gpu=True),
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return bundle_of(TABLE, tmp_path_factory.mktemp("bundle") / "table.mlpack")


def dockerfile(manifest, recipe):
    return context_files(manifest, recipe)["Dockerfile"].decode()


@pytest.mark.parametrize("name", RECIPES)
def test_a_linter_has_nothing_against_it(manifest, name):
    hadolint = Path(sys.executable).with_name("hadolint")
    ended = subprocess.run(
        [hadolint, "--no-color", "-"],
        input=dockerfile(manifest, RECIPES[name]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_is_in_the_context(manifest):
    files = context_files(manifest, RECIPES["wheels"])
    assert {
        "Dockerfile",
        ".dockerignore",
        "requirements.txt",
        "slim.py",
        "service/app.py",
        "service/runtime/health.py",
    } <= set(files)
    assert {path for path in files if path.startswith("model/")} == {
        f"model/{path.name}" for path in manifest.folder.iterdir()
    }
    assert files["wheels/numpy-2.0-py3-none-any.whl"] == Path("/w/numpy-2.0-py3-none-any.whl")
    assert not [path for path in files if path.endswith(".pyi") or "__pycache__" in path]
    ignored = files[".dockerignore"].decode().splitlines()
    assert ignored[0] == "*"
    kept = {line[1:] for line in ignored if line.startswith("!")} | {"Dockerfile", ".dockerignore"}
    assert {path.partition("/")[0] for path in files} == kept


def test_it_needs_no_buildkit_and_no_index_where_there_are_wheels(manifest):
    text = dockerfile(manifest, RECIPES["wheels"])
    assert "--mount" not in text
    assert "--no-index --find-links wheels --require-hashes" in text
    assert "PIP_INDEX_URL" not in text
    other = dockerfile(manifest, RECIPES["index"])
    assert "--no-index" not in other
    assert "ARG PIP_INDEX_URL" in other
    assert "--require-hashes" not in dockerfile(manifest, RECIPES["no hashes"])


def test_what_pip_is_told_ends_with_the_stage_that_installs(manifest):
    text = dockerfile(manifest, RECIPES["own"])
    first, _, rest = text.partition("AS service")
    assert "ARG TEAM" in first
    assert "ARG" not in rest
    assert "HTTP_PROXY" not in text  # docker hands it to every step by itself, and keeps it out of the history


def test_the_last_stage_ends_with_what_changes(manifest):
    last = dockerfile(manifest, PLAIN).rpartition("\nFROM ")[2]
    words = re.findall(r"^([A-Z]+)", last, re.MULTILINE)
    assert words.index("USER") < words.index("COPY")
    assert words[-1] == "LABEL"
    assert last.index("COPY model/") < last.index("COPY --from=service")


@pytest.mark.parametrize("value", HOSTILE)
def test_whatever_a_model_is_called_is_one_string(manifest, value):
    label = quoted(value)
    assert label.startswith('"')
    assert label.endswith('"')
    assert "\n" not in label
    assert not re.search(r'(?<!\\)(\\\\)*["$]', label[1:-1])
    named = replace(manifest, name=value)
    lines = dockerfile(named, PLAIN).splitlines()
    assert sum(line.startswith("FROM ") for line in lines) == 3
    assert sum(line.startswith("RUN ") for line in lines) == 2


def test_labels_of_the_user_go_last_and_have_names(manifest):
    labels = labels_of(manifest, replace(PLAIN, labels={"org.opencontainers.image.title": "ours"}))
    assert labels["org.opencontainers.image.title"] == "ours"
    with pytest.raises(UsageError, match="no name of a label"):
        labels_of(manifest, replace(PLAIN, labels={"a=b": "c"}))
    with pytest.raises(UsageError, match="no name of a build argument"):
        dockerfile(manifest, replace(PLAIN, arguments=("A B",)))


def test_one_for_a_gpu_has_its_python_from_the_distribution(manifest):
    text = dockerfile(manifest, RECIPES["gpu"])
    assert text.count("FROM python") == 3
    assert "MLPACK_PROVIDERS=CUDAExecutionProvider,CPUExecutionProvider" in text
