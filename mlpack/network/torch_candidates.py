"""What a torch module may take, guessed from its layers: the shape of a weight tells the width of what it multiplies.

Guesses only: `mlpack.network.torch_axes` runs the module on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ROWS = 3
"""Rows of a guess: more than one (exporters take 1 for a constant), and no size that a guess has on another axis."""

_SEQUENCES = (8, 16, 4, 10, 12, 20, 24, 28, 30, 32, 48, 50, 60, 64, 80, 96, 100, 128, 256, 512)
_IMAGES = (8, 16, 28, 32, 64, 96, 128, 224, 12, 20, 24, 48, 10, 14, 256, 299)
_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})
_CONVOLUTIONS = {"Conv1d": 1, "Conv2d": 2, "Conv3d": 3}
_TRANSPOSED = {"ConvTranspose1d": 1, "ConvTranspose2d": 2, "ConvTranspose3d": 3}
_NORMS = {"BatchNorm1d": 0, "BatchNorm2d": 2, "BatchNorm3d": 3}
_LARGEST_VOLUME = 1 << 22


@dataclass(frozen=True)
class Candidate:
    """One input that the module may take: its shape without the rows, and ``vocabulary`` for one of whole numbers.

    ``sequence`` says that the rows may as well stand on the second axis, as recurrent layers have it unless told.
    """

    shape: tuple[int, ...]
    vocabulary: int | None = None
    sequence: bool = False

    def tensor(self, dtype: torch.dtype) -> torch.Tensor:
        """Example values, the same at every call; ``dtype`` where they are not whole numbers."""
        import torch

        generator = torch.Generator().manual_seed(len(self.shape))
        size = (ROWS, *self.shape)
        if self.vocabulary is not None:
            return torch.randint(0, self.vocabulary, size, generator=generator)
        return torch.randn(size, generator=generator).to(dtype)


@dataclass(frozen=True)
class Layer:
    """A module with weights of its own: the names of its class and of those it is derived from, and its weights' shapes."""

    kinds: frozenset[str]
    groups: int
    shapes: dict[str, tuple[int, ...]]


def layers_of(module: Any) -> list[Layer]:
    """The modules with weights of their own, in the order in which they were made. TorchScript modules have them too."""
    layers = []
    for part in module.modules():
        weights = dict(part.named_parameters(recurse=False)) | dict(part.named_buffers(recurse=False))
        shapes = {name: tuple(weight.shape) for name, weight in weights.items() if weight.dim()}
        if shapes:
            kinds = frozenset(kind.__name__ for kind in type(part).__mro__) | {getattr(part, "original_name", "")}
            layers.append(Layer(kinds, int(getattr(part, "groups", 1) or 1), shapes))
    return layers


def vocabularies_of(module: Any) -> list[int]:
    """The numbers of rows of the module's embedding tables, the smallest first."""
    tables = [layer for layer in layers_of(module) if layer.kinds & {"Embedding", "EmbeddingBag"}]
    return sorted({layer.shapes["weight"][0] for layer in tables if "weight" in layer.shapes})


def recurrent_widths(module: Any) -> frozenset[int]:
    """The widths of what the module's recurrent layers take."""
    shapes = (layer.shapes.get("weight_ih_l0") for layer in layers_of(module) if layer.kinds & _RECURRENT)
    return frozenset(shape[1] for shape in shapes if shape is not None)


def has_sequence_layers(module: Any) -> bool:
    """Whether some layer is recurrent or attends."""
    return any(layer.kinds & (_RECURRENT | {"MultiheadAttention"}) for layer in layers_of(module))


def candidates_of(layer: Layer, *, few: bool = False) -> Iterator[Candidate]:
    """What ``layer`` may be fed, the likeliest first; ``few`` leaves it at one size for each axis that may vary."""
    sequences = _SEQUENCES[:1] if few else _SEQUENCES
    images = _IMAGES[:1] if few else _IMAGES
    weight = layer.shapes.get("weight", ())
    if layer.kinds & {"Embedding", "EmbeddingBag"} and len(weight) == 2:
        yield from (Candidate((size,), weight[0], sequence=True) for size in sequences)
        yield Candidate((), weight[0])
    elif layer.kinds & _RECURRENT and "weight_ih_l0" in layer.shapes:
        width = layer.shapes["weight_ih_l0"][1]
        yield from (Candidate((size, width), sequence=True) for size in sequences)
    elif "MultiheadAttention" in layer.kinds and "in_proj_weight" in layer.shapes:
        width = layer.shapes["in_proj_weight"][1]
        yield from (Candidate((size, width), sequence=True) for size in sequences)
    else:
        yield from _of_weight(layer, weight, sequences, images)


def _of_weight(
    layer: Layer, weight: tuple[int, ...], sequences: tuple[int, ...], images: tuple[int, ...]
) -> Iterator[Candidate]:
    for kinds, channel_axis in ((_CONVOLUTIONS, 1), (_TRANSPOSED, 0)):
        for kind, rank in kinds.items():
            if kind in layer.kinds and len(weight) == rank + 2:
                channels = weight[channel_axis] * (layer.groups if channel_axis == 1 else 1)
                yield from _spatial(channels, rank, sequences, images)
                return
    for kind, rank in _NORMS.items():
        if kind in layer.kinds and "running_mean" in layer.shapes:
            yield from _spatial(layer.shapes["running_mean"][0], rank, sequences, images)
            return
    if "LayerNorm" in layer.kinds:
        yield Candidate(weight)
        yield from (Candidate((size, *weight)) for size in sequences)
        return
    yield from _of_matrices(layer, sequences, images)


def _of_matrices(layer: Layer, sequences: tuple[int, ...], images: tuple[int, ...]) -> Iterator[Candidate]:
    """A Linear, or a layer of a kind of its own: any side of any of its weights may be the width of its input."""
    known = bool(layer.kinds & {"Linear", "Bilinear"})
    shapes = [layer.shapes["weight"]] if known and "weight" in layer.shapes else list(layer.shapes.values())
    widths = [shape[-1] for shape in shapes]
    if not known:
        widths += [shape[0] for shape in shapes]
    for width in dict.fromkeys(widths):
        yield Candidate((width,))
        yield from (Candidate((size, width)) for size in sequences[:2])
    if not known:
        for shape in shapes:
            if len(shape) == 4:  # the kernel of a convolution that was taken out of its module
                yield from _spatial(shape[1], 2, sequences, images)


def _spatial(channels: int, rank: int, sequences: tuple[int, ...], images: tuple[int, ...]) -> Iterator[Candidate]:
    if rank == 0:
        yield Candidate((channels,))
        return
    for size in sequences if rank == 1 else images:
        if channels * size**rank <= _LARGEST_VOLUME:
            yield Candidate((channels, *(size,) * rank))
