"""``requirements.txt`` of a service: everything that it runs on, pinned to what is installed here, with hashes by pip."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, MissingLibraryError
from mlpack.runtime.manifest import Manifest

SERVICE = (
    "fastapi",
    "fastapi-offline",
    "grpcio",
    "grpcio-health-checking",
    "grpcio-reflection",
    "httptools",
    "msgspec",
    "numpy",
    "orjson",
    "prometheus-client",
    "protobuf",
    "pydantic",
    "uvicorn",
    "uvloop",
)
"""What every service imports itself, whatever its model."""

UNUSED = frozenset({("onnxruntime", "coloredlogs"), ("onnxruntime", "sympy")})
"""Who requires what without importing it to predict: ONNX Runtime's tools do, which no service calls. Images leave it out."""

_PIP_SECONDS = 600
_PIP = (
    *("-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"),
    *("--no-input", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"),
    *("--only-binary", ":all:"),  # to build a wheel is to run its setup.py: a bundle could name any
)


INSTALL = "pip install -r requirements.txt"
INSTALL_BY_HASH = "pip install --require-hashes -r requirements.txt"


@dataclass(frozen=True)
class Lock:
    """The text of the file. ``reason`` says why there are no hashes in it; empty where there are."""

    text: str
    packages: int
    reason: str = ""

    @property
    def install(self) -> str:
        """The command that installs it: the same wherever it is named."""
        return INSTALL if self.reason else INSTALL_BY_HASH


def lock_of(manifest: Manifest, *, hashes: bool = True, unused: Collection[tuple[str, str]] = ()) -> Lock:
    """The requirements of the service of a bundle, with all that they require.

    ``hashes`` come from the index that pip is set up for. Where it is not reached, or has not these versions, and without
    ``hashes``, the versions alone are pinned, from what is installed. ``unused``: see `closure_of`. Raises
    MissingLibraryError, CorruptFileError.
    """
    wanted = wanted_by(manifest)
    closure = closure_of(wanted, unused=unused)
    if not hashes:
        return _plain(closure, "it was rendered without: --no-lock")
    left_out = set(closure_of(wanted)) - set(closure)
    try:
        return _hashed(one for one in _report(wanted, closure) if _name_of(one) not in left_out)
    except _PipError as error:
        return _plain(closure, str(error))


def wanted_by(manifest: Manifest) -> dict[str, str]:
    """What the service of a bundle imports itself, name by version. Raises MissingLibraryError, CorruptFileError."""
    wanted = {name: _installed(name) for name in SERVICE} | _model_pins(manifest)
    if any("bfloat16" in spec.dtype for spec in (*manifest.signature.inputs, *manifest.signature.outputs)):
        wanted.setdefault("ml-dtypes", _installed("ml-dtypes"))
    return wanted


class _PipError(Exception):
    """pip gave no report; what it said last."""


def _model_pins(manifest: Manifest) -> dict[str, str]:
    """What the manifest requires, name by version. Raises CorruptFileError for what is more than a pin."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    pins: dict[str, str] = {}
    for text in manifest.document["requirements"]:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            requirement = None
        exact = [one for one in requirement.specifier if one.operator == "=="] if requirement else []
        if requirement is None or len(exact) != 1 or requirement.url or "*" in exact[0].version:
            raise CorruptFileError(
                f"the bundle {manifest.folder} requires {text!r}, which pins no version of a library",
                hint="pack the model again: mlpack pack MODEL -o NAME.mlpack",
            )
        pins[canonicalize_name(requirement.name)] = exact[0].version
    return pins


def _installed(name: str) -> str:
    """The version that is here, without what tells a local build. Raises MissingLibraryError."""
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError as error:
        raise MissingLibraryError(
            f"a service needs {name}, which is not installed", hint='pip install "mlpack-toolkit[serve,grpc]"'
        ) from error


def closure_of(
    wanted: Mapping[str, str], environment: Mapping[str, str] | None = None, unused: Collection[tuple[str, str]] = ()
) -> dict[str, str]:
    """``wanted`` and all that they require, by what is installed here; a library that is not stands as it is wanted.

    ``environment`` holds markers of another machine, as ``python_version``. ``unused`` are pairs of a library and one that
    it requires and does not import: such a one is left out, unless another library wants it.
    """
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found = dict(wanted)
    pending = list(wanted)
    markers = {**(environment or {}), "extra": ""}
    while pending:
        owner = pending.pop()
        try:
            required = metadata.requires(owner) or []
        except metadata.PackageNotFoundError:
            continue
        for requirement in map(Requirement, required):
            name = canonicalize_name(requirement.name)
            if name in found or (owner, name) in unused:
                continue
            if requirement.marker and not requirement.marker.evaluate(markers):
                continue
            try:
                found[name] = _installed(name)
            except MissingLibraryError:
                continue  # another build of the same library is here
            pending.append(name)
    return found


def _report(wanted: Mapping[str, str], closure: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """What pip would install, without installing anything. Raises _PipError."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"wanted.txt": wanted, "constraints.txt": closure}
        for file, pins in files.items():
            (Path(folder) / file).write_text("".join(_lines(pins)), encoding="utf-8")
        command = [sys.executable, *_PIP, "--constraint", "constraints.txt", "--requirement", "wanted.txt"]
        try:
            ended = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise _PipError(f"pip did not end within {_PIP_SECONDS} s") from error
    if ended.returncode:
        said = pip_errors(ended.stderr)
        raise _PipError(f"pip says: {said[0]}" if said else "pip gave no report")
    report: list[Mapping[str, Any]] = json.loads(ended.stdout)["install"]
    return report


def pip_errors(text: str) -> list[str]:
    """What pip calls an error in what it wrote to stderr, in its order; its last line where it calls nothing so."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")] or lines[-1:]


def _name_of(entry: Mapping[str, Any]) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(entry["metadata"]["name"]))


def _hashed(report: Iterable[Mapping[str, Any]]) -> Lock:
    entries: dict[str, str] = {}
    for one in report:
        digest = one["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        name = _name_of(one)
        if digest is None:
            raise _PipError(f"the index gives no SHA-256 for {name}")
        entries[name] = f"{name}=={one['metadata']['version']} \\\n    --hash=sha256:{digest}\n"
    machine = f"CPython {platform.python_version().rpartition('.')[0]} on {platform.system()} {platform.machine()}"
    head = f"# All that the service runs on; the hashes are those of the wheels for {machine}.\n# {INSTALL_BY_HASH}\n"
    return Lock(head + "".join(text for _, text in sorted(entries.items())), len(entries))


def _plain(pins: Mapping[str, str], reason: str) -> Lock:
    head = f"# All that the service runs on. There are no hashes: {reason}\n# {INSTALL}\n"
    return Lock(head + "".join(_lines(pins)), len(pins), reason)


def _lines(pins: Mapping[str, str]) -> Sequence[str]:
    return [f"{name}=={version}\n" for name, version in sorted(pins.items())]
