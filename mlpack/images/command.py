"""What `mlpack containerize` does, from a model to an image with a name."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mlpack.core.errors import UsageError
from mlpack.core.trust import Trust
from mlpack.images.base import Base, base_of
from mlpack.images.build import Wishes, build, nameless, remove_images
from mlpack.images.container import Running, running
from mlpack.images.engine import Engine, connected
from mlpack.images.failures import told
from mlpack.images.platforms import platform_of
from mlpack.images.push import push
from mlpack.images.reference import Reference, reference_of, tag_of
from mlpack.images.replay import Replay, replayed
from mlpack.images.result import ContainerizeResult, ContextResult, Kept, Measured, Seconds, free_ports
from mlpack.images.target import Target, this_python
from mlpack.images.wheels import Wheel, requirements_text, wheels_by_pip, wheels_in
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.cache import Packing, bundle_for
from mlpack.scaffold.docker import Recipe, context_files, labels_of
from mlpack.scaffold.folder import Files, check_place, write_project
from mlpack.scaffold.launch import check_extras
from mlpack.scaffold.requirements import UNUSED, closure_of, lock_of, wanted_by

Tell = Callable[[str], None]
_CUDA = "nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04"
_OF_CUDA = Target((3, 12), "x86_64", "glibc", (2, 39))
"""The Python of that distribution."""


@dataclass(frozen=True)
class Order:
    """What the user wants: names, and how to build. Without a ``base`` it is Python's own image of the version here."""

    tag: str
    base: str | None = None
    wheels: Path | None = None
    platform: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)
    cache: bool = True
    push: bool = False
    gpu: bool = False

    @property
    def base_name(self) -> str:
        """The base to build on."""
        return self.base or (_CUDA if self.gpu else f"python:{this_python().version}-slim")


def run_containerize(
    model: str | Path, order: Order, *, packing: Packing, trust: Trust, tell: Tell
) -> ContainerizeResult:
    """See `mlpack.containerize`. What can be refused is refused first, the cheapest before the rest."""
    begun = time.monotonic()
    tag = tag_of(order.tag)
    reference_of(order.base_name)
    if order.platform is not None:
        order = replace(order, platform=platform_of(order.platform))
    if order.gpu:
        raise UsageError(
            "an image for a GPU is rendered, and not built here",
            why="it proves itself where there is one: its service is ready once it has given the golden predictions",
            hint="--gpu --render-only DIR, and docker build DIR there",
        )
    check_extras()
    with connected() as engine:
        tell(f"reading {model}")
        manifest = bundle_for(model, trust, packing, tell).manifest
        base = base_of(engine, order.base_name, order.platform, tell)
        tell("gathering the requirements")
        wheels = _wheels(manifest, order, base.target)
        recipe = _recipe(order, base, wheels)
        files = context_files(manifest, recipe)
        result = _built(engine, files, manifest, tag, order, base, tell, begun)
        result = replace(
            result,
            requirements=tuple(f"{one.name}=={one.version}" for one in wheels),
            labels=labels_of(manifest, recipe),
        )
        if order.push:
            tell(f"pushing {tag}")
            result = replace(result, pushed=push(engine, tag))
        return result


def run_render(
    model: str | Path, order: Order, folder: Path, *, force: bool, packing: Packing, trust: Trust, tell: Tell
) -> ContextResult:
    """See `mlpack.containerize` with ``render_only``: no engine is asked."""
    reference_of(order.base_name)
    _check_rendered(order)
    check_place(folder, force=force)
    check_extras()
    tell(f"reading {model}")
    manifest = bundle_for(model, trust, packing, tell).manifest
    tell("gathering the requirements")
    recipe, reason = _rendered(manifest, order)
    files = context_files(manifest, recipe)
    write_project(files, folder)
    tag = str(tag_of(order.tag)) if order.tag else ""
    return ContextResult(folder, manifest, order.base_name, tuple(sorted(files)), not reason, reason, tag)


def _check_rendered(order: Order) -> None:
    """Raise UsageError for what only a build could heed."""
    wanted = {"--platform": order.platform is not None, "--push": order.push, "--no-cache": not order.cache}
    for option in (option for option, is_given in wanted.items() if is_given):
        raise UsageError(
            f"{option} is for a build, and --render-only builds nothing",
            hint=f"leave {option} out here, and give it to the builder: docker build DIR",
        )


def _rendered(manifest: Manifest, order: Order) -> tuple[Recipe, str]:
    """The recipe, and why its requirements have no hashes; empty where they have. Raises UsageError."""
    target = _OF_CUDA if order.gpu else this_python()
    recipe = Recipe(
        order.base_name, target.version, "", labels=order.labels, arguments=tuple(order.arguments), gpu=order.gpu
    )
    if order.gpu:
        return replace(recipe, requirements=_for_gpu(manifest, target)), "the Python of the base is not asked"
    if order.wheels is not None:
        return _with_wheels(recipe, _wheels(manifest, order, target), target), ""
    lock = lock_of(manifest, unused=UNUSED)
    return replace(recipe, requirements=lock.text), lock.reason


def _for_gpu(manifest: Manifest, target: Target) -> str:
    pins = closure_of(wanted_by(manifest), target.markers, UNUSED)
    if "onnxruntime" not in pins:
        raise UsageError(
            f"--gpu is for ONNX models, and {manifest.name} is in {manifest.model_format}",
            hint="pack it as ONNX: mlpack pack MODEL -o NAME.mlpack --format onnx",
        )
    pins["onnxruntime-gpu"] = pins.pop("onnxruntime")
    return "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def _wheels(manifest: Manifest, order: Order, target: Target) -> list[Wheel]:
    pins = closure_of(wanted_by(manifest), target.markers, UNUSED)
    return wheels_by_pip(pins, target) if order.wheels is None else wheels_in(order.wheels, pins, target)


def _recipe(order: Order, base: Base, wheels: list[Wheel]) -> Recipe:
    recipe = Recipe(
        base.name,
        base.target.version,
        "",
        labels=order.labels,
        arguments=tuple(order.arguments),
        base_digest=base.digest,
    )
    return _with_wheels(recipe, wheels, base.target)


def _with_wheels(recipe: Recipe, wheels: list[Wheel], target: Target) -> Recipe:
    return replace(recipe, requirements=requirements_text(wheels, target), wheels=tuple(one.path for one in wheels))


def _built(
    engine: Engine, files: Files, manifest: Manifest, tag: Reference, order: Order, base: Base, tell: Tell, begun: float
) -> ContainerizeResult:
    started = time.monotonic()
    built = build(
        engine, files, base.id, Wishes(order.platform, order.arguments, order.cache), lambda step: tell(f"step {step}")
    )
    ended = time.monotonic()
    try:
        tell("asking it for the golden predictions")
        with running(engine, built.image) as container:
            replays = replayed(container, manifest)
            measured = _measured(engine, built.image, base, container)
        with told(f"the image cannot be tagged {tag}"):
            before = _holder_of(engine, tag)
            engine.api.tag(built.image, tag.repository, tag.tag)
    except BaseException:
        remove_images(engine, built.added)
        raise
    seconds = Seconds(started - begun, ended - started, time.monotonic() - ended)
    result = _result(manifest, tag, built.image, base, measured, replays, (built.steps, built.cached), seconds)
    stages = nameless(engine, built)
    kept = Kept(tuple(str(one["Id"]) for one in stages), sum(int(one["Size"]) - base.size for one in stages))
    return replace(result, replaced="" if before == built.image else before, kept=kept)


def _holder_of(engine: Engine, tag: Reference) -> str:
    """The image that has the name, empty where none has."""
    import docker.errors

    try:
        return str(engine.api.inspect_image(str(tag))["Id"])
    except docker.errors.ImageNotFound:
        return ""


def _result(
    manifest: Manifest,
    tag: Reference,
    image: str,
    base: Base,
    measured: Measured,
    replays: list[Replay],
    steps: tuple[int, int],
    seconds: Seconds,
) -> ContainerizeResult:
    return ContainerizeResult(
        manifest, str(tag), image, base.name, measured, tuple(replays), steps, seconds, (), {}, free_ports()
    )


def _measured(engine: Engine, image: str, base: Base, container: Running) -> Measured:
    with told("the size of the image cannot be read"):
        size = int(engine.api.inspect_image(image)["Size"])
    return Measured(size, size - base.size, container.seconds, container.resident_bytes())
