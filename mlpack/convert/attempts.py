"""Tries the variants of a route, in order, until one answers like the original."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlpack.convert import SOURCE
from mlpack.convert.provenance import proof, provenance
from mlpack.convert.result import Refusal
from mlpack.convert.routes import Route
from mlpack.core.errors import DataError, MissingLibraryError, MlpackError, UnsupportedOperatorError, WorkerError
from mlpack.core.model_file import sha256_of
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.frameworks import all_frameworks
from mlpack.isolate import Protection, Sandbox, Worker
from mlpack.isolate.local import LocalWorker
from mlpack.isolate.protection import weakest
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.command import SIDE
from mlpack.verify.parity import measure, sandbox_of
from mlpack.verify.peer import Peer
from mlpack.verify.report import ParityReport, Party
from mlpack.verify.subject import Subject
from mlpack.verify.trial import Reference

_BUILD_SECONDS = 3600.0


@dataclass(frozen=True)
class Terms:
    """What the user asked of a conversion, beyond where it leads."""

    wish: tuple[float | None, float | None] = (None, None)
    trust: Trust = NO_TRUST
    opset: int | None = None
    verify: bool = True
    budget: float = 30.0
    require_sandbox: bool = False

    @property
    def hang(self) -> float:
        """The longest wait for one prediction, in seconds."""
        return max(120.0, 4 * self.budget)


@dataclass(frozen=True)
class Kept:
    """A staged file whose answers hold."""

    path: Path
    variant: str
    summary: str
    report: ParityReport | None
    signature: Signature
    """Of the staged file, as its own session has it; of the original where nothing was verified."""

    @property
    def files(self) -> list[Path]:
        """The staged file, then those that belong to it by their names. The folder may hold others: a worker could write
        there, and what is called otherwise must not get beside the output.
        """
        beside = sorted(self.path.parent.glob(f"{glob.escape(self.path.name)}.*"))
        return [path for path in (self.path, *beside) if path.is_file() and not path.is_symlink()]


@dataclass
class Attempts:
    """The runs of one conversion: a reference that stays, and one candidate process that opens variant after variant."""

    subject: Subject
    reference: Reference
    example: Feed
    terms: Terms
    stack: ExitStack
    name: str
    """The name of the file to come: weights beside it are named after it."""
    frugal: bool = False
    """Whether the original may be let go once it was saved: a copy of a large model needs no two of it in memory."""
    warm: Worker | None = None
    refused: list[Refusal] = field(default_factory=list)
    failures: list[MlpackError] = field(default_factory=list)
    last_report: ParityReport | None = None
    _special: dict[tuple[tuple[str, str], ...], Worker] = field(default_factory=dict)
    _protections: list[Protection] = field(default_factory=list)

    def run(self, route: Route) -> Kept | None:
        """The first variant of ``route`` that holds, or None; what was refused is in ``refused``."""
        self._prepare(self.reference.peer.worker, route)
        choice = [0] * len(route.converters)
        while True:
            staged = self._stage(len(self.refused), route)
            answer = self._attempt(choice, staged, route)
            if "exhausted" in answer:
                if not _advance(choice, answer["exhausted"] - 1):
                    return None
                continue
            variant = "; ".join(answer["names"])
            if "failed" in answer:
                self._refuse(variant, answer)
                if not _advance(choice, answer["depth"]):
                    return None
                continue
            signature, report = self.reference.signature, None
            if self.terms.verify:
                if self.frugal and not route.converters:
                    self.reference.release()
                signature, report = self._measure(staged, route)
            if report is None or report.passed:
                route.target.stamp(staged, proof(report))
                return Kept(staged, variant, answer["summary"], report, signature)
            self.last_report = report
            self.refused.append(Refusal(variant or "saved as it is", report.reason, report.max_abs))
            if self.hopeless or not _advance(choice, len(choice) - 1):
                return None

    @property
    def sandbox(self) -> Protection:
        """What was in force in every worker that took part."""
        return weakest([self.reference.peer.worker.protection, *self._protections])

    @property
    def hopeless(self) -> bool:
        """Whether no variant can do better: it is the original that answers the same to everything."""
        return self.last_report is not None and self.last_report.verdict == "VACUOUS"

    def _prepare(self, worker: Worker | LocalWorker, route: Route) -> None:
        worker.call(
            "prepare",
            converters=[converter.name for converter in route.converters],
            example=dict(self.example),
            opset=self.terms.opset,
        )

    def _attempt(self, choice: Sequence[int], staged: Path, route: Route) -> dict[str, Any]:
        arguments = {
            "choice": list(choice),
            "path": str(staged),
            "format": route.target.name,
            "provenance": provenance(self.subject, route),
        }
        answer: dict[str, Any] = self.reference.peer.worker.call("attempt", timeout=_BUILD_SECONDS, **arguments)
        if "needs" not in answer:
            return answer
        try:
            special = self._worker_with(answer["needs"], route)
            again: dict[str, Any] = special.call("attempt", timeout=_BUILD_SECONDS, **arguments)
        except WorkerError as error:
            return {**answer, "depth": len(choice) - 1, "failed": error.message, "why": error.why, "hint": ""}
        return again

    def _worker_with(self, environment: Mapping[str, str], route: Route) -> Worker:
        """A second worker with the original model, started with ``environment``."""
        key = tuple(sorted(environment.items()))
        if key not in self._special:
            if self.subject.path is None or self.subject.format is None:
                raise WorkerError("this way needs a fresh process, and the model is in this one only")
            sandbox = replace(self.subject.sandbox, writes=(self.reference.peer.worker.scratch,))
            worker = self.stack.enter_context(self._worker(SOURCE, "converter", sandbox, environment))
            Peer(worker).open(self.subject.path, self.subject.format.name, self.terms.trust, None)
            self._special[key] = worker
            self._protections.append(worker.protection)
        self._prepare(self._special[key], route)
        return self._special[key]

    def _measure(self, staged: Path, route: Route) -> tuple[Signature, ParityReport]:
        """Open the staged file in the candidate's process and hold it against the reference."""
        worker = self.warm
        if worker is None:
            sandbox = Sandbox((self.reference.peer.worker.scratch,))
            worker = self.stack.enter_context(self._worker(SIDE, "candidate", sandbox))
        candidate = Peer(worker, self.terms.hang)
        parties = (self.subject.party(self.reference.peer), Party(staged.name, route.target.name, route.target.name))
        try:
            candidate.open(staged, route.target.name, self._trust_in(staged), self.example)
            report = measure(
                self.reference,
                candidate,
                (parties[0], replace(parties[1], framework=candidate.framework)),
                rtol=self.terms.wish[0],
                atol=self.terms.wish[1],
                budget=self.terms.budget,
            )
        except (MissingLibraryError, DataError):
            raise
        except MlpackError as error:  # a file that cannot be loaded again is no better than one that answers wrongly
            reason = f"{error.message}: {error.why}" if error.why else error.message
            report = ParityReport("FAIL", reason, *parties, sandbox=sandbox_of(self.reference.peer, candidate))
        self._protections.append(report.sandbox)
        self.warm = worker if worker.alive else None
        return candidate.signature, report

    def _trust_in(self, staged: Path) -> Trust:
        """What was made of a file that the user vouched for is vouched for; what was made of any other is judged anew."""
        trust = self.terms.trust
        return trust.also(sha256_of(staged)) if trust.vouches_for(self.subject.sha256) else trust

    def _worker(self, target: str, name: str, sandbox: Sandbox, environment: Mapping[str, str] | None = None) -> Worker:
        required = self.terms.require_sandbox
        return Worker(target, name=name, environment=environment, sandbox=sandbox, require_sandbox=required)

    def _stage(self, number: int, route: Route) -> Path:
        folder = self.reference.peer.worker.scratch / f"variant-{len(route.converters)}-{number}"
        folder.mkdir(exist_ok=True)
        return folder / self.name

    def _refuse(self, variant: str, answer: Mapping[str, Any]) -> None:
        reason = f"{answer['failed']}: {answer['why']}" if answer["why"] else answer["failed"]
        self.refused.append(Refusal(variant, reason))
        self.failures.append(UnsupportedOperatorError(answer["failed"], why=answer["why"], hint=answer["hint"]))


def warm_candidate(route: Route, framework: str, staging: Path, terms: Terms) -> Worker:
    """A candidate's worker that imports what it will need while the original is still being loaded and converted.

    ``staging`` is the folder that the files to be opened will lie in.
    """
    sandbox = Sandbox((staging,))
    worker = Worker(SIDE, name="candidate", sandbox=sandbox, require_sandbox=terms.require_sandbox)
    last = route.converters[-1].target if route.converters else framework
    libraries = [all_frameworks()[last].library] if last in all_frameworks() else []
    worker.tell("warm_up", libraries=libraries)
    return worker


def _advance(choice: list[int], depth: int) -> bool:
    """Take the next variant at ``depth`` and the first of all that follow; False where there is nothing to advance."""
    if depth < 0:
        return False
    choice[depth] += 1
    choice[depth + 1 :] = [0] * (len(choice) - depth - 1)
    return True
