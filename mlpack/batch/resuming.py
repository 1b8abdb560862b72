"""What a run finds where it is to write: nothing, what a former run noted, from which it may go on, or something in its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from mlpack.batch.checkpoint import FORMAT, Checkpoint, Noted, differences, noted_at
from mlpack.batch.finished import finished, last_finished
from mlpack.batch.job import Job
from mlpack.batch.output import CHECKPOINT, Output
from mlpack.batch.parts import Written, is_part, is_there, is_unfinished, parts_in, unfinished
from mlpack.batch.places import Place
from mlpack.batch.plan import Plan
from mlpack.batch.predicting import LEAVE_OUT, LEAVE_OUT_AND_GO_ON
from mlpack.core.errors import CorruptFileError, MlpackError, UsageError
from mlpack.runtime.manifest import Manifest

_ANEW = "begin anew with --force, or write to another place with -o"


def former_run(output: Output, job: Job) -> Noted:
    """What the run noted that wrote to ``output``, or was to.

    Raises UsageError where something is there, and nobody said what to do with it.
    """
    if job.force:
        return Noted([])
    noted = noted_at(output.folder.child(CHECKPOINT))
    if not job.resume:
        _check_free(output, noted)
        if output.place.kind() == "folder" and _holds_anything(output, noted):
            raise _taken(output, noted)
    elif output.single and output.place.kind() == "file" and not noted.lines:
        done = finished(output)
        if done is None:
            raise UsageError(
                f"{output.place.shown} is there, and nothing is known of the run that wrote it",
                hint="write it anew with --force, or choose another place with -o",
            )
        noted = done
    if job.resume and noted.lines:
        _check_format(output, noted)
    _check_aside(output, job, noted)
    return noted


def _check_free(output: Output, noted: Noted) -> None:
    """Raise UsageError where a run that is not to go on wrote to ``output``, or may be about to."""
    if output.place.kind() == "file" or _began(output, noted):
        raise _taken(output, noted)


def _began(output: Output, noted: Noted) -> bool:
    """Whether a run wrote parts. In a store, where there are no locks, one without a part may be under way."""
    return noted.has_parts or (bool(noted.lines) and not output.place.local)


def _taken(output: Output, noted: Noted) -> UsageError:
    shown = output.place.shown
    go_on = "go on where that run ended with --resume, or " if _began(output, noted) else ""
    return UsageError(
        f"{shown} is there already" if output.place.kind() else f"a run that writes {shown} was begun",
        hint=f"{go_on}write over it with --force",
    )


def _check_format(output: Output, noted: Noted) -> None:
    """Raise UsageError where another version of this wrote what was ``noted``: not even its options can be taken from it."""
    found = (noted.header or {}).get("format")
    if found != FORMAT:
        raise UsageError(
            f"the run that wrote {output.place.shown} cannot go on",
            why=f"its checkpoint has format {found}, and this reads {FORMAT}",
            hint=_ANEW,
        )


def _check_aside(output: Output, job: Job, noted: Noted) -> None:
    """Raise UsageError where the place of rows that are set aside has a file that the run which is to go on did not write."""
    place = output.aside_file
    if not output.single or place.kind() != "file":
        return
    goes_on = job.resume and bool(noted.lines)
    if goes_on and (noted.aside is None or is_there(place.sibling(""), noted.aside) or is_finished(output, noted)):
        return
    raise UsageError(f"{place.shown} is there already", hint="move it away, or write over it with --force")


def _holds_anything(output: Output, noted: Noted) -> bool:
    """Whether anything is there that is not of a run which noted no part."""
    for found in output.place.listed(deep=True):
        name = found.path.rpartition("/")[2]
        ours = name == CHECKPOINT or (bool(noted.lines) and (is_part(name) or is_unfinished(name)))
        if not ours:
            return True
    return False


def with_its_options(job: Job, noted: Noted) -> Job:
    """``job`` with the options of the run that is to go on, where it has none of its own."""
    header = noted.header
    if header is None or not job.resume:
        return job
    known = {**header["options"], "keep": tuple(header.get("keep", header["options"]["keep"]))}
    missing = {name: value for name, value in known.items() if getattr(job, name) in {None, ()}}
    return replace(job, **missing)


def check_same(noted: Noted, plan: Plan, manifest: Manifest) -> None:
    """Raise UsageError where what was ``noted`` is of another run."""
    header = noted.header
    reasons = differences(header, plan.header(manifest)) if header is not None else []
    if reasons:
        raise UsageError(
            f"the run that wrote {plan.output.place.shown} cannot go on", why="\n".join(reasons), hint=_ANEW
        )


@contextmanager
def checkpoint_of(plan: Plan, manifest: Manifest) -> Iterator[Checkpoint]:
    """The checkpoint of the run, with the parts that are done and no others. One that fails without a part takes back its own.

    Raises UsageError where it is of another run.
    """
    output = plan.output
    made = output.folder.make_folder()
    checkpoint = Checkpoint(output.folder.child(CHECKPOINT), anew=plan.job.force)
    try:
        _take_up(plan, manifest, checkpoint)
        yield checkpoint
    except BaseException as error:
        if checkpoint.has_parts and isinstance(error, MlpackError):
            error.hint = _with_parts(error.hint)
        elif not checkpoint.has_parts and not checkpoint.holds_another:
            with suppress(OSError, MlpackError):  # of the two, the error that ended the run counts
                _take_back(output, checkpoint, made)
        raise
    finally:
        checkpoint.close()


def _with_parts(hint: str) -> str:
    """What to type next where some parts are written already."""
    if hint == LEAVE_OUT:
        return LEAVE_OUT_AND_GO_ON
    if "--resume" in hint or "--force" in hint:
        return hint
    again = "then go on after the parts that are written with --resume, or begin anew with --force if rows changed"
    return f"{hint}\n{again}".strip()


def _take_up(plan: Plan, manifest: Manifest, checkpoint: Checkpoint) -> None:
    output, header, before = plan.output, plan.header(manifest), checkpoint.header
    if not plan.job.force:
        _check_meanwhile(plan, checkpoint)
    if before is None and plan.job.resume and any(True for _ in parts_in(output.folder)):
        raise UsageError(
            f"there are parts in {output.folder.shown}, and no checkpoint of the run that wrote them", hint=_ANEW
        )
    if before is not None:
        if checkpoint.has_parts or output.place.kind() == "file" or not output.place.local:
            check_same(checkpoint, plan, manifest)
        elif not plan.job.resume or differences(before, header):
            clear(output, checkpoint)  # it wrote nothing, so nobody goes on from it
    if checkpoint.lines:
        if checkpoint.header is not None and checkpoint.header["options"] != header["options"]:
            checkpoint.add({"now": {"options": header["options"]}})
        if not is_finished(output, checkpoint):
            checkpoint.forget_lost(output)
    sweep(output)


def _check_meanwhile(plan: Plan, checkpoint: Checkpoint) -> None:
    """Raise UsageError where another run wrote since `former_run` looked: packing a model takes its time."""
    output = plan.output
    if not plan.job.resume or not checkpoint.lines:
        _check_free(output, checkpoint)
    _check_aside(output, plan.job, checkpoint)


def _take_back(output: Output, checkpoint: Checkpoint, made: tuple[Place, ...]) -> None:
    """Leave things as they were before the run, which wrote nothing that counts.

    In a store, where there are no locks, what is there may be of another run that began meanwhile.
    """
    if checkpoint.is_ours():
        clear(output, checkpoint)
    if output.place.local:
        sweep(output)
        checkpoint.remove()
    output.aside.remove_empty()
    for folder in (output.folder, *made) if output.single else made:
        folder.remove_empty()


def is_finished(output: Output, noted: Noted) -> bool:
    """Whether the one file is there that the run was to write."""
    return noted.single is not None and is_there(output.place.sibling(""), noted.single)


def sweep(output: Output) -> None:
    """Remove what was begun and not finished."""
    for folder in (output.folder, output.aside):
        for place in unfinished(folder):
            place.remove()


def clear(output: Output, checkpoint: Checkpoint) -> None:
    """Remove the parts of a former run, and nothing else: one file that they became stays until another takes its place."""
    for folder in (output.folder, output.aside):
        for place in parts_in(folder):
            place.remove()
    checkpoint.empty()  # last: a run that ends within this can be told from none


def aside_of_former(output: Output, checkpoint: Checkpoint) -> Written | None:
    """The file of rows set aside by the run that ``checkpoint`` passes over, or by the one that was put away."""
    passed_over = checkpoint.former.aside or checkpoint.former.replaced
    with suppress(CorruptFileError):
        if passed_over is None and (noted := last_finished(output)) is not None:
            return noted.aside or noted.replaced
    return passed_over


def remove_replaced(output: Output, noted: Noted) -> None:
    """Remove the rows that a run which was written over had set aside, where they are as it wrote them."""
    place = output.aside_file
    if noted.replaced is not None and is_there(place.sibling(""), replace(noted.replaced, name=place.name)):
        place.remove()
