"""Builds an image with the engine's own builder, and takes back what it made where that comes to nothing."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from mlpack.core.errors import EngineError
from mlpack.images.context import write_context
from mlpack.images.engine import Engine
from mlpack.images.failures import classified, passed_over, told
from mlpack.images.stream import Step, Trail
from mlpack.scaffold.folder import Files
from mlpack.scaffold.store import alone, cache_folder, key_of

_CODE = re.compile(r"returned a non-zero code: (\d+)")
_PATIENCE_SECONDS = 20.0
_PAUSE_SECONDS = 0.1
_QUIET_LOOKS = 5
_NAMELESS = "<none>:<none>"


@dataclass(frozen=True)
class Wishes:
    """What the user asks of a build."""

    platform: str | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    cache: bool = True


@dataclass(frozen=True)
class Built:
    """An image without a name. ``added`` are the images that were made for it, the oldest first, ``made`` these and those that
    were there from a former build; ``cached`` counts the steps that were not done anew.
    """

    image: str
    added: tuple[str, ...]
    steps: int
    cached: int
    made: tuple[str, ...] = ()


def build(engine: Engine, files: Files, base: str, wishes: Wishes, tell: Callable[[Step], None]) -> Built:
    """Build ``files`` on the image with the id ``base``; ``tell`` hears of each step as it begins.

    Nothing is left of a build that fails or is interrupted.

    Raises EngineError, OutputError.
    """
    trail = Trail(base)
    with alone(
        cache_folder("engines") / key_of([engine.address])
    ):  # two builds share steps, and one takes back its own
        return _built(engine, files, trail, wishes, tell)


def _built(engine: Engine, files: Files, trail: Trail, wishes: Wishes, tell: Callable[[Step], None]) -> Built:
    before = _contents(engine)
    try:
        with tempfile.TemporaryFile(prefix="mlpack-") as stream:
            write_context(files, stream)
            stream.seek(0)
            _follow(engine, stream, wishes, trail, tell)
        if trail.error or not trail.image:
            raise _failure(trail)
    except BaseException:
        _settle(engine, trail, before)
        remove_images(engine, trail.added)
        raise
    return Built(trail.image, tuple(trail.added), trail.step.of if trail.step else 0, trail.cached, tuple(trail.made))


def remove_images(engine: Engine, images: list[str] | tuple[str, ...]) -> None:
    """Remove ``images``, the youngest first. One that something else has begun to use stays."""
    for image in reversed(images):
        with passed_over():
            engine.api.remove_image(image, noprune=True)


def nameless(engine: Engine, built: Built) -> tuple[Mapping[str, Any], ...]:
    """The images of the build that have no name and that nothing with a name stands on: the ends of its other stages.

    They stay, so that the next build takes its steps from there.
    """
    with told("the images of the engine cannot be listed"):
        found = engine.api.images(filters={"dangling": True})
    return tuple(one for one in found if any(_is_of(short, one["Id"]) for short in built.made))


def _follow(engine: Engine, stream: IO[bytes], wishes: Wishes, trail: Trail, tell: Callable[[Step], None]) -> None:
    """Send the context and read what comes. Whatever ends this ends the build: the engine sees the connection go."""
    answers: list[Any] = []

    def keep(answer: Any, *_: Any, **__: Any) -> None:
        answers.append(answer)

    hooks = engine.api.hooks["response"]
    hooks.append(keep)
    try:
        with told("the image cannot be built"):
            events = engine.api.build(
                fileobj=stream, custom_context=True, decode=True, rm=True, forcerm=True, nocache=not wishes.cache,
                buildargs=dict(wishes.arguments), platform=wishes.platform, network_mode="none", timeout=None,
            )  # fmt: skip
            for event in events:
                step = trail.follow(event)
                if step is not None:
                    tell(step)
    finally:
        hooks.remove(keep)
        for answer in answers:
            answer.close()


def _failure(trail: Trail) -> EngineError:
    step = f" at step {trail.step}" if trail.step else ""
    doing = f"the image cannot be built: it failed{step}"
    code = _CODE.search(trail.error)
    said = "\n".join(trail.output[-8:])
    if code is None or "no space left" in f"{said}{trail.error}".lower():
        return classified(doing, trail.error if code is None else f"{trail.error} {said}")
    if code[1] == "127":
        return EngineError(
            doing,
            why=f"a program is missing in the base: {said}",
            hint="name an image with a shell, Python, pip and venv: --base python:3.12-slim",
        )
    return EngineError(
        doing, why=said or trail.error, hint="see the whole of it: --render-only DIR, and docker build DIR"
    )


def _contents(engine: Engine) -> set[str]:
    """The ids of all images and containers."""
    with told("the images of the engine cannot be listed"):
        return {str(one["Id"]) for one in (*engine.api.images(all=True), *engine.api.containers(all=True))}


def _settle(engine: Engine, trail: Trail, before: set[str]) -> None:
    """Wait until the engine has ended the build, and note what it made after the last word that was heard of it.

    A step that was being committed when the connection went is committed all the same; its container goes first.
    """
    until, quiet = time.monotonic() + _PATIENCE_SECONDS, 0
    while quiet < _QUIET_LOOKS and time.monotonic() < until:
        time.sleep(_PAUSE_SECONDS)
        with passed_over():
            there = engine.api.containers(all=True)
            trail.containers += [one["Id"][:12] for one in there if _is_late_container(one, trail, before)]
            alive = {one["Id"][:12] for one in there} & set(trail.containers)
            late = [str(one["Id"]) for one in engine.api.images(all=True) if _is_late_image(one, trail, before)]
            trail.added += late
            quiet = 0 if alive or late else quiet + 1
    for container in trail.containers:
        with passed_over():
            engine.api.remove_container(container, force=True, v=True)


def _is_late_container(container: Mapping[str, Any], trail: Trail, before: set[str]) -> bool:
    """Whether it is one of this build that was not told of. Users run containers of the base as well: not with this command."""
    image = container.get("ImageID")
    if str(container["Id"]) in before or not _follows(trail, image):
        return False
    return not _is_of(trail.base, image) or "#(nop)" in str(container.get("Command"))


def _is_late_image(image: Mapping[str, Any], trail: Trail, before: set[str]) -> bool:
    """Whether it is a step of this build that was not told of. One with a name is somebody's own, on the same base."""
    own, names = str(image["Id"]), set(image.get("RepoTags") or ())
    return (
        own not in before
        and names <= {_NAMELESS}
        and not any(_is_of(one, own) for one in trail.added)
        and _follows(trail, image.get("ParentId"))
    )


def _follows(trail: Trail, image: Any) -> bool:
    """Whether ``image`` is what the build was at, or one that it made."""
    return any(_is_of(one, image) for one in (trail.last, *trail.added))


def _is_of(short: str, image: Any) -> bool:
    """Whether ``short`` is the id of ``image``, or its beginning."""
    return bool(short) and str(image or "").removeprefix("sha256:").startswith(short.removeprefix("sha256:"))
