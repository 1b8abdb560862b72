"""Batch sizes, and every other axis that the model declares dynamic."""

from __future__ import annotations

from collections.abc import Iterator

from mlpack.verify.probe import Probe
from mlpack.verify.probes.data import styles_of
from mlpack.verify.probes.plan import MAX_CELLS, Plan

BATCH_SIZES = (1, 2, 5, 257, 0)
"""257 is odd and over 256: it is a multiple of no tile that a kernel works in. 0 last: it is the cruel one."""
_AXIS_ROWS = 3


def batch_sizes(plan: Plan) -> Iterator[Probe]:
    """One probe for each batch size, none where the model takes one number of rows only."""
    if plan.axes.batch is None:
        return
    for wanted in BATCH_SIZES:
        size, note = wanted, ""
        # Eight times the cells of other probes: that many rows at once is what this probe is about.
        if wanted * plan.cells > 8 * MAX_CELLS and wanted > 5:
            size = max(7, 8 * MAX_CELLS // plan.cells) | 1
            note = f"{size} rows instead of {wanted}: each has {plan.cells} values"
        yield from plan.emit(f"batch of {size}", "batch", plan.base(size, f"batch {size}"), note)


def dynamic_axes(plan: Plan) -> Iterator[Probe]:
    """Each dynamic axis at other sizes, the inputs that share it together; then all of them at once."""
    style = styles_of(plan)[0]
    for name, size in plan.axes.sizes.items():
        for other in _other_sizes(size):
            feed = plan.drawn(_AXIS_ROWS, style, f"axis {name} {other}", {name: other})
            yield from plan.emit(f"axis {name} of {other}", "axis", feed)
    if len(plan.axes.sizes) > 1:
        sizes = {name: size + 1 + place for place, (name, size) in enumerate(plan.axes.sizes.items())}
        named = ", ".join(f"{name} of {size}" for name, size in sizes.items())
        yield from plan.emit(f"axes {named}", "axis", plan.drawn(_AXIS_ROWS, style, f"axes {named}", sizes))


def _other_sizes(size: int) -> list[int]:
    """Double first (it fits strides and windows), then one more, an odd one, and the smallest."""
    sizes = [2 * size, size + 1, size // 2 | 1, 1]
    return [other for place, other in enumerate(sizes) if other != size and other not in sizes[:place] and other > 0]
