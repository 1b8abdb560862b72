"""Opens a bundle for prediction in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.errors import DataError, UsageError
from mlpack.core.model_file import manifest_in
from mlpack.core.trust import Trust
from mlpack.formats import format_named
from mlpack.frameworks import framework_of
from mlpack.runtime.session import ClosingSession, Feed, Outputs, Session
from mlpack.runtime.signature import Signature
from mlpack.verify.absent import missing_text, with_text
from mlpack.verify.inputs import feed_of


class Predictor(ClosingSession):
    """A bundle, opened. It takes rows as they are at hand: a table, an array, a list of rows, or arrays by input name."""

    def __init__(self, session: Session, name: str) -> None:
        self.signature = session.signature
        self.name = name
        self._session: Session | None = session

    def run(self, feed: Any) -> Outputs:
        """Predict. ``feed`` is brought into the shapes and dtypes of the signature.

        Raises DataError where it does not fit, or where the model refuses what is in it; UsageError after `close`.
        """
        if self._session is None:
            raise UsageError(f"the bundle {self.name} is closed", hint="open it again: mlpack.load(...)")
        fitted = feed_of(feed, self.signature) if feed is not None else None
        if fitted is None:
            raise DataError("there are no rows", hint="pass a table, an array, or a dict of arrays by input name")
        fitted = _with_text(fitted, self.signature)
        taken = {
            spec.name: np.asarray(fitted[spec.name]).astype(spec.dtype if spec.is_numeric else object)
            for spec in self.signature.inputs
        }
        try:
            return self._session.run(taken)
        except Exception as error:
            raise DataError(
                f"{self.name} does not take these rows", why=f"{type(error).__name__}: {error}".partition("\n")[0]
            ) from error

    def close(self) -> None:
        """Free the model."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def __repr__(self) -> str:
        inputs = ", ".join(str(spec) for spec in self.signature.inputs)
        return f"<bundle {self.name}: {inputs} → {', '.join(str(spec) for spec in self.signature.outputs)}>"


def _with_text(feed: Feed, signature: Signature) -> Feed:
    """``feed`` with the text that stands for a missing one; where none may be missing, none gets the original's answer.

    Raises DataError.
    """
    gone = [name for name in missing_text(feed, signature) if name not in signature.nulls]
    if gone:
        raise DataError(
            f"the column {gone[0]!r} has missing text, and this bundle was not proven on that",
            why="a missing text reaches the packed model as an empty one, which the original answers otherwise, or refuses",
            hint="fill it as the original pipeline does before it packs, and train and pack the model on filled columns",
        )
    return with_text(feed, signature, signature.nulls)


def open_bundle(path: Path, trust: Trust) -> Predictor:
    """The model in the bundle at ``path``, whose files are checked against the manifest first.

    Raises UsageError, CorruptFileError, TrustError, MissingLibraryError.
    """
    manifest = manifest_in(path)
    model = format_named(manifest.model_format).load(manifest.model_path, trust)
    return Predictor(framework_of(model).session(model, manifest.signature), manifest.name)
