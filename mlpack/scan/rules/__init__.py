"""The rules that findings are made by, a file for each kind of content."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mlpack.scan.rules.rule import Rule

__all__ = ["Rule", "all_rules"]


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by its id."""
    found = [
        rule
        for info in iter_modules(__path__)
        for rule in vars(import_module(f"{__name__}.{info.name}")).values()
        if isinstance(rule, Rule)
    ]
    return {rule.id: rule for rule in sorted(found, key=lambda rule: rule.id)}
