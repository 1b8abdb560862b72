"""What a command is given: a model file, a bundle, a model at hand, or the address of a service; told apart and opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from mlpack.core.errors import DataError, UsageError, WorkerError
from mlpack.core.format import Format
from mlpack.core.model_file import Header, manifest_in, sha256_of
from mlpack.core.trust import Trust
from mlpack.formats import format_named, identify
from mlpack.isolate import Sandbox, Worker
from mlpack.isolate.early import take_early
from mlpack.isolate.local import LocalWorker
from mlpack.runtime.manifest import is_bundle
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.scan.mlmodel import MLflowFolder, mlflow_folder
from mlpack.scan.mlmodel.example import example_rows
from mlpack.scan.provenance import place_beside
from mlpack.verify.absent import with_text_only
from mlpack.verify.inputs import feed_of
from mlpack.verify.peer import Peer
from mlpack.verify.remote.address import Address, address_of, is_address
from mlpack.verify.remote.side import RemoteSide
from mlpack.verify.report import Party
from mlpack.verify.truths import truths_of

ESTIMATORS = frozenset({"sklearn", "lightgbm", "xgboost"})
"""Frameworks whose models take the columns of a table, and know how many and what they are called."""
_LIKE_AN_ADDRESS = re.compile(r"[\w.-]+(/[\w./-]+)?:[\w.-]+")
"""``localhost:8080`` and ``churn:1``: what is an address but for its scheme."""


@dataclass(frozen=True)
class Subject:
    """A model: ``path`` with its ``format`` and ``header``, or the ``model`` itself, or the ``address`` of a service.

    ``name`` is the one in the manifest of a bundle, ``fill`` what it reads as text where one is missing. ``mlflow`` is the
    folder that the model lay in, where MLflow saved it.
    """

    path: Path | None = None
    format: Format | None = None
    header: Header | None = None
    model: Any = None
    address: Address | None = None
    name: str = ""
    mlflow: MLflowFolder | None = None
    fill: Mapping[str, str] = field(default_factory=dict)

    @property
    def framework(self) -> str | None:
        """The framework, as far as it can be told without loading anything."""
        if self.header is not None or self.address is not None:
            return self.header.framework if self.header is not None else None
        from mlpack.frameworks import framework_of

        return framework_of(self.model).name

    @property
    def names(self) -> tuple[str, ...]:
        """What a service of this model may be called."""
        folder = self.mlflow.folder.absolute().name if self.mlflow else ""
        return tuple(name for name in (self.name, folder, self.path.stem if self.path else "") if name)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the file; empty for a model at hand."""
        return sha256_of(self.path) if self.path else ""

    @property
    def sandbox(self) -> Sandbox:
        """What a worker that opens it has to read: the file and what belongs to it, all beside it."""
        if self.path is None:
            return Sandbox()
        weights = self.header.external_files if self.header is not None else ()
        return Sandbox((self.path, place_beside(self.path), *(self.path.with_name(name) for name in weights)))

    def feed(self, data: Any, signature: Signature | None) -> Feed | None:
        """``data`` as a feed, see `feed_of`; without any the input example that MLflow saved, where it fits the model and has
        rows to compare.

        Raises DataError for ``data`` that does not fit.
        """
        if data is not None or self.mlflow is None:
            return feed_of(data, signature)
        try:
            example = feed_of(example_rows(self.mlflow), signature)
            if example is not None and signature is not None:
                with_text_only(example, signature)
        except DataError:
            return None  # nobody asked for it
        return example

    def sample(self, data: Any) -> Feed | None:
        """What of ``data`` helps to open the model: all of it where the model does not know its inputs, of estimators the
        columns of truth values. Raises DataError, MissingLibraryError.
        """
        if self.framework not in ESTIMATORS:
            return self.feed(data, None) if self.framework in {"torch", "torchscript", None} else None
        return truths_of(data if data is not None or self.mlflow is None else example_rows(self.mlflow))

    def party(self, peer: Peer) -> Party:
        """How a report names this model."""
        if self.address is not None:
            return Party(self.address.text, self.address.scheme, peer.framework, versions=peer.versions)
        return Party(
            path=str(self.path) if self.path else f"{type(self.model).__qualname__} at hand",
            format=self.format.name if self.format else "object",
            framework=peer.framework,
            sha256=self.sha256,
            versions=peer.versions,
        )


def subject_of(model: Any) -> Subject:
    """Tell what ``model`` is: a path to a file, a bundle or an MLflow folder, or a model at hand.

    Raises UsageError for an address or any other folder, CorruptFileError, UnrecognisedFileError; UnsafeFileError, NoRouteError
    for an MLflow folder.
    """
    if not isinstance(model, str | Path):
        return Subject(model=model)
    if is_address(str(model)):
        raise UsageError(
            f"{model} is an address, and only the candidate of a comparison may be a running service",
            why="a service shows its answers, and not the model behind them",
            hint="name the model file or bundle that is served there",
        )
    path = Path(model)
    if not is_bundle(path):
        mlflow = mlflow_folder(path)
        file = mlflow.model if mlflow else path
        form, header = identify(file)
        return Subject(file, form, header, mlflow=mlflow)
    manifest = manifest_in(path)
    form = format_named(manifest.model_format)
    header = form.read_header(manifest.model_path)
    return Subject(manifest.model_path, form, header, name=manifest.name, fill=manifest.signature.nulls)


def candidate_of(model: Any) -> Subject:
    """As `subject_of`; an address of a running service is told, too. Raises UsageError for one that is none."""
    if isinstance(model, Address):
        return Subject(address=model)
    if isinstance(model, str) and is_address(model):
        return Subject(address=address_of(model))
    if isinstance(model, str) and _LIKE_AN_ADDRESS.fullmatch(model) and not Path(model).exists():
        raise UsageError(
            f"{model} does not exist",
            why="there is no such file, and an address begins with what is spoken there",
            hint=f"http://{model} or grpc://{model} for a service, docker://{model} for an image",
        )
    return subject_of(model)


def start(subject: Subject, target: str, name: str, *, require_sandbox: bool = False) -> Worker | LocalWorker:
    """Start the worker that ``subject`` will be opened in; one in this process for a model at hand, and for a service.

    ``target`` is the class that lives there, as ``"package.module:Class"``.
    """
    if subject.address is not None:
        return LocalWorker(RemoteSide())
    if subject.path is not None:
        early = None if require_sandbox else take_early(target, subject.sandbox)
        if early is not None:
            early.name = name
            return early
        worker = Worker(target, name=name, sandbox=subject.sandbox, require_sandbox=require_sandbox)
        if subject.framework == "sklearn":
            with suppress(WorkerError):  # which its first call raises
                worker.tell("warm_up", libraries=["sklearn"])
        return worker
    import importlib

    module, _, kind = target.partition(":")
    return LocalWorker(getattr(importlib.import_module(module), kind)())


def begin_open(subject: Subject, peer: Peer, trust: Trust, sample: Feed | None) -> None:
    """Start to open ``subject`` in the worker of ``peer``; `Peer.finish_open` waits for it and raises what loading raises."""
    if subject.path is not None and subject.format is not None:
        peer.begin_open(subject.path, subject.format.name, trust, sample)
    else:
        peer.begin_adopt(subject.model, sample)


def open_subject(
    subject: Subject, worker: Worker | LocalWorker, trust: Trust, sample: Feed | None, hang: float
) -> Peer:
    """Open ``subject`` in ``worker``. Raises what loading raises."""
    peer = Peer(worker, hang)
    begin_open(subject, peer, trust, sample)
    peer.finish_open()
    return peer
