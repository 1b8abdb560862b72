"""The libraries whose objects mlpack knows, one file each."""

from __future__ import annotations

from typing import Any, cast

from mlpack.core.errors import NoRouteError
from mlpack.core.framework import Framework
from mlpack.core.registry import registry


def all_frameworks() -> dict[str, Framework]:
    """Every framework by name."""
    return cast("dict[str, Framework]", registry("mlpack.frameworks", "FRAMEWORK").entries)


def framework_of(model: Any) -> Framework:
    """The framework that recognises ``model``. Raises NoRouteError for a stranger."""
    for framework in all_frameworks().values():
        if framework.recognises(model):
            return framework
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    raise NoRouteError(
        f"an object of {kind} is not a model that mlpack knows",
        why=f"it knows {', '.join(framework.title for framework in all_frameworks().values())}",
        hint="save the fitted model itself, not what surrounds it",
    )
