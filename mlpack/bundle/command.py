"""What `mlpack pack` does, from a model to a bundle."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mlpack.bundle.result import PackResult
from mlpack.bundle.signing import signer
from mlpack.bundle.write import Contents, check_folder, former_bundle, write_bundle
from mlpack.convert.attempts import Attempts, Kept, Terms
from mlpack.convert.command import prove, result_of
from mlpack.convert.routes import Route
from mlpack.core.errors import NoRouteError, UsageError
from mlpack.core.format import Format
from mlpack.core.trust import Trust
from mlpack.formats import format_named
from mlpack.verify.subject import Subject, subject_of

CHOICES = ("onnx", "torchscript", "native")
_NATIVE = {
    "sklearn": "joblib",
    "xgboost": "joblib",
    "lightgbm": "joblib",
    "keras": "keras",
    "torch": "torch",
    "torchscript": "torchscript",
    "onnx": "onnx",
}
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def run_pack(
    model: Any,
    path: Path,
    *,
    data: Any,
    name: str | None,
    version: str | None,
    format: str | None,
    wish: tuple[float | None, float | None],
    trust: Trust,
    budget: float,
    sign: Path | None,
    password: str | None,
    require_sandbox: bool,
) -> PackResult:
    """See `mlpack.bundle.pack`."""
    started = time.monotonic()
    if path.suffix not in {"", ".mlpack"}:
        raise UsageError(
            f"{path.name} has the ending of something else", why="a bundle is a folder", hint=f"-o {path.stem}.mlpack"
        )
    subject = subject_of(model)
    check_folder(path)
    chosen = _name(name, path)
    seal = signer(sign, password) if sign is not None else None
    terms = Terms(wish, trust, None, verify=True, budget=budget, require_sandbox=require_sandbox)
    with ExitStack() as stack:
        route, attempts, kept = _first_that_holds(subject, _targets(subject, format), data, terms, stack)
        conversion = result_of(subject, attempts, route, kept, kept.path, time.monotonic() - started)
        contents = Contents(subject, attempts, route, kept, chosen, version or "1", seal)
        replaced = former_bundle(path)
        manifest = write_bundle(contents, path)
    return PackResult(str(path), manifest, conversion, seal.key if seal else None, replaced)


def _first_that_holds(
    subject: Subject, targets: Sequence[Format], data: Any, terms: Terms, stack: ExitStack
) -> tuple[Route, Attempts, Kept]:
    """The first target that the model can become. Parity that fails ends the search: it gates."""
    refused: NoRouteError | None = None
    for target in targets:
        try:
            return prove(subject, target, f"model{target.suffixes[0]}", data, terms, stack)
        except NoRouteError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def _targets(subject: Subject, format: str | None) -> list[Format]:
    """The formats to try, in order. Raises UsageError for a word that is no choice."""
    if format is not None and format not in CHOICES:
        raise UsageError(f"a bundle holds no {format!r}", hint=f"--format {', '.join(CHOICES)}")
    native = subject.format or format_named(_NATIVE.get(subject.framework or "", "joblib"))
    if format == "native":
        return [native]
    if format is not None:
        return [format_named(format)]
    wanted = [format_named("onnx"), format_named("torchscript"), native]
    if native.name == "torchscript":
        wanted = [native]
    return list({form.name: form for form in wanted}.values())


def _name(name: str | None, path: Path) -> str:
    """The bundle's name: the one given, else the folder's. Raises UsageError for one that no service could bear."""
    chosen = name or path.name.removesuffix(".mlpack")
    if not _NAME.fullmatch(chosen):
        raise UsageError(
            f"{chosen!r} cannot be a model's name",
            why="it becomes part of addresses and image names: letters, digits, dots, dashes and underscores",
            hint="choose another with --name",
        )
    return chosen
