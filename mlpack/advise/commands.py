"""The commands that put an advice into practice, ready to be pasted."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpack.advise.answers import Answers
from mlpack.advise.decide import Verdict
from mlpack.advise.measurements import ModelFacts
from mlpack.advise.rules import MOST_ROWS
from mlpack.core.errors import UsageError
from mlpack.runtime.manifest import is_bundle
from mlpack.scaffold.deploy.names import dns_label, image_name

MODEL = Path("model.joblib")
"""Stands for the user's file where none was named."""
_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_DEFAULT_NAME = "model"


@dataclass(frozen=True)
class Command:
    """What to type, and what it does."""

    arguments: tuple[str, ...]
    does: str

    @property
    def text(self) -> str:
        """The line for a shell."""
        return shlex.join(self.arguments)


@dataclass(frozen=True)
class Named:
    """The model as it was named: its path, the options that shape its bundle, and the flags that vouch for it."""

    path: Path = MODEL
    packing: tuple[str, ...] = ()
    vouching: tuple[str, ...] = ()

    @property
    def is_packed(self) -> bool:
        """Whether it is a bundle already."""
        return is_bundle(self.path)

    @property
    def bundle(self) -> Path:
        """The bundle: that which was named, else one that is written to this folder."""
        if self.is_packed:
            return self.path
        stem = _NO_NAME.sub("-", self.path.stem).strip("-._") or _DEFAULT_NAME
        return Path(f"{stem}.mlpack")


def commands_of(verdict: Verdict, answers: Answers, named: Named, model: ModelFacts | None) -> tuple[Command, ...]:
    """From the file to what runs, in the order in which they are typed. Nothing of a placeholder but a path of rows."""
    found = [] if named.is_packed else [_pack(named)]
    if verdict.choice("mode") != "batch":
        found += _serving(verdict, answers, named, model)
    if verdict.choice("mode") != "real time":
        found.append(_batch(verdict, named))
    return tuple(found)


def _pack(named: Named) -> Command:
    arguments = ("pack", str(named.path), "-o", str(named.bundle), *named.packing, *named.vouching)
    return _mlpack(arguments, "proves the model and packs it")


def _serving(verdict: Verdict, answers: Answers, named: Named, model: ModelFacts | None) -> list[Command]:
    bundle, (label, image) = str(named.bundle), _image(named, model)
    quiet = ("--grpc-port=-1",) if verdict.choice("protocol") in {"rest", "binary"} else ()
    long = (f"--max-rows={answers.rows_per_request}",) if answers.rows_per_request > MOST_ROWS else ()
    served = _mlpack(("serve", bundle, *quiet, *long, *named.vouching), "serves it on this machine, to try it")
    built = _mlpack(("containerize", bundle, "-t", image, *named.vouching), "builds the image, and proves that too")
    if verdict.choice("hardware") == "accelerator":
        triton = ("scaffold", bundle, "-o", f"{label}-triton", "--export", "triton", *named.vouching)
        return [
            served,
            _mlpack(triton, "the folder that Triton serves, with or without an accelerator"),
            built,
            _run(verdict, bundle, label, image),
        ]
    return [served, built, _run(verdict, bundle, label, image)]


def _run(verdict: Verdict, bundle: str, label: str, image: str) -> Command:
    named = ("--model", bundle, "--image", image, "--name", label)
    if verdict.choice("place") == "kubernetes":
        replicas = ("--replicas", str(verdict.figures.replicas))
        return _mlpack(("init", "kubernetes", *named, *replicas), "writes the manifests")
    return _mlpack(("init", "compose", *named), "writes compose.yaml")


def _batch(verdict: Verdict, named: Named) -> Command:
    files = ("-i", "rows.parquet", "-o", "predictions.parquet")
    engine = ("--engine", "ray") if verdict.choice("engine") == "ray" else ()
    return _mlpack(("batch", str(named.bundle), *files, *engine, *named.vouching), "predicts the rows of a file")


def _image(named: Named, model: ModelFacts | None) -> tuple[str, str]:
    """What the model is called in a cluster, and its image."""
    name, version = (model.name, model.version) if model and named.is_packed else (named.bundle.stem, "1")
    try:
        label = dns_label(name)
    except UsageError:  # no letter of it may stand in a name of a cluster
        label = _DEFAULT_NAME
    try:
        return label, str(image_name(f"{label}:{version}"))
    except UsageError:
        return label, f"{label}:1"


def _mlpack(arguments: Sequence[str], does: str) -> Command:
    return Command(("mlpack", *arguments), does)
