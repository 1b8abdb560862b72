"""The end of the demo: the image of a packed model, built, verified over the wire, and removed.

It takes the engine that docker uses, or starts one of its own where Debian's docker.io is installed and this is root. The
base is MLPACK_DEMO_BASE, or Python's own image; where no registry is reached, one that is made from Debian's packages.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.core.errors import EngineError
from mlpack.core.view import Line

ROOT = Path(__file__).parent.parent.parent
TAG = "mlpack-demo/cancer:1"
Ask = Callable[..., Any]
"""Runs one mlpack command, and returns what it said: see ``mlpack`` in demo.py."""


@dataclass(frozen=True)
class Ending:
    """What came of the container, in a line. ``passed`` is None where there is no engine to try it with."""

    line: Line
    passed: bool | None = None


def ending(mlpack: Ask, folder: Path, model: str, bundle: str) -> Ending:
    """Containerize ``bundle``, hold the image against the original ``model``, and remove it."""
    sys.path.append(str(ROOT / "scripts"))
    from engine.daemon import running

    try:
        with running() as address:
            os.environ["DOCKER_HOST"] = address
            return _proven(mlpack, folder, model, bundle)
    except EngineError as error:
        return Ending(Line(f"no container: {error.message} ({error.hint or error.why})", "warn"))


def _proven(mlpack: Ask, folder: Path, model: str, bundle: str) -> Ending:
    made = mlpack(folder, "containerize", bundle, "-t", TAG, *_base())
    if made.error:
        return Ending(Line(f"container: {made.error}", "bad"), passed=False)
    verified = mlpack(folder, "verify", model, f"docker://{TAG}")
    _remove()
    size, ready = made.data["size_over_base"] / 1e6, made.data["seconds_to_ready"]
    text = (
        f"{TAG}, {size:.0f} MB over its base, ready after {ready:.1f} s, {verified.verdict} over the wire, and removed"
    )
    passed = verified.verdict == "PASS"
    return Ending(Line(f"container: {text}", "good" if passed else "bad"), passed)


def _base() -> list[str]:
    """The option that names the base. Raises EngineError."""
    import docker

    if os.environ.get("MLPACK_DEMO_BASE"):
        return ["--base", os.environ["MLPACK_DEMO_BASE"]]
    usual = f"python:{sys.version_info[0]}.{sys.version_info[1]}-slim"
    client = docker.from_env(timeout=300)
    try:
        try:
            client.images.get(usual)
        except docker.errors.ImageNotFound:
            client.images.pull(usual)
    except docker.errors.APIError:
        from engine.image import base_image

        print(f"{usual} cannot be had: a base is made from Debian's packages", flush=True)
        return ["--base", base_image(client)]
    finally:
        client.close()
    return []


def _remove() -> None:
    import docker

    client = docker.from_env()
    client.images.remove(TAG)
    client.close()
