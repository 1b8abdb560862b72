"""The pipeline of a repository that holds a model: scan, convert, verify, containerize, each held by its exit code."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, assert_never

import mlpack
from mlpack.core.errors import UsageError
from mlpack.core.model_file import Header
from mlpack.formats import claimed_by_ending, format_named, identify
from mlpack.frameworks import all_frameworks
from mlpack.scaffold.deploy.names import dns_label, image_name
from mlpack.scaffold.deploy.yaml_text import line, quoted
from mlpack.scaffold.templates import render

Provider = Literal["github", "gitlab"]
COMMIT: Mapping[Provider, str] = {"github": "GITHUB_SHA", "gitlab": "CI_COMMIT_SHA"}
"""The variable in which each keeps the commit: the tag of the image."""
_SERVICE = ("serve", "grpc")
_BOOSTERS = ("xgboost.", "lightgbm.")
_ONNX = "onnx"
_TABLES: Mapping[tuple[str, ...], tuple[str, ...]] = {("sklearn",): ("pandas",)}
"""Pipelines are trained on tables, and take nothing else where they name columns."""
_OWN = "requirements.txt"
"""In which a repository pins what its models are trained with, and have to be loaded with."""
_PICKLES = frozenset({"joblib", "pickle"})
"""Any object may lie in one; most are scikit-learn's."""
_SARIF = "reports/scan.sarif"
_JUNIT = "reports/parity.xml"


@dataclass(frozen=True)
class Pipeline:
    """What a pipeline does with ``model``: paths are in the repository, and ``image`` has no tag.

    ``extras`` are mlpack's, ``more`` is what pip is told beside them.
    """

    name: str
    model: str
    data: str | None
    image: str
    extras: tuple[str, ...]
    more: tuple[str, ...]
    converted: bool
    """False for a model that is ONNX already: it is packed instead, and its bundle is what is verified."""

    def lines(self, provider: Provider) -> dict[str, str]:
        """The command of each step, for a shell."""
        rows = [f"--data={self.data}"] if self.data else []
        proven = f"build/{self.name}.{'onnx' if self.converted else 'mlpack'}"
        install = f'"mlpack-toolkit[{",".join(self.extras)}]=={mlpack.__version__}"'
        tag = f'"{self.image}:${COMMIT[provider]}"'
        return {
            "install": " ".join(["python -m pip install", install, *self.more]),
            "scan": shlex.join(["mlpack", "scan", self.model, "--sarif", _SARIF]),
            "convert": shlex.join(["mlpack", "convert" if self.converted else "pack", self.model, "-o", proven, *rows]),
            "verify": shlex.join(["mlpack", "verify", self.model, proven, *rows, "--report", _JUNIT]),
            "containerize": f"{shlex.join(['mlpack', 'containerize', self.model, *rows])} -t {tag}",
        }


def pipeline_of(
    root: Path, model: str | Path, data: str | Path | None, image: str | None, name: str | None
) -> Pipeline:
    """The pipeline for ``model`` in the repository at ``root``.

    Where the file is there, its library decides what is installed; else its ending does. A ``requirements.txt`` is installed
    too. Raises UsageError, and what keeps a file that is there from being read.
    """
    path = _in_repository(model, "--model")
    header = _header_of(root / path)
    extras = _extras_of(PurePosixPath(path), header)
    label = dns_label(name or PurePosixPath(path).stem)
    formats = (header.format,) if header else claimed_by_ending(Path(path))
    return Pipeline(
        label,
        path,
        _in_repository(data, "--data") if data is not None else None,
        _without_tag(image) if image else label,
        (*extras, *_SERVICE),
        (*_TABLES.get(extras[:1], ()), *(("--requirement", _OWN) if (root / _OWN).is_file() else ())),
        converted=formats[:1] != (_ONNX,),
    )


def pipeline_files(pipeline: Pipeline, provider: Provider) -> dict[str, bytes]:
    """The one file of ``provider``, by its path in the repository."""
    lines = {step: line(command) for step, command in pipeline.lines(provider).items()}
    context = {
        "title": quoted(pipeline.name),
        "converted": pipeline.converted,
        "sarif": _SARIF,
        "junit": _JUNIT,
        "lines": lines,
    }
    match provider:
        case "github":
            return {f".github/workflows/{pipeline.name}.yml": render("ci/github.yml.j2", context).encode()}
        case "gitlab":
            return {".gitlab-ci.yml": render("ci/gitlab.yml.j2", context).encode()}
    assert_never(provider)


def _in_repository(path: str | Path, option: str) -> str:
    """``path`` as the shell of a pipeline gets it. Raises UsageError."""
    text = str(path)
    parts = PurePosixPath(text).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise UsageError(
            f"{text!r} is no path in the repository",
            why="the pipeline runs in a clone of it, and finds there what was committed",
            hint=f"name it from the top of the repository: {option} models/churn.joblib",
        )
    if not text.isprintable() or "${{" in text:
        raise UsageError(
            f"{text!r} cannot be written into a pipeline",
            why="GitHub puts something else in the place of ${{, and a line of a script cannot hold what is not printed",
            hint="rename the file",
        )
    return f"./{text}" if text.startswith("-") else text


def _header_of(path: Path) -> Header | None:
    """What the model file says of itself; None where there is none yet. Raises UsageError for a folder."""
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder, and a pipeline begins with a model file",
            why="the service is proven against the original model, which a bundle does not hold",
            hint="name the file that training writes: --model models/churn.joblib",
        )
    return identify(path)[1] if path.exists() else None


def _extras_of(path: PurePosixPath, header: Header | None) -> tuple[str, ...]:
    """What has to be installed to convert the model."""
    if header is not None and any(name.startswith(_BOOSTERS) for name in header.classes):
        return ("boost",)
    if header is not None and header.framework is not None:
        return _named(all_frameworks()[header.framework].extra)
    claimed = claimed_by_ending(Path(path))
    if header is None and not claimed:
        raise UsageError(
            f"the ending of {path} is that of no format, and there is no such file to look at",
            hint="mlpack formats lists the endings; or make the model first",
        )
    name = header.format if header else claimed[0]
    return ("sklearn",) if name in _PICKLES else _named(format_named(name).extra)


def _named(extra: str) -> tuple[str, ...]:
    return (extra,) if extra else ()


def _without_tag(image: str) -> str:
    found = image_name(image)
    if found.tag or found.digest:
        raise UsageError(
            f"{image} has a tag already",
            why="the pipeline tags each image with its commit",
            hint=f"--image {found.name}",
        )
    return found.name
