"""One model in a worker process: opened, described, asked."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.framework import Framework
from mlpack.core.libraries import import_ahead
from mlpack.core.trust import Trust
from mlpack.formats import format_named
from mlpack.frameworks import framework_of
from mlpack.runtime.session import Array, Session, rows_in, take_rows
from mlpack.runtime.signature import Signature


class Side:
    """Lives in a worker; `mlpack.verify.peer.Peer` is its other end."""

    def __init__(self) -> None:
        self.model: Any = None
        self.framework: Framework
        self.signature: Signature
        self.session: Session
        self.origin: tuple[Path, str] | None = None
        """The file and its format; None for a model that was at hand."""

    def warm_up(self, libraries: Sequence[str]) -> None:
        """Import what the model to come will need, while the other side is still at work."""
        import_ahead(libraries)

    def open(
        self, path: str, format: str, trust: Mapping[str, Sequence[str]], sample: Mapping[str, Array] | None = None
    ) -> dict[str, Any]:
        """Load the file and open a session, in place of the one before. Raises what the format and the framework raise."""
        self.model = format_named(format).load(Path(path), Trust.from_json(trust))
        self.origin = (Path(path), format)
        self.framework = framework_of(self.model)
        return self._opened(sample)

    def adopt(self, model: Any, sample: Mapping[str, Array] | None = None) -> dict[str, Any]:
        """Take a model that is at hand instead of a file."""
        self.model = model
        self.framework = framework_of(model)
        return self._opened(sample)

    def hints(self) -> dict[str, Any]:
        """What the model knows of its inputs, as plain values."""
        hints = self.framework.hints(self.model, self.signature)
        return {
            "columns": {name: [vars(column) for column in columns] for name, columns in hints.columns.items()},
            "rows": dict(hints.rows),
            "takes_missing": hints.takes_missing,
        }

    def run(self, feed: Mapping[str, Array]) -> dict[str, Any]:
        """Predict: ``outputs`` or what was ``raised``, and the ``seconds`` it took."""
        return _answer(self.session, feed)

    def noise(self, feed: Mapping[str, Array]) -> dict[str, dict[str, float]]:
        """How far the model's own answers move when nothing that should matter changes.

        For each float output the largest absolute difference when the rows come in reverse order (``order``), one by
        one (``batch``), with one thread (``threads``), and against the same model computing in float64 (``float64``).
        """
        base = _answer(self.session, feed).get("outputs")
        if base is None:
            return {}
        moved: dict[str, Mapping[str, Array] | None] = {
            "order": self._in_reverse(feed),
            "batch": self._one_by_one(feed),
            "threads": self._with_one_thread(feed),
            "float64": self._in_double(feed),
        }
        return {
            source: {name: _largest(base[name], outputs[name]) for name in base if name in outputs}
            for source, outputs in moved.items()
            if outputs is not None
        }

    def stages(self, feed: Mapping[str, Array]) -> list[dict[str, Any]]:
        """A fingerprint of each layer's output on ``feed``, in the order of execution."""
        from mlpack.verify.bisect import collect

        return [stage.to_json() for stage in collect(self.framework, self.model, self.signature, feed)]

    def _opened(self, sample: Mapping[str, Array] | None) -> dict[str, Any]:
        self.signature = self.framework.signature(self.model, sample)
        self.session = self.framework.session(self.model, self.signature)
        return {
            "framework": self.framework.name,
            "signature": self.signature.to_json(),
            "versions": self._versions(),
        }

    def _in_reverse(self, feed: Mapping[str, Array]) -> Mapping[str, Array] | None:
        backwards = slice(None, None, -1)
        answer = _answer(self.session, take_rows(feed, self.signature.inputs, backwards)).get("outputs")
        return None if answer is None else take_rows(answer, self.signature.outputs, backwards)

    def _one_by_one(self, feed: Mapping[str, Array], most: int = 8) -> dict[str, Array] | None:
        answers = []
        for row in range(min(most, rows_in(feed, self.signature.inputs))):
            one = take_rows(feed, self.signature.inputs, slice(row, row + 1))
            outputs = _answer(self.session, one).get("outputs")
            if outputs is None:
                return None
            answers.append(outputs)
        joined = [spec for spec in self.signature.outputs if spec.batch_axis is not None]
        return {
            spec.name: np.concatenate([answer[spec.name] for answer in answers], axis=spec.batch_axis)
            for spec in joined
            if answers
        }

    def _with_one_thread(self, feed: Mapping[str, Array]) -> Mapping[str, Array] | None:
        import sys

        if "torch" in sys.modules and self.framework.library == "torch":
            import torch

            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return _answer(self.session, feed).get("outputs")
            finally:
                torch.set_num_threads(threads)
        if "threadpoolctl" not in sys.modules:
            return None
        from threadpoolctl import threadpool_limits

        with threadpool_limits(limits=1):
            return _answer(self.session, feed).get("outputs")

    def _in_double(self, feed: Mapping[str, Array]) -> Mapping[str, Array] | None:
        session = self.framework.in_double(self.model, self.signature)
        if session is None:
            return None
        wide = {
            name: array.astype(np.float64) if array.dtype.kind == "f" else array
            for name, array in ((name, np.asarray(array)) for name, array in feed.items())
        }
        with session:
            return _answer(session, wide).get("outputs")

    def _versions(self) -> dict[str, str]:
        try:
            return {self.framework.distribution: version(self.framework.distribution)}
        except PackageNotFoundError:
            return {}


def _answer(session: Session, feed: Mapping[str, Array]) -> dict[str, Any]:
    start = time.monotonic()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # many of the inputs are made to be troublesome
            outputs = session.run(feed)
    except Exception as error:  # noqa: BLE001 - whatever a library raises on this feed is the answer to be compared
        return {"raised": f"{type(error).__name__}: {error}"[:2000], "seconds": time.monotonic() - start}
    return {"outputs": outputs, "seconds": time.monotonic() - start}


def _largest(base: Array, moved: Array) -> float:
    """The largest finite absolute difference between the leading parts that both have; 0 for what is no float."""
    if base.dtype.kind != "f" or moved.dtype.kind != "f" or base.ndim != moved.ndim:
        return 0.0
    common = tuple(slice(min(sizes)) for sizes in zip(base.shape, moved.shape, strict=True))
    with np.errstate(all="ignore"):
        difference = np.abs(base[common].astype(np.float64) - moved[common].astype(np.float64))
    finite = difference[np.isfinite(difference)]
    return float(finite.max()) if finite.size else 0.0
