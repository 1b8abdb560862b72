"""NumPy's sources of random numbers: some of them say where in their table the next one stands."""

from __future__ import annotations

from typing import Any

_GENERATORS = ("MT19937", "Philox")
SOURCES = (
    *(f"numpy.random._{name.lower()}.{name}" for name in _GENERATORS),
    "numpy.random._generator.Generator",
    "numpy.random.mtrand.RandomState",
)
_LENGTHS = {"MT19937": 624, "Philox": 4}


def position(source: Any) -> str:
    """The next number is one of the table's."""
    source = getattr(source, "bit_generator", None) or getattr(source, "_bit_generator", source)
    name = type(source).__name__
    if name not in _LENGTHS:
        return ""
    state = source.state
    at = state["state"]["pos"] if name == "MT19937" else state["buffer_pos"]
    return "" if 0 <= at <= _LENGTHS[name] else f"a source of random numbers at {at:,} of {_LENGTHS[name]}"
