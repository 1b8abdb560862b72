"""``mlpack containerize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpack.cli.options import (
    Allow,
    Json,
    Model,
    PackingData,
    PackingFormat,
    PackingName,
    Quiet,
    RequireSandbox,
    Trust,
    TrustFile,
    Verbose,
    vouched,
)
from mlpack.cli.render import Renderer
from mlpack.cli.signals import ended_in_order
from mlpack.cli.spinner import Spinner
from mlpack.core.errors import UsageError
from mlpack.core.view import Result

_BUILD = "Build"

Tag = Annotated[
    str | None, typer.Option("--tag", "-t", metavar="NAME:TAG", help="Name of the image.", show_default=False)
]
Push = Annotated[bool, typer.Option("--push", help="Push it to its registry, once it has its name.")]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        envvar="MLPACK_BASE",
        metavar="IMAGE",
        help="Image to build on, with Python, pip and venv (python:3.X-slim of your Python).",
        rich_help_panel=_BUILD,
    ),
]
Wheels = Annotated[
    Path | None,
    typer.Option(
        "--wheels",
        envvar="MLPACK_WHEELS",
        metavar="DIR",
        help="Install from this folder of wheels, with no network.",
        rich_help_panel=_BUILD,
    ),
]
Platform = Annotated[
    str | None,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="Platform: linux/amd64, linux/arm64 or another that its base is there for.",
        rich_help_panel=_BUILD,
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="NAME=VALUE", help="Label of the image; repeatable.", rich_help_panel=_BUILD),
]
Arguments = Annotated[
    list[str] | None,
    typer.Option(
        "--build-arg",
        metavar="NAME=VALUE",
        help="Variable of the stage that installs; repeatable.",
        rich_help_panel=_BUILD,
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Take no step from the engine's cache.", rich_help_panel=_BUILD)
]
RenderOnly = Annotated[
    Path | None,
    typer.Option(
        "--render-only",
        metavar="DIR",
        help="Write Dockerfile, requirements and all to DIR, and build nothing.",
        rich_help_panel=_BUILD,
    ),
]
Gpu = Annotated[bool, typer.Option("--gpu", help="With --render-only: for a base with CUDA.", rich_help_panel=_BUILD)]
Force = Annotated[
    bool, typer.Option("--force", help="With --render-only: write over a former one.", rich_help_panel=_BUILD)
]


def containerize(  # noqa: PLR0913 - a parameter an option
    model: Model,
    *,
    tag: Tag = None,
    push: Push = False,
    base: Base = None,
    wheels: Wheels = None,
    platform: Platform = None,
    label: Labels = None,
    build_arg: Arguments = None,
    no_cache: NoCache = False,
    render_only: RenderOnly = None,
    gpu: Gpu = False,
    force: Force = False,
    data: PackingData = None,
    name: PackingName = None,
    format_: PackingFormat = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Build a small image of a model's service, and name it once it has answered from inside a container.

    A model file is packed first, into the cache. An image that does not answer as the original does gets no name.

    Example: mlpack containerize churn.mlpack -t churn:1
    """
    spinner = Spinner(f"containerizing {model}")

    def call() -> Result:
        from mlpack.images import containerize as run

        return run(
            model, _tag(tag, render_only), base=base, wheels=wheels, push=push, platform=platform,
            labels=_pairs("--label", label), build_args=_pairs("--build-arg", build_arg), cache=not no_cache,
            render_only=render_only, gpu=gpu, force=force, data=data, name=name, format=format_,
            **vouched(trust, allow, trust_file), require_sandbox=require_sandbox, tell=spinner.say,
        )  # fmt: skip

    with ended_in_order():
        Renderer("containerize", json=json, quiet=quiet, verbose=verbose).run(spinner, call)


def _tag(tag: str | None, render_only: Path | None) -> str:
    if tag is None and render_only is None:
        raise UsageError("the image needs a name", hint="-t NAME:TAG, such as -t churn:1")
    return tag or ""


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """``NAME=VALUE`` as a mapping. Raises UsageError."""
    parts = [(text, *text.partition("=")) for text in given or ()]
    for text, name, sign, _ in parts:
        if not sign or not name:
            raise UsageError(f"{text!r} is no NAME=VALUE", hint=f"{option} NAME=VALUE")
    return {name: value for _, name, _, value in parts}
