"""What `mlpack batch` does, step by step: everything that can be refused is refused before the first row is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlpack.batch.assembling import assemble
from mlpack.batch.checkpoint import Checkpoint, Part, differences
from mlpack.batch.job import Job
from mlpack.batch.models import opened
from mlpack.batch.output import CHECKPOINT, Output, check_apart, output_of
from mlpack.batch.parts import PartWriter, is_there, unfinished
from mlpack.batch.plan import Plan, Tell, plan_of
from mlpack.batch.predicting import aside_schema
from mlpack.batch.progress import Progress
from mlpack.batch.result import BatchResult, Count
from mlpack.batch.sizing import SIZES, size_for
from mlpack.batch.sources import files_of
from mlpack.core.errors import DataError, UsageError
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
    output = output_of(job)
    files = files_of(job.input)
    check_apart(output, files)
    _check_free(output, job)
    bundle = bundle_for(job.model, trust, Packing(require_sandbox=require_sandbox), begun)
    plan = plan_of(job, bundle.manifest.signature, files, output)
    with _checkpoint(plan, bundle) as checkpoint:
        before = sum(part.rows for part in checkpoint.parts.values())
        started = time.monotonic()
        batch_rows = _answer(plan, bundle, checkpoint, tell or _untold)
        _check_unchanged(plan)
        _finish(plan, checkpoint)
        return _result(plan, bundle, checkpoint, batch_rows, before, time.monotonic() - started)


def _untold(_: Progress) -> None:
    """Nobody wants to know."""


def _check_free(output: Output, job: Job) -> None:
    """Raise UsageError where something is there already, and nobody said what to do with it."""
    if job.resume or job.force:
        if output.single and output.place.kind() == "file" and not _has_checkpoint(output) and job.resume:
            raise UsageError(
                f"{output.place.shown} is there, and no checkpoint of the run that wrote it",
                hint="write it anew with --force, or choose another place with -o",
            )
        return
    kind = output.place.kind()
    if kind == "file" or _has_checkpoint(output) or (kind == "folder" and output.place.listed(deep=True)):
        began = _has_checkpoint(output)
        raise UsageError(
            f"{output.place.shown} is there already" if kind else f"a run that writes {output.place.shown} was begun",
            hint=("go on where that run ended with --resume, or " if began else "") + "write over it with --force",
        )


def _has_checkpoint(output: Output) -> bool:
    return output.folder.child(CHECKPOINT).kind() == "file"


@contextmanager
def _checkpoint(plan: Plan, bundle: Judged) -> Iterator[Checkpoint]:
    """The checkpoint of the run, with the parts that are done and no others. Raises UsageError where it is of another run."""
    output = plan.output
    output.folder.make_folder()
    checkpoint = Checkpoint(output.folder.child(CHECKPOINT))
    try:
        header = plan.header(bundle.manifest)
        if plan.job.force:
            _clear(output, checkpoint)
        before = checkpoint.header
        if before is not None:
            reasons = differences(before, header)
            if reasons:
                raise UsageError(
                    f"the run that wrote {output.place.shown} cannot go on",
                    why="\n".join(reasons),
                    hint="begin anew with --force, or write to another place with -o",
                )
            if before["options"] != header["options"]:
                checkpoint.add({"now": {"options": header["options"]}})
            if not _is_finished(output, checkpoint):
                checkpoint.forget_lost(output)
        for folder in (output.folder, output.aside):
            for place in unfinished(folder):
                place.remove()
        yield checkpoint
    finally:
        checkpoint.close()


def _clear(output: Output, checkpoint: Checkpoint) -> None:
    """Remove what a former run wrote, and nothing else. The checkpoint goes first: parts that it does not name are nobody's."""
    checkpoint.empty()
    for folder in (output.folder, output.aside):
        for found in folder.listed():
            name = found.path.rpartition("/")[2]
            if name.startswith("part-"):
                folder.child(name).remove()
    if output.single:
        output.place.remove()
        output.aside_file.remove()


def _answer(plan: Plan, bundle: Judged, checkpoint: Checkpoint, tell: Tell) -> int:
    """Answer what is not done. The number of rows that the model is given at once, which is the checkpoint's if it has one."""
    header = checkpoint.header
    known = int(header["batch_rows"]) if header else plan.job.batch_rows
    if header and plan.job.batch_rows not in {None, known}:
        raise UsageError(
            f"the run that is to go on gives the model {known} rows at once", hint="leave --batch-rows out"
        )
    if checkpoint.single is not None and _is_finished(plan.output, checkpoint):
        return known or SIZES[0]
    done = checkpoint.parts

    def begin(batch_rows: int) -> None:
        if header is None:
            checkpoint.add({**plan.header(bundle.manifest), "batch_rows": batch_rows})

    def record(part: Part) -> None:
        checkpoint.add(part.to_json())

    if plan.job.engine == "ray":
        from mlpack.batch.cluster import run_ray

        return run_ray(plan, bundle, known, begin, done, record, tell)
    with opened(bundle) as model:
        from mlpack.batch.local import run_local

        batch_rows = known or size_for(plan, model)
        begin(batch_rows)
        run_local(plan, model.session, model.workers, batch_rows, done, record, tell)
    return batch_rows


def _is_finished(output: Output, checkpoint: Checkpoint) -> bool:
    return checkpoint.single is not None and is_there(output.place.sibling(""), checkpoint.single)


def _check_unchanged(plan: Plan) -> None:
    for opened_ in plan.inputs:
        if opened_.file.place.found() != opened_.file.found:
            raise DataError(
                f"{opened_.file.name} changed while it was read",
                hint="run it anew with --force, once nobody writes to it",
            )


def _finish(plan: Plan, checkpoint: Checkpoint) -> None:
    """Put the parts together where one file is wanted; an output without a row is a part that has none."""
    output = plan.output
    parts = [checkpoint.parts[number] for number in sorted(checkpoint.parts)]
    if not output.single:
        if not parts:
            PartWriter(output.folder, output.part_name(0), output.kind, plan.schema).finish()
        return
    if not _is_finished(output, checkpoint):
        written = [part.written for part in parts]
        aside = [part.aside for part in parts if part.aside]
        if aside:
            assemble(output.aside, aside, output.kind, aside_schema(), output.aside_file)
        single = assemble(output.folder, written, output.kind, plan.schema, output.place)
        checkpoint.add({"single": single.to_json()})
    for part in parts:
        _remove(output, part)


def _remove(output: Output, part: Part) -> None:
    output.folder.child(part.written.name).remove()
    if part.aside:
        output.aside.child(part.aside.name).remove()


def _result(
    plan: Plan, bundle: Judged, checkpoint: Checkpoint, batch_rows: int, before: int, seconds: float
) -> BatchResult:
    parts = [checkpoint.parts[number] for number in sorted(checkpoint.parts)]
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
        on_error=plan.job.on_error,
        aside=(output.aside_file if output.single else output.aside).shown if aside else "",
        batch_rows=batch_rows,
        seconds=seconds,
    )
