"""What runs on the nodes of a Ray cluster."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.batch.checkpoint import Part
from mlpack.batch.local import answer_span
from mlpack.batch.models import OpenModel, opened_in
from mlpack.batch.plan import Plan, Span
from mlpack.core.errors import MlpackError
from mlpack.runtime.session import Array

_PROCESSORS = 1
"""Of an actor: there is one for each processor."""


class Answerer:
    """One session, for as long as the actor lives. It is given a part's rows by where they stand, and says what it wrote.

    ``files`` is Ray's reference to the files of the bundle.
    """

    def __init__(self, plan: Plan, files: Any, format: str, sha256: str, batch_rows: int) -> None:
        self._plan = plan
        self._batch_rows = batch_rows
        self._files, self._format, self._sha256 = files, format, sha256
        self._stack = ExitStack()
        self._model: OpenModel | None = None

    def __call__(self, batch: Mapping[str, Array]) -> dict[str, Array]:
        """The parts of the spans in ``batch``, as text; an error that is ours is told as such, and Ray does not see it."""
        return {"part": np.array([json.dumps(self._answered(text)) for text in batch["span"]], dtype=object)}

    def _answered(self, text: str) -> dict[str, Any]:
        return _told(lambda: self._part(Span(**json.loads(text))).to_json())

    def _part(self, span: Span) -> Part:
        if self._model is None:
            self._model = self._open()
        return answer_span(self._plan, span, self._model.session, self._model.workers, self._batch_rows)

    def __del__(self) -> None:
        """Ray calls this where it lets an actor go; the copy of the bundle goes with it."""
        self._stack.close()

    def _open(self) -> OpenModel:
        import ray

        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="mlpack-batch-")))
        for name, content in ray.get(self._files).items():
            (folder / name).write_bytes(content)
        return self._stack.enter_context(opened_in(folder, self._format, self._sha256, _PROCESSORS))


def count_rows(batch: Mapping[str, Array], plan: Plan) -> dict[str, Array]:
    """The rows of the files at the places in ``batch``, which do not say it themselves; told as an `Answerer` tells parts."""
    found = [_told(lambda place=place: {"rows": plan.count(int(place))}) for place in batch["place"]]  # type: ignore[misc]
    return {"place": batch["place"], "count": np.array([json.dumps(one) for one in found], dtype=object)}


def _told(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return call()
    except MlpackError as error:
        return {"error": {**error.to_json(), "details": error.details}}
