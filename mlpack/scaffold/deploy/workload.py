"""What is run: an image under a name, what it listens on, and what it needs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from mlpack.core.errors import UsageError
from mlpack.core.model_file import manifest_in
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.settings import Settings
from mlpack.scaffold.deploy.names import ImageName, dns_label, image_name, is_label_value

_DEFAULTS: Mapping[str, Any] = {option.name: option.default for option in fields(Settings)}
PORT: int = _DEFAULTS["port"]
GRPC_PORT: int = _DEFAULTS["grpc_port"]
METRICS = "/metrics"
READY = "/readyz"
LIVE = "/livez"
PRE_STOP = 5
"""Seconds in which a pod that has to go still takes requests, until everyone who sends them knows."""
DRAIN = math.ceil(_DEFAULTS["drain_timeout"])
"""Seconds that requests which were taken have at the end."""
_ORDER = 10
"""Seconds beyond these for what the service does before it drains and after: `process/drain.py`, `process/supervisor.py`."""
GRACE = PRE_STOP + DRAIN + _ORDER
"""Seconds after which a pod that does not go is killed."""
STOP = DRAIN + _ORDER
"""The same where nobody sends requests to several: the service is told to stop at once."""

_LIGHT = 256
_HEAVY = 1024
_FORMATS = {"onnx": _LIGHT, "torchscript": _HEAVY, "torch": _HEAVY, "hdf5": _HEAVY, "keras": _HEAVY}
_COPIES = 3
"""A model is read, parsed and prepared: for moments it is in memory about so often."""
_STEP = 64


@dataclass(frozen=True)
class Workload:
    """An image that runs under ``name``. ``memory`` is in MiB; ``notes`` are annotations that say which model it holds."""

    name: str
    image: ImageName
    version: str = ""
    memory: int = _LIGHT
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def memory_limit(self) -> int:
        """MiB beyond which it is ended: room for as many large requests as it takes at once."""
        return 2 * self.memory

    @property
    def selector(self) -> dict[str, str]:
        """The labels by which its pods are found. They may never change."""
        return {"app.kubernetes.io/name": self.name}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of all that belongs to it."""
        version = {"app.kubernetes.io/version": self.version} if is_label_value(self.version) else {}
        return {**self.selector, **version, "app.kubernetes.io/component": "model"}


def workload_of(image: str | None, name: str | None, model: str | Path | None) -> Workload:
    """What ``image`` is when it runs. What it and ``name`` leave out is said by the bundle ``model``.

    Raises UsageError where neither names an image, and for names that cannot be; CorruptFileError.
    """
    manifest = manifest_in(Path(model)) if model is not None else None
    if manifest is None:
        return _of_image(_with_version(image), name)
    label = dns_label(name or manifest.name)
    version = manifest.version
    parity = manifest.document["parity"]
    return Workload(
        label,
        _with_version(image) if image else _image_of(label, version),
        version,
        _memory(manifest),
        {
            "mlpack/model": f"{manifest.name} {version}",
            "mlpack/model-sha256": manifest.model_sha256,
            "mlpack/parity": str(parity["verdict"]),
        },
    )


def _of_image(image: ImageName, name: str | None) -> Workload:
    return Workload(dns_label(name or image.last), image, image.tag)


def _with_version(image: str | None) -> ImageName:
    if image is None:
        raise UsageError(
            "no image is named", hint="--image NAME:TAG, or --model BUNDLE, which has a name and a version"
        )
    found = image_name(image)
    if not found.tag and not found.digest:
        raise UsageError(
            f"{image} names no version",
            why="without a tag it is :latest, and what runs would depend on when it was started",
            hint=f"--image {image}:1",
        )
    return found


def _image_of(label: str, version: str) -> ImageName:
    try:
        return image_name(f"{label}:{version}")
    except UsageError as error:
        raise UsageError(f"the version {version!r} is no tag of an image", hint=f"--image {label}:TAG") from error


def _memory(manifest: Manifest) -> int:
    """MiB for the libraries of the format and for the model, in whole steps."""
    size = manifest.model_path.stat().st_size * _COPIES / (1 << 20)
    return math.ceil((_FORMATS.get(manifest.model_format, _LIGHT) + size) / _STEP) * _STEP
