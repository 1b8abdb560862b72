"""The grammar of names of images, ``registry:5000/team/model:tag``, as the distribution project has it.

https://github.com/distribution/reference/blob/main/reference.go
"""

from __future__ import annotations

import re

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_MOST_SIGNS = 255


def parts_of_image(text: str) -> tuple[str, str, str] | None:
    """Repository, tag and digest of the image that ``text`` names; the digest begins with ``@``. What is missing is empty.

    None for what is no name.
    """
    found = _REFERENCE.fullmatch(text)
    if found is None or len(found["repository"]) > _MOST_SIGNS:
        return None
    return found["repository"], found["tag"] or "", found["digest"] or ""
