"""The wheels of a service: found in a folder, or brought by the user's own pip, with all that it is set up for.

pip runs here and not in the build: index, certificates, proxies, passwords and keyrings work as they always do, none of them
comes near a layer or the engine, and the build has no network.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpack.core.errors import EngineError, UsageError
from mlpack.images.target import Target
from mlpack.scaffold.requirements import pip_errors
from mlpack.scaffold.store import alone, cache_folder, key_of

_SECONDS = 1800
_PIP = (
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--only-binary",
    ":all:",
    "--no-input",
    "--disable-pip-version-check",
)


@dataclass(frozen=True)
class Wheel:
    """A wheel that fits."""

    name: str
    version: str
    path: Path
    sha256: str


def wheels_in(folder: Path, pins: Mapping[str, str], target: Target) -> list[Wheel]:
    """A wheel in ``folder`` for every one of ``pins``, the one that fits best. Raises UsageError, EngineError."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", hint="--wheels DIR takes a folder of wheels")
    found, missing = _found(folder, pins, target)
    if missing:
        names = [f"{name}=={pins[name]}" for name in missing]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise EngineError(
            f"there is no wheel for {', '.join(names[:3])}{more} in {folder}",
            why=f"each of {len(pins)} requirements needs one for {target.text}",
            hint=shlex.join(["pip", "download", "--no-deps", "--only-binary", ":all:", "-d", str(folder), *names]),
        )
    return found


def wheels_by_pip(pins: Mapping[str, str], target: Target) -> list[Wheel]:
    """A wheel for every one of ``pins``, from the cache or from the index that pip is set up for. Raises EngineError."""
    folder = cache_folder("wheels", key_of(_pip_settings()))
    with alone(folder):
        missing = _found(folder, pins, target)[1]
        if missing:
            _download({name: pins[name] for name in missing}, folder, target)
        return wheels_in(folder, pins, target)


def requirements_text(wheels: Sequence[Wheel], target: Target) -> str:
    """``requirements.txt`` that takes exactly these files."""
    lines = [f"{one.name}=={one.version} \\\n    --hash=sha256:{one.sha256}\n" for one in wheels]
    return f"# All that the service runs on; the hashes are those of the wheels for {target.text}.\n{''.join(lines)}"


def _found(folder: Path, pins: Mapping[str, str], target: Target) -> tuple[list[Wheel], list[str]]:
    """The best wheel for each pin, and the names of those that have none."""
    from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

    best: dict[str, tuple[int, str, Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        key = str(canonicalize_name(name))
        rank = min((target.ranks[tag] for tag in tags if tag in target.ranks), default=None)
        if rank is None or key not in pins or not _is_pinned(str(version), pins[key]):
            continue
        if key not in best or rank < best[key][0]:
            best[key] = (rank, str(version), path)
    wheels = [Wheel(name, best[name][1], best[name][2], _digest(best[name][2])) for name in sorted(best)]
    return wheels, sorted(set(pins) - set(best))


def _is_pinned(version: str, pin: str) -> bool:
    """Whether ``pin`` takes ``version``, as pip sees it: a local build is one of the version that it is built from."""
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(f"=={pin}").contains(version, prereleases=True)


def _download(pins: Mapping[str, str], folder: Path, target: Target) -> None:
    names = [f"{name}=={version}" for name, version in pins.items()]
    where = [f"--platform={one}" for one in target.platforms]
    abi = f"cp{target.python[0]}{target.python[1]}"
    kind = [
        "--python-version",
        target.version,
        "--implementation",
        "cp",
        "--abi",
        abi,
        "--abi",
        "abi3",
        "--abi",
        "none",
    ]
    command = [sys.executable, *_PIP, *where, *kind, "--dest", str(folder), *names]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"pip did not bring the requirements within {_SECONDS} s", hint=_ADVICE) from error
    if ended.returncode:
        said = " ".join(pip_errors(ended.stderr)[-2:])
        raise EngineError("the requirements of the service cannot be had", why=f"pip says: {said}", hint=_ADVICE)


_ADVICE = "check the index: pip config list; without a network, name a folder of wheels: --wheels DIR"


def _pip_settings() -> list[str]:
    """What pip is set up for, as far as it decides where wheels come from: other settings have a cache of their own."""
    variables = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("PIP_")]
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    named = [Path(os.environ["PIP_CONFIG_FILE"])] if os.environ.get("PIP_CONFIG_FILE") else []
    places = [
        *named,
        Path("/etc/pip.conf"),
        config / "pip/pip.conf",
        home / ".pip/pip.conf",
        Path(sys.prefix) / "pip.conf",
    ]
    return [*variables, *(_digest(place) for place in places if place.is_file())]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
