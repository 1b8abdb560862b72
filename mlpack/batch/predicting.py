"""One chunk of rows to the rows that are written: the model is asked for a batch at a time, always for the same rows together.

A batch is cut from a chunk at multiples of the batch size, so a run that was ended and goes on asks what it would have asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpack.batch.answers import AnswerColumns, spread
from mlpack.batch.coercion import WHERE, Bad, Coercer
from mlpack.batch.job import OnError
from mlpack.batch.sources.chunk import Chunk, numbers
from mlpack.batch.written_out import Cells, WrittenOut
from mlpack.core.errors import DataError
from mlpack.core.view import json_ready
from mlpack.runtime.session import Array, Outputs, Session

_SHOWN = 10
LEAVE_OUT = "correct them, or leave them out: --on-error quarantine (or null)"
LEAVE_OUT_AND_GO_ON = (
    "leave them out, and go on after the parts that are written: --resume --on-error quarantine (or null); "
    "or correct them, and begin anew: --force"
)
"""What to do about rows that are refused, before the first part is written and after."""


@dataclass(frozen=True)
class Answered:
    """A chunk's rows as they are written (a record batch), those set aside, and what was refused, by the row's number.

    ``as_text`` counts cells that may have been meant as missing, and were taken as text.
    """

    rows: int
    batch: Any
    aside: Any
    bad: tuple[Bad, ...]
    as_text: Cells


class Predictor:
    """Answers chunks with ``session``. Safe to call from several threads where the session is."""

    def __init__(
        self,
        session: Session,
        coercer: Coercer,
        written_out: WrittenOut,
        columns: AnswerColumns,
        schema: Any,
        keep: Sequence[str],
        on_error: OnError,
        batch_rows: int,
        file: str,
        *,
        alone: bool,
    ) -> None:
        self._session = session
        self._coercer = coercer
        self._written_out = written_out
        self._columns = columns
        self._schema = schema
        self._keep = tuple(keep)
        self._on_error = on_error
        self._batch_rows = batch_rows
        self._file, self._is_alone = file, alone

    def answer(self, chunk: Chunk, first: int, before: int) -> Answered:
        """The rows of ``chunk``, of which the first is number ``first`` of the input, and the file's first number ``before``.

        Raises DataError for rows that the model does not take, where that ends a run, and for a model that raises.
        """
        outputs: list[Outputs] = []
        good: list[Array] = []
        bad: list[Bad] = []
        for start in range(0, chunk.rows, self._batch_rows):
            part = chunk.slice(start, min(self._batch_rows, chunk.rows - start))
            coerced = self._coercer.feed(part)
            bad += [Bad(first + start + one.row, one.field, one.reason) for one in coerced.bad]
            if coerced.bad and self._on_error == "fail":
                continue
            if coerced.feed is not None:
                outputs.append(self._run(coerced.feed, first + start, part.rows))
                good.append(numbers(start, part.rows) if coerced.good is None else coerced.good + start)
        if bad and self._on_error == "fail":
            raise refused(bad, "" if self._is_alone else self._file, before)
        return self._answered(chunk, first, before, outputs, good, bad)

    def _run(self, feed: Any, first: int, rows: int) -> Outputs:
        try:
            return self._session.run(feed)
        except Exception as error:
            raise DataError(
                f"the model raised on the {rows} rows from {WHERE}[{first}] on",
                why=f"{type(error).__name__}: {error}".partition("\n")[0][:500],
                hint="the signature takes these rows and the model does not: leave them out, and report it",
            ) from error

    def _answered(
        self, chunk: Chunk, first: int, before: int, outputs: list[Outputs], good: list[Array], bad: list[Bad]
    ) -> Answered:
        import pyarrow as pa

        places = np.concatenate(good) if bad and good else None
        count = chunk.rows - len({one.row for one in bad})
        arrays = (
            self._columns.arrays(outputs, count)
            if outputs
            else [pa.nulls(0, field.type) for field in self._columns.fields()]
        )
        kept = chunk
        if bad and self._on_error == "null":
            arrays = spread(arrays, places if places is not None else numbers(0, 0), chunk.rows)
        elif bad:
            kept = chunk.take(places if places is not None else numbers(0, 0))
        columns = [_fitted(kept.columns[name], self._schema.field(name), first) for name in self._keep]
        batch = pa.RecordBatch.from_arrays([*columns, *arrays], schema=self._schema)
        aside = set_aside(chunk, first, bad, self._file, before) if bad and self._on_error == "quarantine" else None
        return Answered(chunk.rows, batch, aside, tuple(bad), self._written_out.count(chunk))


def refused(bad: Sequence[Bad], file: str = "", before: int = 0) -> DataError:
    """The error that names the first rows that the model does not take, and ``file`` where there are others."""
    lines = [told(one) for one in bad[:_SHOWN]]
    more = f"\nand {len(bad) - _SHOWN} more among the next rows" if len(bad) > _SHOWN else ""
    return DataError(
        f"the model does not take row {bad[0].row}"
        + (f" (row {bad[0].row - before} of {file})" if file else "")
        + (f" and {len(bad) - 1} more near it" if len(bad) > 1 else ""),
        why="\n".join(lines) + more,
        hint=LEAVE_OUT,
    )


def told(one: Bad) -> str:
    """A refusal in the words of REST and gRPC, with the row's number in the input: ``rows[3].age: …``."""
    return f"{WHERE}[{one.row}]{one.field}: {one.reason}"


def aside_schema() -> Any:
    """The columns of rows that are set aside: their number in the input, their file and their number in that, each from 0 on,
    the reason, and their values as JSON.
    """
    import pyarrow as pa

    number, text = pa.int64(), pa.string()
    return pa.schema(
        [("row", number), ("file", text), ("row_in_file", number), ("reason", text), ("values", text)],
    )


def set_aside(chunk: Chunk, first: int, bad: Sequence[Bad], file: str, before: int) -> Any:
    """The rows that were refused, as a record batch. ``before`` the first row of ``file`` there are as many in the input."""
    import pyarrow as pa

    records = chunk.take(np.array([one.row - first for one in bad], dtype=np.int64)).records()
    rows = [
        {
            "row": one.row,
            "file": file,
            "row_in_file": one.row - before,
            "reason": told(one),
            "values": _json(record),
        }
        for one, record in zip(bad, records, strict=True)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=aside_schema())


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(json_ready(record), default=str, ensure_ascii=False, allow_nan=False)


def _fitted(column: Any, field: Any, first: int) -> Any:
    """A column that is kept, in the type that the output has for it. Raises DataError."""
    import pyarrow as pa

    if not isinstance(column, list) and column.type == field.type:
        return column
    try:
        return pa.array(column, field.type) if isinstance(column, list) else column.cast(field.type)
    except (pa.ArrowException, TypeError) as error:
        raise DataError(
            f"the column {field.name!r} is {field.type} at first, and something else among the rows from {first} on",
            why=str(error).partition("\n")[0],
            hint="leave it out of --keep, or write it with one type",
        ) from error
