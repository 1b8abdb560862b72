"""Which function emits which operator."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpack.converters.onnx_to_torchscript.call import Call
    from mlpack.converters.onnx_to_torchscript.program import Expression

    Emitter = Callable[[Call], str | Expression]

_EMITTERS: dict[tuple[str, str], Emitter] = {}

ML = "ai.onnx.ml"
MICROSOFT = "com.microsoft"


def operator(*names: str, domain: str = "") -> Callable[[Emitter], Emitter]:
    """Declare the decorated function as the emitter of these operators."""

    def register(emitter: Emitter) -> Emitter:
        for name in names:
            if (domain, name) in _EMITTERS:
                raise ValueError(f"two emitters for {domain}.{name}")
            _EMITTERS[domain, name] = emitter
        return emitter

    return register


@cache
def emitters() -> dict[tuple[str, str], Emitter]:
    """All emitters by (domain, operator); imports every module of emit/."""
    from mlpack.converters.onnx_to_torchscript import emit

    for module in pkgutil.iter_modules(emit.__path__):
        importlib.import_module(f"{emit.__name__}.{module.name}")
    return dict(_EMITTERS)
