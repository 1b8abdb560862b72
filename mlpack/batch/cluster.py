"""The engine of a Ray cluster: parts are shared out among actors with a session each, and noted here as they are written.

An actor reads, answers and writes its parts by the code of the local engine, so the bytes are the same. Rows do not travel:
every node has to reach the input and the output, and the bundle comes to it through Ray's object store.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from mlpack.batch.actor import Answerer, count_rows
from mlpack.batch.checkpoint import Part
from mlpack.batch.models import opened
from mlpack.batch.plan import Beginning, Plan, Record, Span, Tell
from mlpack.batch.progress import Progress
from mlpack.batch.sizing import Sizes, part_rows_for, sizes_for
from mlpack.core.errors import UsageError, error_from_json
from mlpack.core.libraries import import_library
from mlpack.scaffold.cache import Judged

_ACTOR_CPUS = 0.75
"""Of a processor, reserved by an actor. A pool that reserves all of them leaves none for tasks that count and hand out rows,
and such a cluster waits for itself. The actors use what they need all the same."""
_TASK_CPUS = 0.25
_PARTS_EACH = 4
_ROUNDS_WITHOUT_GAIN = 3
_PAUSE_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
_OF_OUR_OWN, _RUNNING = "local", "auto"
"""Addresses as Ray has them: a cluster that is started for this run, and the one that was started last on this machine."""


def check_ray() -> None:
    """Raise MissingLibraryError where Ray is not installed."""
    import_library("ray.data", "ray", "--engine ray")


def run_ray(
    plan: Plan,
    bundle: Judged,
    known: Sizes | None,
    begin: Callable[[Sizes], Plan],
    done: Mapping[int, Part],
    record: Record,
    tell: Tell,
) -> Sizes:
    """Answer every row whose part is not ``done``; the sizes of the run.

    A node that is lost takes with it no more than the parts it was writing: they are shared out again. Raises what the local
    engine raises, and UsageError where no cluster is left.
    """
    with connected(plan.job.address):
        counts = _counts(plan)
        sizes = known or _sizes(plan, bundle, sum(counts))
        plan = begin(sizes)
        spans = spans_of(plan, counts)
        teller = _Teller(tell, sum(span.rows for span in spans), sum(part.rows for part in done.values()))
        waiting = [span for span in spans if span.number not in done]
        _answer(plan, bundle, sizes.batch_rows, waiting, record, teller)
    return sizes


def _sizes(plan: Plan, bundle: Judged, total: int) -> Sizes:
    """The sizes for one processor, timed on this machine; there are some parts for every actor."""
    with opened(bundle) as model:
        sizes = sizes_for(plan, model, 1, Beginning(plan))
    fair = part_rows_for(total / (_PARTS_EACH * _processors()))
    return sizes if plan.job.part_rows else replace(sizes, part_rows=min(sizes.part_rows, fair))


def spans_of(plan: Plan, counts: Sequence[int]) -> list[Span]:
    """The parts of files with ``counts`` rows, numbered as the local engine numbers them."""
    spans: list[Span] = []
    first = 0
    left = plan.job.limit
    for file, count in enumerate(counts):
        most = count if left is None else min(count, left)
        for start in range(0, most, plan.part_rows):
            rows = min(plan.part_rows, most - start)
            spans.append(Span(len(spans), file, start, first + start, rows))
        first += most
        left = None if left is None else left - most
    return spans


def _answer(plan: Plan, bundle: Judged, batch_rows: int, spans: list[Span], record: Record, teller: _Teller) -> None:
    """Round after round, until every part is there: a round ends early where a node is lost."""
    import ray

    waiting = {span.number: span for span in spans}
    fruitless = 0
    while waiting:
        before = len(waiting)
        try:
            for part in _round(plan, bundle, batch_rows, list(waiting.values())):
                record(part)
                del waiting[part.number]
                teller.add(part.rows)
        except ray.exceptions.RayError as error:
            fruitless = 0 if len(waiting) < before else fruitless + 1
            if fruitless == _ROUNDS_WITHOUT_GAIN:
                raise UsageError(
                    "the cluster answers no more rows",
                    why=str(error).strip().rpartition("\n")[2][:500],
                    hint="go on with --resume, once it is there again",
                ) from error
            time.sleep(_PAUSE_SECONDS)


def _round(plan: Plan, bundle: Judged, batch_rows: int, spans: list[Span]) -> Iterator[Part]:
    """The parts of ``spans`` as they come. Raises the error of the first that cannot be answered, and Ray's of a lost node."""
    import ray

    manifest = bundle.manifest
    files = ray.put({path.name: path.read_bytes() for path in sorted(bundle.path.iterdir())})
    actors = min(len(spans), _processors())
    items = ray.data.from_items([{"span": json.dumps(asdict(span))} for span in spans], override_num_blocks=len(spans))
    with warnings.catch_warnings():
        # Ray is to lose its options without a name, has none with a name for this, and pyproject.toml ends before it does.
        warnings.filterwarnings("ignore", message="`ray_remote_args`", category=DeprecationWarning)
        rows = items.map_batches(
            Answerer,
            fn_constructor_args=(plan, files, manifest.model_format, manifest.model_sha256, batch_rows),
            batch_size=1,
            num_cpus=_ACTOR_CPUS,
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors, initial_size=actors),
            max_restarts=0,  # an actor that waits for a node that is gone keeps its parts; a new round shares them out
        )
    for row in rows.iter_rows():
        yield Part.from_json(_heard(row["part"]))


def _heard(text: str) -> dict[str, Any]:
    """What a node told. Raises the error that it met."""
    told: dict[str, Any] = json.loads(text)
    if "error" not in told:
        return told
    raise error_from_json(told["error"])


def _counts(plan: Plan) -> list[int]:
    """The rows of each file; those that do not say it are counted on the cluster."""
    import ray

    counts = {place: one.rows for place, one in enumerate(plan.inputs) if one.rows is not None}
    unknown = [place for place in range(len(plan.inputs)) if place not in counts]
    if unknown:
        items = [{"place": place} for place in unknown]
        found = ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
            count_rows, fn_args=(plan,), batch_size=1, num_cpus=_TASK_CPUS
        )
        counts |= {int(row["place"]): int(_heard(row["count"])["rows"]) for row in found.iter_rows()}
    return [counts[place] for place in range(len(plan.inputs))]


def _processors() -> int:
    """The actors that there is room for: one a processor of each node that is there."""
    import ray

    return max(1, sum(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]))


@contextmanager
def connected(given: str | None) -> Iterator[None]:
    """The cluster that `address_of` says, or the one that this process is connected to already."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    own = not ray.is_initialized()
    if own:
        address = address_of(given)
        _check_reached(address)
        try:
            with _same_handler():
                ray.init(
                    address=address,
                    log_to_driver=False,
                    logging_level="ERROR",
                    include_dashboard=False if address == _OF_OUR_OWN else None,
                )
        except Exception as error:  # of a node that takes too long to start, Ray raises no class of its own
            raise _nowhere(address, error) from error
    context = ray.data.DataContext.get_current()
    shown = context.enable_progress_bars, context.print_on_execution_start
    context.enable_progress_bars = context.print_on_execution_start = False
    try:
        yield
    finally:
        context.enable_progress_bars, context.print_on_execution_start = shown
        if own:
            ray.shutdown()


def address_of(given: str | None) -> str:
    """The address that was ``given``, else that of RAY_ADDRESS, which jobs of Ray have, else a cluster of our own.

    Without an address Ray itself joins whatever cluster was started last on this machine, by whomever.
    """
    return given or os.environ.get("RAY_ADDRESS") or _OF_OUR_OWN


@contextmanager
def _same_handler() -> Iterator[None]:
    """Keep who hears SIGTERM: Ray puts its own in that place, which ends the process without a word."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _check_reached(address: str) -> None:
    """Raise UsageError where nobody listens at ``HOST:PORT``: Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].partition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS).close()
    except OSError as error:
        raise _nowhere(address, error) from error


def _nowhere(address: str, error: Exception) -> UsageError:
    why = str(error).partition("\n")[0]
    if address == _OF_OUR_OWN:
        return UsageError(
            "Ray does not start on this machine", why=why, hint="answer the rows without it: --engine local"
        )
    there = "that runs on this machine" if address == _RUNNING else f"at {address}"
    return UsageError(
        f"there is no Ray cluster {there}",
        why=why,
        hint="start one with: ray start --head, or leave --address out for one of this machine",
    )


class _Teller:
    """Tells of the progress, part by part."""

    def __init__(self, tell: Tell, total: int, before: int) -> None:
        self._tell, self._total = tell, total
        self._rows = self._before = before
        self._begun = time.monotonic()

    def add(self, rows: int) -> None:
        """Some rows more are written."""
        self._rows += rows
        self._tell(Progress(self._rows, self._total, self._rows - self._before, time.monotonic() - self._begun))
