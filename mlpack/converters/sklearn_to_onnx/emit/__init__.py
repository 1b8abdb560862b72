"""The emitters, one file a family of estimators."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every file of this folder: each registers its emitters."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
