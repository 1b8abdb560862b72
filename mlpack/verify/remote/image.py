"""An image as the candidate of a comparison: it is started for it, and asked as a service is."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from typing import Any, cast

_SCHEME = "docker://"
_STARTS = ("mlpack.images.candidate", "served")
"""What starts it, by name: engines are known in a layer above this one."""


def is_image(candidate: Any) -> bool:
    """Whether ``candidate`` is ``docker://name:tag``."""
    return isinstance(candidate, str) and candidate.lower().startswith(_SCHEME)


def started(candidate: str) -> AbstractContextManager[str]:
    """The address of a service in a container of the image, which is gone after the block.

    Raises UsageError, EngineError, SmokeTestError.
    """
    module, name = _STARTS
    return cast("AbstractContextManager[str]", getattr(importlib.import_module(module), name)(candidate))
