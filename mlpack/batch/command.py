"""What `mlpack batch` does, step by step: everything that can be refused is refused before the first row is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from mlpack.batch.assembling import assemble
from mlpack.batch.checkpoint import Checkpoint, Part, differences
from mlpack.batch.job import Job
from mlpack.batch.models import opened
from mlpack.batch.output import CHECKPOINT, Output, check_apart, output_of
from mlpack.batch.parts import PartWriter, is_there, parts_in, unfinished
from mlpack.batch.plan import Plan, Tell, plan_of
from mlpack.batch.predicting import aside_schema
from mlpack.batch.progress import Progress
from mlpack.batch.result import BatchResult, Count
from mlpack.batch.sizing import Sizes, sizes_for
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
    check_apart(output, files, job.input)
    _check_free(output, job)
    bundle = bundle_for(job.model, trust, Packing(require_sandbox=require_sandbox), begun)
    plan = plan_of(job, bundle.manifest.signature, files, output)
    with _checkpoint(plan, bundle) as checkpoint:
        before = sum(part.rows for part in checkpoint.parts.values())
        started = time.monotonic()
        sizes = _answer(plan, bundle, checkpoint, tell or _untold)
        _check_unchanged(plan)
        _finish(plan, checkpoint)
        return _result(plan, bundle, checkpoint, sizes.batch_rows, before, time.monotonic() - started)


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
    began = _has_checkpoint(output)
    if kind == "file" or began or (kind == "folder" and _holds_anything(output)):
        raise UsageError(
            f"{output.place.shown} is there already" if kind else f"a run that writes {output.place.shown} was begun",
            hint=("go on where that run ended with --resume, or " if began else "") + "write over it with --force",
        )


def _has_checkpoint(output: Output) -> bool:
    """Whether a run began to write; one that ended before that leaves a checkpoint without a line."""
    place = output.folder.child(CHECKPOINT)
    return place.kind() == "file" and place.found().size > 0


def _holds_anything(output: Output) -> bool:
    listed = output.place.listed(deep=True)
    return any(found.size or not found.path.endswith(f"/{CHECKPOINT}") for found in listed)


@contextmanager
def _checkpoint(plan: Plan, bundle: Judged) -> Iterator[Checkpoint]:
    """The checkpoint of the run, with the parts that are done and no others. Raises UsageError where it is of another run."""
    output = plan.output
    output.folder.make_folder()
    checkpoint = Checkpoint(output.folder.child(CHECKPOINT), anew=plan.job.force)
    try:
        header = plan.header(bundle.manifest)
        before = checkpoint.header
        if before is None and plan.job.resume and any(True for _ in parts_in(output.folder)):
            raise UsageError(
                f"there are parts in {output.folder.shown}, and no checkpoint of the run that wrote them",
                hint="begin anew with --force, or write to another place with -o",
            )
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
        _sweep(output)
        yield checkpoint
    finally:
        checkpoint.close()


def _sweep(output: Output) -> None:
    """Remove what was begun and not finished."""
    for folder in (output.folder, output.aside):
        for place in unfinished(folder):
            place.remove()


def _clear(output: Output, checkpoint: Checkpoint) -> None:
    """Remove the parts of a former run, and nothing else: one file that they became stays until another takes its place."""
    for folder in (output.folder, output.aside):
        for place in parts_in(folder):
            place.remove()
    checkpoint.empty()  # last: a run that ends within this can be told from none


def _answer(plan: Plan, bundle: Judged, checkpoint: Checkpoint, tell: Tell) -> Sizes:
    """Answer what is not done. The sizes of the run, which are the checkpoint's if it has some."""
    known = _known_sizes(plan, checkpoint)
    if known is not None and _is_finished(plan.output, checkpoint):
        return known
    done = checkpoint.parts

    def begin(sizes: Sizes) -> Plan:
        if plan.job.force:
            _clear(plan.output, checkpoint)
        if known is None:
            anew = {"anew": True} if plan.job.force else {}
            checkpoint.add({**plan.header(bundle.manifest), **asdict(sizes), **anew})
        return plan.with_parts(sizes.part_rows)

    def record(part: Part) -> None:
        checkpoint.add(part.to_json())

    if plan.job.engine == "ray":
        from mlpack.batch.cluster import run_ray

        return run_ray(plan, bundle, known, begin, done, record, tell)
    with opened(bundle) as model:
        from mlpack.batch.local import run_local

        sizes = known or sizes_for(plan, model, model.workers)
        run_local(begin(sizes), model.session, model.workers, sizes.batch_rows, done, record, tell)
    return sizes


def _known_sizes(plan: Plan, checkpoint: Checkpoint) -> Sizes | None:
    """The sizes of the run that is to go on; None where there was none. Raises UsageError where others are wanted."""
    header = checkpoint.header
    if header is None:
        return None
    sizes = Sizes(header["batch_rows"], header["part_rows"])
    if plan.job.batch_rows not in {None, sizes.batch_rows}:
        raise UsageError(
            f"the run that is to go on gives the model {sizes.batch_rows} rows at once", hint="leave --batch-rows out"
        )
    return sizes


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
    _sweep(output)  # a node that was lost leaves what it had begun
    if not output.single:
        if not parts:
            PartWriter(output.folder, output.part_name(0), output.kind, plan.schema).finish()
        return
    if not _is_finished(output, checkpoint):
        written = [part.written for part in parts]
        aside = [part.aside for part in parts if part.aside]
        if aside:
            assemble(output.aside, aside, output.kind, aside_schema(), output.aside_file)
        elif (checkpoint.header or {}).get("anew"):
            output.aside_file.remove()  # of the rows that were written over
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
