"""The OpenAPI document: each route with what it takes and gives, and an example that works."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import FastAPI, Path
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..manifest import Manifest
from .handler import Route
from .routes import Documented
from .v2_types import Problem

_ERRORS = {
    400: "the request cannot be read",
    401: "no API key, or a wrong one",
    404: "another model is served here, or another version of it",
    408: "the body did not arrive in time",
    413: "more bytes or rows than one request may have",
    422: "a value that the model does not take",
    429: "too many requests wait already",
    500: "the model failed",
    503: "the service is starting, or ending",
    504: "the model did not answer in time",
}
_NO_METHOD = 405


class RawRoute(APIRoute):
    """A route that FastAPI documents and does not run: the answers come from ``raw``, by its own means."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, raw: Route, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = raw


class Documents(FastAPI):
    """The routes that are found by pattern, and the document of all of them."""

    def __init__(self, manifest: Manifest, routes: Iterable[Documented], *, has_key: bool) -> None:
        super().__init__(docs_url=None, redoc_url=None, redirect_slashes=False)
        self._has_key = has_key
        for documented in routes:
            self._add(documented, manifest)
        self.describe(manifest)
        self.add_exception_handler(HTTPException, _problem)
        self.add_exception_handler(Exception, _failure)

    def describe(self, manifest: Manifest) -> None:
        """Take title, version and description from ``manifest``."""
        self.title = manifest.name
        self.version = manifest.version
        self.description = description_of(manifest)
        self.openapi_schema = None

    def openapi(self) -> dict[str, Any]:
        """The document, made when it is first asked for."""
        if self.openapi_schema is None:
            document = super().openapi()
            _without_fastapis_own(document)
            if self._has_key:
                document.setdefault("components", {})["securitySchemes"] = {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                }
                document["security"] = [{"bearer": []}, {"key": []}]
        return self.openapi_schema or {}

    def _add(self, documented: Documented, manifest: Manifest) -> None:
        method = documented.route.methods[0]
        errors = [*documented.errors, *([401] if self._has_key else [])]
        responses: dict[int | str, dict[str, Any]] = {
            status: {"model": Problem, "description": _ERRORS[status]} for status in sorted(errors)
        }
        if documented.content:
            responses[200] = {"content": dict(documented.content)}
        extra = {"requestBody": {"content": {"application/json": {"example": documented.example}}}}
        route = RawRoute(
            documented.path,
            _declaration(documented, manifest),
            raw=documented.route,
            methods=[method],
            summary=documented.summary,
            tags=[documented.tag],
            response_model=documented.response,
            responses=responses,
            openapi_extra=extra if documented.example is not None else None,
            operation_id=_identifier(method, documented.path),
        )
        self.router.routes.append(route)
        if method == "GET":
            hidden = RawRoute(
                documented.path, _nothing, raw=documented.route, methods=["HEAD"], include_in_schema=False
            )
            self.router.routes.append(hidden)


def description_of(manifest: Manifest) -> str:
    """What is served, where it came from, and how near it is to its original, in Markdown."""
    document = manifest.document
    source, parity = document["source"], document["parity"]
    origin = f"`{source['file']}`" if source["file"] else "an object in memory"
    labels = parity["label_agreement"]
    agreement = "" if labels is None else f", {labels:.2%} of labels the same"
    served = f"served as {manifest.model_format}"
    nearness = f"over {parity['rows']} rows, largest difference {parity['max_abs_error']:.3g}{agreement}"
    lines = [
        f"**{manifest.name}**, version {manifest.version}, made from {origin} ({source['framework']}), {served}.",
        f"Parity with the original: **{parity['verdict']}** {nearness}.",
        f"SHA-256 of the model: `{manifest.model_sha256}`.",
    ]
    return "\n\n".join(lines)


def _declaration(documented: Documented, manifest: Manifest) -> Callable[..., Any]:
    """A function with the parameters of the route: FastAPI reads a route's types from one, which is never called here."""

    def declared() -> None:
        """Gets the words that the document has for the route."""

    declared.__doc__ = documented.about
    parameters = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, annotation=str, default=Path(examples=[value], description=about)
        )
        for name, value, about in (
            ("model", manifest.name, "the name of the model"),
            ("version", manifest.version, "its version"),
        )
        if f"{{{name}}}" in documented.path
    ]
    if documented.request is not None:
        parameters.append(inspect.Parameter("body", inspect.Parameter.KEYWORD_ONLY, annotation=documented.request))
    declared.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return declared


def _nothing() -> None:
    """A route without parameters that are documented."""


def _identifier(method: str, path: str) -> str:
    words = (path.replace("{", "").replace("}", "").strip("/") or "start").split("/")
    return "_".join([method.lower(), *words])


def _without_fastapis_own(document: dict[str, Any]) -> None:
    """Take out the 422 that FastAPI adds to every route with parameters: these routes have another, or none."""
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            told = operation.get("responses", {}).get("422", {})
            schema = told.get("content", {}).get("application/json", {}).get("schema", {})
            if schema.get("$ref", "").endswith("/HTTPValidationError"):
                del operation["responses"]["422"]
    schemas = document.get("components", {}).get("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == _NO_METHOD:
        allowed = headers.get("Allow", "")
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": f"{allowed}, OPTIONS"})
        message = f"{request.method} is no method of this path; it has {allowed}"
    else:
        message = f"there is nothing at {request.url.path[:200]}" if error.status_code == 404 else error.detail
    return JSONResponse({"error": message}, error.status_code, headers)


async def _failure(_request: Request, _error: Exception) -> Response:
    return JSONResponse({"error": "the service failed; its log says how"}, 500)
