"""The templates of what is rendered: plain text with holes, no logic."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import mlpack
from mlpack.core.errors import MlpackError

_PACKAGE = Path(mlpack.__file__).parent


@cache
def folder() -> Path:
    """Where the templates are: in the installed package, or at the top of the source tree."""
    for place in (_PACKAGE / "_templates", _PACKAGE.parent / "templates"):
        if place.is_dir():
            return place
    raise MlpackError(
        f"the templates are missing: there is no {_PACKAGE / '_templates'}",
        hint='install it again: pip install --force-reinstall "mlpack-toolkit"',
    )


def render(name: str, context: Mapping[str, Any]) -> str:
    """The text of the template ``name``, as ``"service/app.py.j2"``, with ``context`` in its holes."""
    return str(_environment().get_template(name).render(context))


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder()),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - what is rendered is source and Markdown, whose quoting is done before
    )
