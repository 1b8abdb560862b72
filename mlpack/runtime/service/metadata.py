"""What the Open Inference Protocol tells about a server and its model, over REST and gRPC alike, as JSON-ready values.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#model-metadata
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_configuration.md
"""

from __future__ import annotations

from typing import Any

from ..coerce.oip import BYTES, datatype_of, platform_of, shape_of
from ..manifest import Manifest
from ..signature import TensorSpec
from .service import Service

SERVER = "mlpack"
EXTENSIONS = ("binary_tensor_data", "model_configuration")


def server_metadata(manifest: Manifest) -> dict[str, Any]:
    """The name of the server, the version of what it serves, and what it has beyond the protocol."""
    return {"name": SERVER, "version": manifest.version, "extensions": list(EXTENSIONS)}


def model_metadata(manifest: Manifest) -> dict[str, Any]:
    """The inputs and outputs of the model."""
    signature = manifest.signature
    return {
        "name": manifest.name,
        "versions": [manifest.version],
        "platform": platform_of(manifest.model_format),
        "inputs": [_tensor(spec) for spec in signature.inputs],
        "outputs": [_tensor(spec) for spec in signature.outputs],
    }


def model_config(service: Service) -> dict[str, Any]:
    """The model's configuration as Triton has it: sizes are without the batch where every tensor has that first."""
    manifest, signature = service.manifest, service.signature
    batched = all(spec.batch_axis == 0 for spec in (*signature.inputs, *signature.outputs))
    return {
        "name": manifest.name,
        "platform": platform_of(manifest.model_format),
        "backend": SERVER,
        "max_batch_size": service.settings.max_rows if batched else 0,
        "input": [_configured(spec, batched=batched) for spec in signature.inputs],
        "output": [_configured(spec, batched=batched) for spec in signature.outputs],
    }


def repository_index(service: Service) -> list[dict[str, Any]]:
    """The one model that is served."""
    manifest = service.manifest
    state = "READY" if service.ready else "UNAVAILABLE"
    return [{"name": manifest.name, "version": manifest.version, "state": state, "reason": ""}]


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": datatype_of(spec), "shape": shape_of(spec)}


def _configured(spec: TensorSpec, *, batched: bool) -> dict[str, Any]:
    datatype = datatype_of(spec)
    kind = "TYPE_STRING" if datatype == BYTES else f"TYPE_{datatype}"
    return {"name": spec.name, "data_type": kind, "dims": shape_of(spec)[1:] if batched else shape_of(spec)}
