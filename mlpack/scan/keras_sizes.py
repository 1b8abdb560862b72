"""Holds the sizes that a Keras configuration claims against the weights that the file has: building a layer allocates them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from mlpack.core.finding import Finding
from mlpack.scan.keras_judge import parts_of
from mlpack.scan.rules import keras

_WIDTHS: dict[str, tuple[str, ...]] = {
    "Dense": ("units",),
    "Embedding": ("input_dim", "output_dim"),
    "ReversibleEmbedding": ("input_dim", "output_dim"),
    "MultiHeadAttention": ("num_heads", "key_dim"),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell"), ("units",)),
    **dict.fromkeys(
        (
            *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
            *("SeparableConv1D", "SeparableConv2D", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"),
        ),
        ("filters",),
    ),
}
"""Settings whose product is at most the number of weights that the layer has."""
_PACKED = 16
"""Quantised weights lie several to a number."""
_FREE = 1 << 20
_LONGEST = 1 << 31
"""No axis of an input is longer."""


def sizes_beyond(document: Any, weights: int, member: str) -> tuple[Finding, ...]:
    """A finding for each layer that claims far more than the ``weights`` numbers of the file."""
    return tuple(dict.fromkeys(_beyond(document, weights, member)))


def _beyond(document: Any, weights: int, member: str) -> Iterator[Finding]:
    for part, owner in parts_of(document):
        kind, config = part.get("class_name"), part.get("config")
        if not isinstance(kind, str) or not isinstance(config, dict):
            continue
        claimed = _claimed(kind, config, part.get("build_config"))
        if claimed > _PACKED * weights + _FREE:
            yield keras.SIZE.finding(
                f"{owner or kind} claims {claimed:,} weights, and the file holds {weights:,} numbers", member=member
            )
        longest = max(
            (size for key in ("batch_shape", "batch_input_shape") for size in _sizes(config.get(key))), default=0
        )
        if longest > _LONGEST:
            yield keras.SIZE.finding(f"{owner or kind} wants an input of {longest:,} values on one axis", member=member)


def _claimed(kind: str, config: dict[str, Any], built: Any) -> int:
    widths = [config.get(name) for name in _WIDTHS.get(kind, ())]
    if not widths or not all(type(width) is int and width > 0 for width in widths):
        return 0
    claimed = math.prod(int(width) for width in widths if width is not None)
    inputs = _sizes(built.get("input_shape")) if kind == "Dense" and isinstance(built, dict) else []
    return claimed * (inputs[-1] if inputs else 1)


def _sizes(shape: Any) -> list[int]:
    return [size for size in shape if type(size) is int and size > 0] if isinstance(shape, list) else []
