"""What a server cannot take, and the nearest way to something that it can."""

from __future__ import annotations

from mlpack.core.errors import NoRouteError
from mlpack.runtime.manifest import Manifest

TITLES = {"kserve": "KServe", "triton": "Triton", "mlserver": "MLServer"}
"""The servers' own names."""


def unfit(manifest: Manifest, server: str, why: str) -> NoRouteError:
    """The error that refuses the model of a bundle for ``server``."""
    source = manifest.document["source"]["file"] or "MODEL"
    return NoRouteError(
        f"{TITLES[server]} cannot serve {manifest.name}, a model in {manifest.model_format}",
        why=why,
        hint=f"mlpack pack {source} --format onnx -o {manifest.name}.mlpack",
    )
