"""The Open Inference Protocol as Pydantic models: what `/docs` shows of its routes. Requests are read by `v2_request`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """Every answer that is an error."""

    error: str = Field(
        description="what was wrong, in one line", examples=["instances[3].age: Input should be a valid number"]
    )


class Live(BaseModel):
    """The server answers."""

    live: bool


class Ready(BaseModel):
    """The server takes requests."""

    ready: bool


class ModelReady(BaseModel):
    """The model takes requests."""

    name: str
    ready: bool


class ServerMetadata(BaseModel):
    """What the server is."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(BaseModel):
    """A tensor of the model; -1 is an axis of any size."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """The inputs and outputs of the model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class TensorConfig(BaseModel):
    """A tensor of the model, without its batch axis where ``max_batch_size`` is more than 0."""

    name: str
    data_type: str
    dims: list[int]


class ModelConfig(BaseModel):
    """The configuration of the model, in the shape that Triton gives it."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: list[TensorConfig]
    output: list[TensorConfig]


class IndexedModel(BaseModel):
    """A model that is served."""

    name: str
    version: str
    state: str
    reason: str


class InferInput(BaseModel):
    """One input tensor; ``data`` is flat in row-major order, or nested as ``shape`` says."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = Field(None, description="left out where `binary_data_size` is among the parameters")


class InferOutputWanted(BaseModel):
    """One output that is wanted; without any, all are given."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(BaseModel):
    """Tensors to infer from."""

    id: str | None = None
    parameters: dict[str, Any] | None = None
    inputs: list[InferInput] = Field(min_length=1)
    outputs: list[InferOutputWanted] | None = None


class InferOutput(BaseModel):
    """One output tensor."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = None


class InferResponse(BaseModel):
    """What the model answered."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferOutput]
