"""Says how a model is best served: protocol, mode, format, replicas, hardware; by measurement where a model is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mlpack.advise.advice import Advice

__all__ = ["advise"]


def advise(  # noqa: PLR0913 - a parameter an answer
    model: str | Path | None = None,
    *,
    audience: Literal["public", "internal"] | None = None,
    latency_ms: float | None = None,
    rows_per_day: int | None = None,
    rows_per_request: int | None = None,
    bulk_rows: int | None = None,
    clients: int | None = None,
    languages: str | Sequence[str] | None = None,
    streaming: bool | None = None,
    images: bool | None = None,
    peak_factor: float | None = None,
    price_per_hour: float | None = None,
    processors: int | None = None,
    seconds: float = 2.0,
    data: str | Path | None = None,
    name: str | None = None,
    format: str | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    require_sandbox: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Advice:
    """How to serve ``model``, a bundle or a model file; without one, how to serve a model under these circumstances.

    The answers are those of `mlpack.advise.answers.Answers`; what is left out is assumed, and the result says so. A model that
    is named is packed if it has to be, into the cache, served by `mlpack serve` on free ports, and timed over REST and gRPC
    and in a batch run, for ``seconds`` each: its figures are part of the advice. ``data``, ``name`` and ``format`` are those of
    `mlpack.pack`. ``tell`` hears what is being done.

    Raises UsageError for answers that cannot be, MissingLibraryError without the extras of a service, WorkerError where the
    service does not answer, and what `mlpack.pack` raises.
    """
    from mlpack.advise.command import run_advise
    from mlpack.core.trust_file import gathered
    from mlpack.scaffold.cache import Packing

    given = {
        "audience": audience, "latency_ms": latency_ms, "rows_per_day": rows_per_day, "rows_per_request": rows_per_request,
        "bulk_rows": bulk_rows, "clients": clients, "languages": languages, "streaming": streaming, "images": images,
        "peak_factor": peak_factor, "price_per_hour": price_per_hour, "processors": processors,
    }  # fmt: skip
    packing = Packing(Path(data) if data is not None else None, name, format, require_sandbox)
    vouching = (*(f"--trust={one}" for one in trust), *(f"--allow={one}" for one in allow))
    return run_advise(
        Path(model) if model is not None else None,
        given,
        seconds=seconds,
        packing=packing,
        trust=gathered(trust, allow),
        vouching=vouching,
        tell=tell or (lambda _: None),
    )
