"""Runs what touches a model (load, convert, predict) in a sandboxed worker process with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpack.isolate.limits import Limits
    from mlpack.isolate.protection import Protection
    from mlpack.isolate.sandbox import Sandbox
    from mlpack.isolate.worker import Worker

__all__ = ["Limits", "Protection", "Sandbox", "Worker"]

_HOMES = {"Limits": "limits", "Protection": "protection", "Sandbox": "sandbox", "Worker": "worker"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is: a worker has to restrict itself before NumPy comes and starts its threads."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
