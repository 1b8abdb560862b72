"""The inputs that verification tries, from cheap and telling to cruel; one file for each kind of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mlpack.core.framework import InputHints
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.probe import Probe
from mlpack.verify.probes.category import known_categories, strange_text, unknown_categories
from mlpack.verify.probes.data import drawn_rows, own_data, stored_rows, styles_of
from mlpack.verify.probes.extreme import extremes
from mlpack.verify.probes.missing import infinite_values, missing_values
from mlpack.verify.probes.plan import Plan, spread
from mlpack.verify.probes.size import batch_sizes, dynamic_axes
from mlpack.verify.probes.threshold import threshold_rows

__all__ = ["ORDER", "example", "probes"]

ORDER: tuple[Callable[[Plan], Iterator[Probe]], ...] = (
    own_data,
    drawn_rows,
    stored_rows,
    known_categories,
    batch_sizes,
    threshold_rows,
    dynamic_axes,
    missing_values,
    infinite_values,
    unknown_categories,
    strange_text,
    extremes,
)


def probes(signature: Signature, hints: InputHints, data: Feed | None, *, seed: int = 0) -> Iterator[Probe]:
    """Every input to try, made one at a time as it is asked for. Equal arguments give equal probes.

    Arrays are in the dtypes of ``signature`` with rows on the batch axis; strings are object arrays of ``str``. What a
    probe leaves out for its cost stands in its ``note``. A model without a batch axis gets each probe in batches of the
    number of rows that it takes.
    """
    plan = Plan.of(signature, hints, data, seed)
    seen: dict[str, int] = {}
    for kind in ORDER:
        for probe in kind(plan):
            seen[probe.name] = seen.get(probe.name, 0) + 1
            # Two inputs may have a column of the same name; answers are kept by the probe's name.
            again = seen[probe.name]
            yield probe if again == 1 else replace(probe, name=f"{probe.name} ({again})")


def example(signature: Signature, hints: InputHints, data: Feed | None, rows: int = 2) -> Feed:
    """A small plausible feed for an exporter: the user's rows where there are any, else drawn ones.

    Dynamic axes have sizes of their own, each over 1, so that no exporter takes them for constants or for each other.
    """
    plan = Plan.of(signature, hints, data, 0)
    wanted = rows if plan.axes.fixed_rows is None else plan.axes.fixed_rows
    if plan.data is not None and plan.axes.rows_in(plan.data) >= wanted:
        return plan.take(plan.data, spread(plan.axes.rows_in(plan.data), wanted))
    return plan.drawn(wanted, styles_of(plan)[0], "example")
