"""``/docs``: Swagger UI from files on this machine. A service often stands where no content delivery network is reached."""

from __future__ import annotations

from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_FILES = "/docs/files"
_PARAMETERS = {"displayRequestDuration": True, "defaultModelsExpandDepth": 0}


def add_docs(app: FastAPI, title: str) -> None:
    """Serve ``/docs`` for ``app``; what it shows is loaded from the network only where `fastapi-offline` is not installed."""
    files = _swagger_ui()
    local: dict[str, Any] = {}
    if files is not None:
        app.mount(_FILES, StaticFiles(directory=files))
        local = {
            "swagger_js_url": f".{_FILES}/swagger-ui-bundle.js",
            "swagger_css_url": f".{_FILES}/swagger-ui.css",
            "swagger_favicon_url": f".{_FILES}/favicon.png",
        }

    async def docs(_request: Request) -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="./openapi.json", title=escape(title), swagger_ui_parameters=_PARAMETERS, **local
        )

    app.add_route("/docs", docs, include_in_schema=False)


def _swagger_ui() -> Path | None:
    """Where the files lie. They are taken from the package without importing it: it would be another FastAPI."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "static"
