"""Decides which names a pickle may use, and how. The judge and the loader ask the same gate."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from mlpack.core.finding import Finding
from mlpack.core.trust import NO_TRUST, Role, Trust, Use
from mlpack.scan.lists import canonical, owns_names, roles_of, severity_of
from mlpack.scan.rules import pickles

_VERBS: dict[Role, str] = {"called": "calls", "built": "builds an object of", "referred": "refers to"}


_DOTTED = re.compile(r"[A-Za-z_][\w.<>]{0,199}", re.ASCII)


def shown_name(qualified: str) -> str:
    """A dotted name as a finding shows it: one with look-alikes of letters, spaces or controls in quotes and escaped."""
    return qualified if _DOTTED.fullmatch(qualified) else ascii(qualified[:200])


class Gate:
    """The lists, and the uses that the user allowed beside them."""

    def __init__(self, trust: Trust = NO_TRUST) -> None:
        self._allowed: dict[tuple[str, str], set[Role]] = {}
        for use in trust.allowed:
            self._allowed.setdefault((canonical(use.module), use.name), set()).add(use.role)
        self._known: dict[tuple[str, str], frozenset[Role]] = {}

    def roles(self, module: str, name: str) -> frozenset[Role]:
        """The roles in which ``module.name`` may be used."""
        key = (module, name)
        if key not in self._known:
            allowed = self._allowed.get((canonical(module), name), ())
            self._known[key] = roles_of(module, name).union(allowed)
        return self._known[key]

    def owns_names(self, module: str, name: str) -> bool:
        """Whether a method of the class ``module.name`` may be used."""
        allowed = any(known[0] == canonical(module) and known[1].startswith(f"{name}.") for known in self._allowed)
        return allowed or owns_names(module, name)


def finding_of(use: Use, offset: int | None, shown: str = "") -> Finding:
    """The finding for a use that no list allows. ``shown`` are the arguments of a call, in short."""
    qualified = f"{use.module}.{use.name}"
    message = f"it {_VERBS[use.role]} {shown_name(qualified)}{shown}"
    if not _DOTTED.fullmatch(use.module) or severity_of(use.module, use.name, use.role) == "error":
        found = pickles.NAME.finding(message, offset=offset)
    else:
        hint = "if you know where the file comes from, vouch for it: --trust SHA256, mlpack trust add"
        hint += f", or --allow {use}" if _DOTTED.fullmatch(qualified) else ""
        found = pickles.UNLISTED.finding(message, offset=offset, hint=hint)
    return replace(found, use=str(use))


def judged(uses: Iterable[tuple[Use, int, str]], gate: Gate) -> list[Finding]:
    """The findings for those of ``uses`` (with offset and shown arguments) that ``gate`` does not let through."""
    return [
        finding_of(use, offset, shown)
        for use, offset, shown in uses
        if use.role not in gate.roles(use.module, use.name)
    ]
