"""What `mlpack batch` does, step by step: everything that can be refused is refused before the first row is answered."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import asdict

from mlpack.batch.assembling import assemble
from mlpack.batch.checkpoint import Checkpoint, Noted, Part
from mlpack.batch.finished import Finished, put_away
from mlpack.batch.job import Job
from mlpack.batch.models import opened
from mlpack.batch.output import Output, check_apart, output_of
from mlpack.batch.parts import PartWriter
from mlpack.batch.plan import Beginning, Plan, Tell, plan_of
from mlpack.batch.predicting import aside_schema
from mlpack.batch.progress import Progress
from mlpack.batch.result import BatchResult, Count
from mlpack.batch.resuming import (
    aside_of_former,
    check_same,
    checkpoint_of,
    clear,
    former_run,
    is_finished,
    remove_replaced,
    sweep,
    with_its_options,
)
from mlpack.batch.sizing import Sizes, sizes_for
from mlpack.batch.sources import files_of
from mlpack.batch.written_out import together, warnings_of
from mlpack.core.errors import DataError, MlpackError, UnrecognisedFileError, UsageError
from mlpack.core.trust import Trust
from mlpack.scaffold.cache import Judged, Packing, bundle_for


def run_batch(
    job: Job,
    trust: Trust,
    *,
    require_sandbox: bool = False,
    tell: Tell | None = None,
    begun: Callable[[str], None] | None = None,
) -> BatchResult:
    """Predict the rows that ``job`` names. Raises what `mlpack.batch` raises."""
    if job.engine == "ray":
        from mlpack.batch.cluster import check_ray

        check_ray()
    former = former_run(output_of(job), job)
    job = with_its_options(job, former)
    output = output_of(job)
    files = files_of(job.input)
    check_apart(output, files, job.input)
    bundle = _bundle(job, trust, Packing(require_sandbox=require_sandbox), begun)
    plan = plan_of(job, bundle.manifest.signature, files, output)
    if isinstance(former, Finished):
        return _nothing_to_do(plan, bundle, former)
    with checkpoint_of(plan, bundle.manifest) as checkpoint:
        before = sum(part.rows for part in checkpoint.parts.values())
        started = time.monotonic()
        sizes = _answer(plan, bundle, checkpoint, tell or _untold)
        _check_unchanged(plan)
        _finish(plan, checkpoint)
        return _result(plan, bundle, checkpoint, sizes.batch_rows, before, time.monotonic() - started)


def _bundle(job: Job, trust: Trust, packing: Packing, begun: Callable[[str], None] | None) -> Judged:
    try:
        return bundle_for(job.model, trust, packing, begun)
    except MlpackError as error:
        if "--data" in error.hint:  # which this command has not: rows for packing are given to `mlpack pack`
            model = shlex.quote(str(job.model))
            error.hint = (
                f"the model comes first, and its rows with -i: mlpack batch MODEL -i {model} -o {shlex.quote(job.output)}"
                if isinstance(error, UnrecognisedFileError)
                else f"pack it with some rows, and name the bundle here: mlpack pack {model} --data ROWS -o MODEL.mlpack"
            )
        raise


def _nothing_to_do(plan: Plan, bundle: Judged, done: Finished) -> BatchResult:
    check_same(done, plan, bundle.manifest)
    sizes = _known_sizes(plan, done)
    assert sizes is not None
    for folder in (plan.output.aside, plan.output.folder):
        folder.remove_empty()  # of a run that was killed as it ended
    rows = sum(part.rows for part in done.parts.values())
    return _result(plan, bundle, done, sizes.batch_rows, rows, 0.0)


def _untold(_: Progress) -> None:
    """Nobody wants to know."""


def _answer(plan: Plan, bundle: Judged, checkpoint: Checkpoint, tell: Tell) -> Sizes:
    """Answer what is not done. The sizes of the run, which are the checkpoint's if it has some."""
    known = _known_sizes(plan, checkpoint)
    if known is not None and is_finished(plan.output, checkpoint):
        return known
    done = checkpoint.parts

    def begin(sizes: Sizes) -> Plan:
        replaced = aside_of_former(plan.output, checkpoint) if plan.job.force else None
        if plan.job.force:
            clear(plan.output, checkpoint)
        if known is None:
            more = {"replaced": replaced.to_json()} if replaced else {}
            checkpoint.add({**plan.header(bundle.manifest), **asdict(sizes), **more})
        return plan.with_parts(sizes.part_rows)

    def record(part: Part) -> None:
        checkpoint.add(part.to_json())

    if plan.job.engine == "ray":
        from mlpack.batch.cluster import run_ray

        return run_ray(plan, bundle, known, begin, done, record, tell)
    with opened(bundle) as model:
        from mlpack.batch.local import run_local

        beginning = Beginning(plan)
        sizes = known or sizes_for(plan, model, model.workers, beginning)
        run_local(begin(sizes), model.session, model.workers, sizes.batch_rows, done, record, tell, beginning)
    return sizes


def _known_sizes(plan: Plan, noted: Noted) -> Sizes | None:
    """The sizes of the run that is to go on; None where there was none. Raises UsageError where others are wanted."""
    header = noted.header
    if header is None:
        return None
    sizes = Sizes(header["batch_rows"], header["part_rows"])
    if plan.job.batch_rows not in {None, sizes.batch_rows}:
        raise UsageError(
            f"the run that is to go on gives the model {sizes.batch_rows} rows at once", hint="leave --batch-rows out"
        )
    return sizes


def _check_unchanged(plan: Plan) -> None:
    for opened_ in plan.inputs:
        if opened_.file.place.found() != opened_.file.found:
            raise DataError(
                f"{opened_.file.name} changed while it was read",
                hint="run it anew with --force, once nobody writes to it",
            )


def _finish(plan: Plan, checkpoint: Checkpoint) -> None:
    """Put the parts together where one file is wanted, of which nothing stays beside it; an output without a row is a part that
    has none.
    """
    output = plan.output
    parts = _in_order(checkpoint)
    sweep(output)  # a node that was lost leaves what it had begun
    if not output.single:
        if not parts:
            PartWriter(output.folder, output.part_name(0), output.kind, plan.schema).finish()
        return
    if not is_finished(output, checkpoint):
        written = [part.written for part in parts]
        aside = [part.aside for part in parts if part.aside]
        if aside:
            refused = assemble(output.aside, aside, output.kind, aside_schema(), output.aside_file)
            checkpoint.add({"aside_file": refused.to_json()})
        else:
            remove_replaced(output, checkpoint)
        single = assemble(output.folder, written, output.kind, plan.schema, output.place)
        checkpoint.add({"single": single.to_json()})
    for part in parts:
        _remove(output, part)
    if put_away(output, checkpoint):
        checkpoint.remove()
        for folder in (output.aside, output.folder):
            folder.remove_empty()


def _in_order(noted: Noted) -> list[Part]:
    parts = noted.parts
    return [parts[number] for number in sorted(parts)]


def _remove(output: Output, part: Part) -> None:
    output.folder.child(part.written.name).remove()
    if part.aside:
        output.aside.child(part.aside.name).remove()


def _result(plan: Plan, bundle: Judged, noted: Noted, batch_rows: int, before: int, seconds: float) -> BatchResult:
    parts = _in_order(noted)
    output = plan.output
    aside = any(part.aside for part in parts)
    names = [part.written.name for part in parts] or [output.part_name(0)]
    return BatchResult(
        model=bundle.manifest.name,
        output=output.place.shown,
        format=output.kind,
        engine=plan.job.engine,
        parts=() if output.single else tuple(names),
        columns=tuple(plan.schema.names),
        count=Count(sum(part.rows for part in parts), sum(part.refused for part in parts), before),
        on_error=plan.job.fate,
        aside=(output.aside_file if output.single else output.aside).shown if aside else "",
        batch_rows=batch_rows,
        seconds=seconds,
        warnings=tuple(warnings_of(together([part.as_text for part in parts]))),
    )
