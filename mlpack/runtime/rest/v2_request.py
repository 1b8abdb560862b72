"""The body of an inference request of the Open Inference Protocol, taken apart.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#inference
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import astuple

from ..errors import ContractError, MalformedError
from .explain import check_keys, fault_of
from .instances import UNREADABLE

Chosen = tuple[tuple[str, bool], ...]
"""The outputs that are wanted, by name, and whether they are to come as bytes."""


class Parameters(Struct, gc=False):
    """The parameters that mean something here, of a request, an input or an output; others are let pass."""

    binary_data_size: Annotated[int, Meta(ge=0)] | None = None
    binary_data: bool | None = None
    binary_data_output: bool | None = None
    classification: int = 0
    shared_memory_region: str | None = None


class Input(Struct, gc=False):
    """One input; ``data`` is None where it comes as bytes."""

    name: str
    shape: list[Annotated[int, Meta(ge=0)]]
    datatype: str
    parameters: Parameters | None = None
    data: list | None = None  # type: ignore[type-arg]


class Output(Struct, gc=False):
    """One output that is wanted."""

    name: str
    parameters: Parameters | None = None


class Request(Struct, gc=False):
    """An inference request."""

    inputs: Annotated[list[Input], Meta(min_length=1)]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[Output] | None = None


_decode = msgspec.json.Decoder(Request).decode


def read_request(text: bytes) -> Request:
    """The request in ``text``. Raises MalformedError, and ContractError for an extension that is not served here."""
    try:
        request = _decode(text)
    except UNREADABLE as error:
        wrong = isinstance(error, msgspec.ValidationError)
        raise MalformedError(fault_of(error) if wrong else f"the body is no JSON: {error}") from error
    if text.count(b":") != _fewest_colons(request):
        check_keys(text)  # or there are other keys, or a text has a colon in it
    names = {given.name for given in request.inputs}
    if len(names) != len(request.inputs):
        raise MalformedError("an input is given twice")
    _check_parameters(request)
    return request


def chosen(request: Request, names: Sequence[str]) -> Chosen:
    """The outputs that ``request`` asks for, of those called ``names``.

    Raises ContractError for one that there is not, MalformedError for one that is asked for twice.
    """
    by_default = bool(request.parameters and request.parameters.binary_data_output)
    if not request.outputs:
        return tuple([(name, by_default) for name in names])
    asked: list[tuple[str, bool]] = []
    for output in request.outputs:
        if output.name not in names:
            raise ContractError(f"there is no output {output.name!r}; there are {', '.join(names)}")
        own = None if output.parameters is None else output.parameters.binary_data
        asked.append((output.name, by_default if own is None else own))
    if len({name for name, _ in asked}) != len(asked):
        raise MalformedError("an output is asked for twice")
    return tuple(asked)


def _fewest_colons(request: Request) -> int:
    """The colons of a body that has the keys which clients send, each of them once, and no others."""
    colons = 1 + (request.id is not None) + (request.outputs is not None) + _colons_of(request.parameters)
    for given in request.inputs:
        colons += 3 + _colons_of(given.parameters) + (given.data is not None)
    for wanted in request.outputs or ():
        colons += 1 + _colons_of(wanted.parameters)
    return colons


def _colons_of(parameters: Parameters | None) -> int:
    """Its own, and that of each parameter which is more than the default."""
    if parameters is None:
        return 0
    return 1 + sum([value is not None for value in astuple(parameters)]) - (parameters.classification == 0)


def _check_parameters(request: Request) -> None:
    for tensor in (*request.inputs, *(request.outputs or ())):
        parameters = tensor.parameters
        if parameters is None:
            continue
        if parameters.shared_memory_region is not None:
            raise ContractError("shared memory is not served here: send the values, or their bytes", tensor.name)
        if parameters.classification:
            raise ContractError("the classification extension is not served here: ask for the output", tensor.name)
