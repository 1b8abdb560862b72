"""The image that a service is built on: brought here, pinned, and asked which Python it has."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlpack.core.errors import EngineError
from mlpack.core.publish import publish_bytes
from mlpack.images.container import named_container
from mlpack.images.engine import Engine
from mlpack.images.failures import classified, told
from mlpack.images.reference import Reference, reference_of
from mlpack.images.target import Target
from mlpack.scaffold.store import cache_folder, key_of

_SECONDS = 60
_CODE = """
import importlib.util, json, os, platform, sys
try:
    libc, version = os.confstr("CS_GNU_LIBC_VERSION").split()
except (AttributeError, OSError, ValueError):
    libc, version = "musl", "1.2"
print(json.dumps({
    "python": sys.version_info[:2],
    "machine": platform.machine(),
    "libc": libc,
    "libc_version": [int(part) for part in version.split(".")[:2]],
    "missing": [name for name in ("pip", "venv") if importlib.util.find_spec(name) is None],
}))
"""
_HINT = "name an image with Python, pip and venv: --base python:3.12-slim"


@dataclass(frozen=True)
class Base:
    """An image that is here. ``name`` is what the Dockerfile says, with a digest where there is one; ``size`` is in bytes."""

    name: str
    id: str
    digest: str
    size: int
    target: Target


def base_of(engine: Engine, name: str, platform: str | None, tell: Callable[[str], None]) -> Base:
    """The base ``name``, pulled where it is not here. Raises UsageError, EngineError: it is nowhere, or has no Python."""
    reference = reference_of(name)
    facts = present(engine, reference, platform, tell)
    digest = _digest(facts, reference)
    pinned = f"{name}@{digest}" if digest and not reference.digest else name
    return Base(pinned, facts["Id"], digest, int(facts["Size"]), _target(engine, name, facts["Id"], platform))


def present(engine: Engine, reference: Reference, platform: str | None, tell: Callable[[str], None]) -> dict[str, Any]:
    """What the engine says of an image, which it pulls if it has it not. Raises EngineError."""
    import docker.errors

    name = str(reference)
    doing = f"the image {name} cannot be had"
    with told(doing):
        try:
            facts: dict[str, Any] = engine.api.inspect_image(name)
        except docker.errors.ImageNotFound:
            facts = {}
    if facts and _is_for(facts, platform):
        return facts
    if facts:
        doing = f"the image {name} is here for {facts.get('Os')}/{facts.get('Architecture')}, and cannot be had for {platform}"
    tell(f"pulling {name}")
    with told(doing):
        for event in engine.api.pull(
            reference.repository, tag=reference.digest[1:] or reference.tag, platform=platform, stream=True, decode=True
        ):
            if "error" in event:
                raise classified(doing, str(event["error"]))
        return dict(engine.api.inspect_image(name))


def _is_for(facts: dict[str, Any], platform: str | None) -> bool:
    parts = (platform or "").split("/")
    return platform is None or [facts.get("Os"), facts.get("Architecture")] == parts[:2]


def _digest(facts: dict[str, Any], reference: Reference) -> str:
    """By which a registry knows it; none for an image that was never in one."""
    known = [one.partition("@") for one in facts.get("RepoDigests") or ()]
    return reference.digest[1:] or next((digest for place, _, digest in known if place == reference.repository), "")


def _target(engine: Engine, name: str, image: str, platform: str | None) -> Target:
    kept = cache_folder("bases") / key_of([image, _CODE])
    told_before = _read(kept)
    if told_before is not None:
        return told_before
    target = _asked(engine, name, image, platform)
    publish_bytes(json.dumps(asdict(target)).encode(), kept)
    return target


def _read(kept: Path) -> Target | None:
    try:
        stored = json.loads(kept.read_bytes())
        return Target(tuple(stored["python"]), stored["machine"], stored["libc"], tuple(stored["libc_version"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not there, or damaged: the image is asked


def _asked(engine: Engine, name: str, image: str, platform: str | None) -> Target:
    import docker.errors

    limits = engine.api.create_host_config(read_only=True, cap_drop=["ALL"], network_mode="none")
    with told(f"the base {name} cannot be tried"), named_container(engine) as made:
        engine.api.create_container(
            image, ["-c", _CODE], entrypoint=["python3"], name=made, host_config=limits, platform=platform
        )
        try:
            engine.api.start(made)
        except docker.errors.APIError as error:
            if "executable file not found" in str(error) or "no such file" in str(error):
                why = "there is no python3 in its PATH"
                raise EngineError(f"the base {name} has no Python", why=why, hint=_HINT) from error
            raise
        code = engine.api.wait(made, timeout=_SECONDS)["StatusCode"]
        log = engine.api.logs(made).decode(errors="replace")
    return _understood(name, code, log)


def _understood(name: str, code: int, log: str) -> Target:
    if "exec format error" in log:
        raise EngineError(
            f"the engine cannot run programs of {name} on this machine",
            why="they are for another processor",
            hint="choose another --platform, or let the kernel emulate it (Debian: apt install qemu-user-static)",
        )
    try:
        told_by = json.loads(log)
        missing = list(told_by["missing"])
        target = Target(tuple(told_by["python"]), told_by["machine"], told_by["libc"], tuple(told_by["libc_version"]))
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"the Python of the base {name} does not work", why=f"exit code {code}: {log[-400:].strip()}", hint=_HINT
        ) from error
    if missing:
        raise EngineError(
            f"the base {name} lacks {' and '.join(missing)}",
            why="requirements are installed by its own pip",
            hint=_HINT,
        )
    return target
