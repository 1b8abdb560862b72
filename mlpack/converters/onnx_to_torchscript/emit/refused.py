"""Operators that are known and refused, each with a reason better than "not implemented"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.registry import operator

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

RANDOM = ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
STRINGS = ("RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer")
OPTIONALS = ("Optional", "OptionalGetElement", "OptionalHasElement")


@operator(*RANDOM)
def random(call: Call) -> str:
    """Random numbers."""
    call.refuse("its answers are random: no two runs, let alone two engines, give the same")


@operator(*STRINGS)
def strings(call: Call) -> str:
    """Text."""
    call.refuse("string tensors have no TorchScript equivalent")


@operator(*OPTIONALS)
def optionals(call: Call) -> str:
    """Values that may be absent."""
    call.refuse("optional values are not implemented")
