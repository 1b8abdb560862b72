"""Whether a running service takes what the model takes that it is held against. One of another model is told so once."""

from __future__ import annotations

from pathlib import PurePath

from mlpack.core.errors import ParityError
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import Alignment, align

_MOST_LISTED = 3


def align_served(reference: Signature, candidate: Signature, name: str) -> Alignment:
    """`align` for a service; ``name`` is the reference's path.

    Raises ParityError also where the pairs differ in width or one holds text and the other numbers: every single input
    would be refused, for one and the same reason.
    """
    try:
        alignment = align(reference, candidate)
    except ParityError as error:
        raise _others(reference, candidate, name) from error
    if not _corresponds(alignment):
        raise _others(reference, candidate, name)
    return alignment


def _corresponds(alignment: Alignment) -> bool:
    reference, candidate = alignment.reference, alignment.candidate
    for target, sources in alignment.inputs:
        spec, specs = candidate.input(target), [reference.input(source) for source in sources]
        if any(_is_text(spec) != _is_text(one) for one in specs):
            return False
        if not (_same_sizes(spec, specs[0]) if len(specs) == 1 else _has_columns(spec, len(specs))):
            return False
    split = all(
        _is_text(candidate.input(one)) == _is_text(reference.input(matrix)) for one, matrix, _ in alignment.splits
    )
    return split and not _is_crossed(alignment)


def _is_crossed(alignment: Alignment) -> bool:
    """Whether a name that both have stands for another one: what is paired by position then has other meanings."""
    names = {spec.name for spec in alignment.reference.inputs}
    return any(len(sources) == 1 and target in names and target != sources[0] for target, sources in alignment.inputs)


def _is_text(spec: TensorSpec) -> bool:
    return spec.dtype == "string"


def _has_columns(spec: TensorSpec, columns: int) -> bool:
    return all(size == columns or isinstance(size, str) for size in spec.shape[-1:])


def _same_sizes(one: TensorSpec, other: TensorSpec) -> bool:
    """Whether arrays for one go into the other, but for the number of rows and an axis of 1 at the end."""
    first, second = _sizes(one), _sizes(other)
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(a == b or isinstance(a, str) or isinstance(b, str) for a, b in pairs)


def _sizes(spec: TensorSpec) -> list[int | str]:
    sizes = list(spec.shape[1:])
    return sizes[:-1] if sizes and sizes[-1] == 1 else sizes


def _others(reference: Signature, candidate: Signature, name: str) -> ParityError:
    original = PurePath(name).name
    return ParityError(
        f"the service has other inputs than {original}: it serves another model",
        why=f"it takes {_listed(candidate)}; {original} takes {_listed(reference)}",
        hint="check the address, and the model's name in it: http://HOST:PORT/v2/models/NAME",
    )


def _listed(signature: Signature) -> str:
    specs = signature.inputs
    more = len(specs) - _MOST_LISTED
    return ", ".join(map(str, specs[:_MOST_LISTED])) + (f" and {more} more" if more > 0 else "")
