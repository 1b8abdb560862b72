"""The third axis: from an object of one framework to an object of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature


@dataclass(frozen=True)
class Conversion:
    """What a converter is asked for: the object, its signature, an example of 2 rows or more, and the user's wishes."""

    model: Any
    signature: Signature
    example: Feed
    opset: int | None = None


@dataclass(frozen=True)
class Variant:
    """One way to run a conversion.

    ``build`` makes the new object. Variants are tried in order, cheapest first, each only when the one before failed
    parity. ``needs`` names a trait of the failure that this variant heals (shown in the report). ``environment`` are
    variables that have to be set before the library is imported: a variant with any runs in a fresh worker.
    """

    name: str
    summary: str
    build: Callable[[], Any]
    environment: tuple[tuple[str, str], ...] = ()


class Converter(Protocol):
    """One edge. A file in ``converters/`` declares one as ``CONVERTER``.

    ``libraries`` are the modules that it imports, ``extra`` what to install when one is missing.
    """

    name: str
    source: str
    target: str
    libraries: tuple[str, ...]
    extra: str

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """The ways to convert this very object, the cheapest first, the most exact last.

        Names and order depend on the object alone, so that a worker started afresh lists the same.
        Raises UnsupportedOperatorError naming what cannot be expressed and the step it stands in. `Variant.build`
        raises the same.
        """
        ...
