"""One bundle, opened for serving: it has given its golden predictions again, in this process, before it counts as open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import StartError
from ..manifest import Manifest, ManifestError, read_manifest
from ..session import Session
from ..settings import Settings
from ..signature import Signature
from .calibrate import Plan, calibrate
from .golden import Golden, read_golden, replay
from .opening import open_session
from .processors import threads_of


@dataclass(frozen=True)
class Model:
    """A bundle with its session, its golden predictions, and how requests reach it."""

    manifest: Manifest
    session: Session
    golden: Golden
    plan: Plan

    @property
    def signature(self) -> Signature:
        """What goes in and what comes out."""
        return self.manifest.signature

    def close(self) -> None:
        """Free the model."""
        self.session.close()


def open_model(folder: Path, settings: Settings) -> Model:
    """Check the bundle in ``folder``, open its model, replay its golden predictions and time it.

    Raises StartError: 7 for a bundle that is damaged, 6 for a library that is missing, 3 for other answers than the original's.
    """
    return timed(open_untimed(folder, settings), settings)


def open_untimed(folder: Path, settings: Settings) -> Model:
    """`open_model` for who is importing meanwhile: every run waits for the interpreter then, and seems costly."""
    try:
        manifest = read_manifest(folder)
    except ManifestError as error:
        raise StartError(str(error), exit_code=7, hint=error.hint) from error
    if settings.model_sha256 not in {"", manifest.model_sha256}:
        raise StartError(f"{manifest.model_path} is not the file that was judged", exit_code=7, hint=_AGAIN)
    golden = read_golden(folder, manifest.signature)
    session = _opened(manifest, settings)
    try:
        wrong = replay(session.run, golden)
    except Exception as error:
        session.close()
        raise StartError("the model does not take its golden inputs", exit_code=3, why=_line(error)) from error
    if wrong:
        session.close()
        raise StartError("the model does not answer here as the original did", exit_code=3, why=wrong, hint=_ELSEWHERE)
    return Model(manifest, session, golden, Plan())


def timed(model: Model, settings: Settings) -> Model:
    """``model`` with the plan that fits how long it takes on this machine; up to about a second is spent on it."""
    plan = calibrate(model.session.run, model.golden, model.signature, batching=settings.batching == "auto")
    return replace(model, plan=plan)


_AGAIN = "somebody replaced it while the service started: start it again"
_ELSEWHERE = "install the versions that the bundle's manifest requires, or pack the model again on this machine"


def _opened(manifest: Manifest, settings: Settings) -> Session:
    try:
        return open_session(manifest, threads_of(settings))
    except StartError:
        raise
    except Exception as error:
        raise StartError(f"{manifest.model_path} cannot be opened", exit_code=7, why=_line(error)) from error


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:500]
