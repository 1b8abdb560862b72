"""Which column of an input feeds what of a model: decided by names and types before a row is read.

By name wherever the model has names for its columns; whole tensors by the name of the input, in a column of lists. A model
whose columns have no names takes a column of lists, or as many columns as it wants in the order of the file, those of
``--keep`` left out.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlpack.core.errors import DataError, UsageError
from mlpack.runtime.coerce.fields import Field, Layout, layout_of
from mlpack.runtime.signature import Signature, TensorSpec

_SHOWN = 8
_CLOSE = 0.6
_MOST_COLUMNS = 4096


@dataclass(frozen=True)
class Match:
    """``columns`` of the input are read. ``flat`` feed the fields of the layout one by one; else ``whole`` feed a tensor each,
    and ``side_by_side`` feed the only tensor together.
    """

    flat: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    side_by_side: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that the model is fed from."""
        return self.flat or self.whole or self.side_by_side

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return tuple(dict.fromkeys([*self.inputs, *self.keep]))


def match(signature: Signature, schema: Any, keep: Sequence[str], source: str, *, text: bool = False) -> Match:
    """How the columns in ``schema`` feed a model with ``signature``. Cells of ``text`` may be of any type.

    Raises DataError naming the columns that are missing, are there twice, or are of a type that the model does not take.
    """
    names = list(schema.names)
    _check_doubles(names, source)
    kept = tuple(names) if "*" in keep else tuple(keep)
    _check_kept(kept, names, source)
    layout = layout_of(signature)
    found = _matched(layout, names, schema, kept if "*" not in keep else (), source)
    match_ = Match(found.flat, found.whole, found.side_by_side, kept)
    wrong = [] if text else list(_wrong_types(match_, layout, schema))
    if text and match_.whole and not match_.flat:
        wrong = [f"{name!r} is text, and holds a whole tensor" for name in match_.whole]
    if wrong:
        raise DataError(
            f"{source} has {'a column' if len(wrong) == 1 else 'columns'} of a type that the model does not take: "
            f"{'; '.join(wrong[:_SHOWN])}",
            hint="cast it where the file is written: mlpack inspect MODEL lists what the model takes",
        )
    return match_


def known_types(signature: Signature) -> dict[str, Any]:
    """The type of each column that the model has a name for, as Arrow has it: for files that have no types themselves."""
    import pyarrow as pa

    layout = layout_of(signature)
    types = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_(), "string": pa.string()}
    found = {}
    for field in layout.fields:
        plain = types[field.kind]
        depth = 0
        if layout.kind == "tensors":
            spec = signature.input(field.spec_name)
            depth = len(spec.shape) - 1
        for _ in range(depth):
            plain = pa.list_(plain)
        found[field.name] = plain
    if layout.kind == "lists":
        found[layout.inputs[0].name] = pa.list_(types[layout.fields[0].kind])
    return found


def _matched(layout: Layout, names: Sequence[str], schema: Any, kept: Sequence[str], source: str) -> Match:
    for spec in layout.inputs:
        if spec.batch_axis != 0:
            raise UsageError(
                f"the input {spec} has no batch axis in front, and rows cannot be stacked for it",
                hint="export the model with a batch axis first",
            )
    if layout.kind == "records":
        return Match(flat=_named(layout.names, names, source))
    only = layout.inputs[0].name if len(layout.inputs) == 1 else ""
    rest = [name for name in names if name not in kept]
    if layout.kind == "values":
        return Match(flat=(only,) if only in names else _named((only,), rest, source) if len(rest) != 1 else (rest[0],))
    if layout.kind == "lists":
        if all(name in names for name in layout.names):
            return Match(flat=layout.names)
        return _of_one(only, len(layout.fields), names, rest, schema, source)
    if only and only not in names:
        return _of_one(only, _width(layout.inputs[0]), names, rest, schema, source)
    return Match(whole=_named(layout.names, names, source))


def _of_one(only: str, width: int | None, names: Sequence[str], rest: Sequence[str], schema: Any, source: str) -> Match:
    """The columns of a model with one input whose columns have no names."""
    import pyarrow as pa

    lists = [name for name in rest if is_list(schema.field(name).type) or pa.types.is_null(schema.field(name).type)]
    if only in names and is_list(schema.field(only).type):
        return Match(whole=(only,))
    if len(lists) == 1 and is_list(schema.field(lists[0]).type):
        return Match(whole=(lists[0],))
    if width is not None and len(rest) == width and width <= _MOST_COLUMNS:
        return Match(side_by_side=tuple(rest))
    count = "lists of numbers" if width is None else f"lists of {width} values"
    raise DataError(
        f"{source} has no column {only!r} with {count}"
        + (
            "" if width is None or width > _MOST_COLUMNS else f", and {len(rest)} columns where the model takes {width}"
        ),
        why="the model does not name its columns, so they are matched by position, or come as one column of lists",
        hint="leave out other columns with --keep, which sets them aside, or write the file without them",
    )


def _width(spec: TensorSpec) -> int | None:
    """The number of values of a row; None where that may vary."""
    inner = spec.shape[1:]
    return None if any(isinstance(dim, str) for dim in inner) else math.prod(int(dim) for dim in inner)


def _named(wanted: Sequence[str], names: Sequence[str], source: str) -> tuple[str, ...]:
    missing = [name for name in wanted if name not in names]
    if not missing:
        return tuple(wanted)
    raise DataError(
        f"{source} has no column {_quoted(missing)}",
        why=f"the model takes {len(wanted)} columns: {_quoted(wanted)}",
        hint=_nearest(missing, [name for name in names if name not in wanted]),
    )


def _nearest(missing: Sequence[str], others: Sequence[str]) -> str:
    folded = {name.casefold().strip(): name for name in others}
    pairs = [(name, difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=_CLOSE)) for name in missing]
    lines = [f"{folded[close[0]]!r} may be {name!r}" for name, close in pairs if close]
    if lines:
        return f"{'; '.join(lines[:_SHOWN])}: rename {'it' if len(lines) == 1 else 'them'} where the file is written"
    return "add the column, empty where a value is unknown: mlpack inspect MODEL lists what the model takes"


def _check_doubles(names: Sequence[str], source: str) -> None:
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise DataError(
            f"{source} has more than one column called {_quoted(doubles)}", hint="give each column a name of its own"
        )


def _check_kept(kept: Sequence[str], names: Sequence[str], source: str) -> None:
    missing = [name for name in kept if name not in names]
    if missing:
        close = difflib.get_close_matches(missing[0], names, n=1, cutoff=_CLOSE)
        raise DataError(
            f"{source} has no column {_quoted(missing)} to keep",
            hint=f"--keep {close[0]}" if close else f"it has {_quoted(names)}",
        )


def _wrong_types(match_: Match, layout: Layout, schema: Any) -> Any:
    if match_.flat:
        for name, field in zip(match_.flat, layout.fields, strict=True):
            if not is_taken(schema.field(name).type, field):
                yield f"{name!r} is {schema.field(name).type}, and {_noun(field)} is taken"
        return
    fields = {field.spec_name: field for field in reversed(layout.fields)}
    by_column: Mapping[str, Field] = (
        dict(zip(match_.whole, fields.values(), strict=False))
        if len(fields) == 1
        else {name: fields[name] for name in match_.whole}
    )
    for name, field in by_column.items():
        type_ = schema.field(name).type
        if not is_list(type_) or not is_taken(_innermost(type_), field):
            yield f"{name!r} is {type_}, and lists are taken, of {field.dtype}"
    for name in match_.side_by_side:
        if not is_taken(schema.field(name).type, layout.fields[0]):
            yield f"{name!r} is {schema.field(name).type}, and {_noun(layout.fields[0])} is taken"


def is_taken(type_: Any, field: Field) -> bool:
    """Whether values of an Arrow type are of the kind that ``field`` takes: as JSON has them, nothing is cast across kinds."""
    from pyarrow import types

    if types.is_null(type_):
        return True
    if types.is_dictionary(type_):
        return is_taken(type_.value_type, field)
    if field.kind == "string":
        return bool(types.is_string(type_) or types.is_large_string(type_) or type_ == "string_view")
    if field.kind == "bool":
        return bool(types.is_boolean(type_))
    return bool(types.is_integer(type_) or (field.kind == "float" and types.is_floating(type_)))


def is_list(type_: Any) -> bool:
    """Whether values of an Arrow type are lists, of any kind."""
    from pyarrow import types

    return bool(types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_))


def _innermost(type_: Any) -> Any:
    while is_list(type_):
        type_ = type_.value_type
    return type_


def _noun(field: Field) -> str:
    return {"float": "a number", "int": "a whole number", "bool": "a truth value", "string": "text"}[field.kind]


def _quoted(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
