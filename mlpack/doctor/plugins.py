"""Which plug-ins could not be used."""

from __future__ import annotations

import warnings

from mlpack.core.registry import BrokenPlugin, registry

_REGISTRIES = (("mlpack.formats", "FORMAT"), ("mlpack.frameworks", "FRAMEWORK"), ("mlpack.converters", "CONVERTER"))


def broken_plugins() -> tuple[BrokenPlugin, ...]:
    """The entry points of other distributions that mlpack goes without, and why."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the registries warn of what is listed here
        return tuple(broken for package, attribute in _REGISTRIES for broken in registry(package, attribute).broken)
