"""The user's own data, and rows drawn from what the model knows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpack.runtime.session import Feed
from mlpack.runtime.signature import TensorSpec
from mlpack.verify.probe import Probe
from mlpack.verify.probes.draw import Style
from mlpack.verify.probes.plan import Plan, join_notes, spread

MAX_DATA_ROWS = 4096
_ROWS: dict[Style, int] = {"known": 384, "wide": 256, "positive": 128, "whole": 128, "unit": 64, "byte": 64}
_NAMES: dict[Style, str] = {
    "known": "drawn from what the model knows",
    "wide": "drawn at scales from 0.01 to 100",
    "positive": "drawn, none negative",
    "whole": "drawn, small whole numbers",
    "unit": "drawn, 0 to 1",
    "byte": "drawn, 0 to 255",
}


def own_data(plan: Plan) -> Iterator[Probe]:
    """All of the user's rows, or as many as a probe may have, spread over the whole of them."""
    if plan.data is None:
        return
    total = plan.axes.rows_in(plan.data)
    limit = plan.affordable(MAX_DATA_ROWS)
    if total <= limit:
        yield from plan.emit("your data", "data", plan.data, places=np.arange(total))
        return
    rows = spread(total, limit)
    note = f"{len(rows)} of {total} rows, evenly spread; the other {total - len(rows)} were not tried"
    yield from plan.emit("your data", "data", plan.take(plan.data, rows), note, rows)


def stored_rows(plan: Plan) -> Iterator[Probe]:
    """Rows that the model carries (support vectors, neighbours), and the same a little off."""
    if plan.stored is None:
        return
    count = plan.axes.rows_in(plan.stored)
    chosen = spread(count, plan.affordable(256))
    note = f"{len(chosen)} of {count} rows, evenly spread" if len(chosen) < count else ""
    feed = plan.take(plan.stored, chosen)
    yield from plan.emit("rows that the model stores", "drawn", feed, note)
    moved = _moved(feed, plan)
    if moved:
        yield from plan.emit("rows that the model stores, a little off", "drawn", {**feed, **moved}, note)


def _moved(feed: Feed, plan: Plan) -> dict[str, np.ndarray]:
    rng = plan.rng("moved")
    moved: dict[str, np.ndarray] = {}
    for name in plan.hints.rows:
        array = feed[name]
        if array.dtype.kind != "f" or not array.size:
            continue
        values = array.astype(np.float64)
        with np.errstate(invalid="ignore"):
            step = np.nan_to_num(np.nanstd(values, axis=0)) * 0.01
        moved[name] = (values + rng.standard_normal(values.shape) * step).astype(array.dtype)
    return moved


def drawn_rows(plan: Plan) -> Iterator[Probe]:
    """Rows in the units the model was trained in, where it knows them, and at several scales otherwise."""
    for style in styles_of(plan):
        rows = plan.affordable(_ROWS[style])
        note = f"{rows} rows of {plan.cells} values" if rows < _ROWS[style] else ""
        name = _NAMES[style]
        if style == "known" and not plan.hints.columns and not plan.signature.categories:
            name, note = "drawn from a standard normal", join_notes(note, "the model knows nothing of its inputs")
        yield from plan.emit(name, "drawn", plan.drawn(rows, style, f"drawn {style}"), note)


def styles_of(plan: Plan) -> list[Style]:
    """The styles that make a difference for these inputs."""
    numeric = [spec for spec in plan.signature.inputs if spec.is_numeric and spec.dtype != "bool"]
    styles: list[Style] = []
    if any(_is_image(spec) and spec.name not in plan.hints.columns for spec in numeric):
        styles += ["unit", "byte"]
    styles.append("known")
    if numeric:
        styles.append("wide")
    if any(spec.is_floating and len(spec.shape) <= 2 for spec in numeric):
        styles += ["positive", "whole"]
    return styles


def _is_image(spec: TensorSpec) -> bool:
    return len(spec.shape) >= 4 and spec.is_floating
