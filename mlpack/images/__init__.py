"""Builds images that have answered like the original model before they get their name. The Docker SDK is used only here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpack.images.result import ContainerizeResult, ContextResult

__all__ = ["containerize"]


def containerize(  # noqa: PLR0913 - a parameter an option
    model: str | Path,
    tag: str = "",
    *,
    base: str | None = None,
    wheels: str | Path | None = None,
    push: bool = False,
    platform: str | None = None,
    labels: Mapping[str, str] | None = None,
    build_args: Mapping[str, str] | None = None,
    cache: bool = True,
    render_only: str | Path | None = None,
    gpu: bool = False,
    force: bool = False,
    data: str | Path | None = None,
    name: str | None = None,
    format: str | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    require_sandbox: bool = False,
    tell: Callable[[str], None] | None = None,
) -> ContainerizeResult | ContextResult:
    """Build an image that serves ``model``, a bundle or a model file, and name it ``tag`` once it has proven itself.

    A container of it is started, with a read-only root and without capabilities, and asked for the golden predictions over
    REST and gRPC: only what equals the *original* model's answers is tagged, and of anything else nothing is left.

    ``base`` is the image to build on, with Python, pip and venv; ``wheels`` a folder to install from, with no network at
    all. ``platform`` is as Docker has it (``linux/arm64``). ``build_args`` reach the stage that installs, and no other. With
    ``render_only`` the build context is written to that folder, and no engine is asked; ``force`` writes over a former one,
    and ``gpu`` makes it one for a base with CUDA, which nothing here can prove.
    ``data``, ``name`` and ``format`` are those of `mlpack.pack`. ``tell`` hears what is being done.

    Raises UsageError, EngineError, SmokeTestError, MissingLibraryError, and what `mlpack.pack` raises.
    """
    from mlpack.core.trust_file import gathered
    from mlpack.images.command import Order, run_containerize, run_render
    from mlpack.scaffold.cache import Packing

    folder = Path(wheels) if wheels is not None else None
    order = Order(tag, base, folder, platform, labels or {}, build_args or {}, cache, push, gpu)
    packing = Packing(Path(data) if data is not None else None, name, format, require_sandbox)
    trusted, hear = gathered(trust, allow), tell or (lambda _: None)
    if render_only is not None:
        return run_render(model, order, Path(render_only), force=force, packing=packing, trust=trusted, tell=hear)
    return run_containerize(model, order, packing=packing, trust=trusted, tell=hear)
