"""Values as YAML writes them: whatever is in them, they stay values."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPED = re.compile(r'["\\]|[^\x20-\x7e]')
_PLAIN = re.compile(r"[a-z]+ [\x20-\x7e]*[^\s:]", re.ASCII)
"""Two words or more, the first of letters: no scalar of another type is like that."""


def quoted(text: str) -> str:
    """``text`` as a double-quoted scalar of YAML 1.1 and 1.2, in ASCII: `on`, `1e3` and `null` stay text, and no line ends.

    Surrogates that belong to no character become U+FFFD: YAML cannot say them.
    """
    return f'"{_ESCAPED.sub(lambda found: _escape(found[0]), text)}"'


def line(text: str) -> str:
    """A command as it is typed where YAML lets it stand so, else `quoted`."""
    return text if _PLAIN.fullmatch(text) and ": " not in text and " #" not in text else quoted(text)


def mapping(pairs: Mapping[str, str]) -> str:
    """A block mapping of ``pairs``, a line each. Keys are ours and stand as they are."""
    return "\n".join(f"{key}: {quoted(value)}" for key, value in pairs.items())


def _escape(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return f"\\{character}"
    if 0xD800 <= code <= 0xDFFF:
        return "\\uFFFD"
    return f"\\x{code:02X}" if code <= 0xFF else f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"
