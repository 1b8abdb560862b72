"""OpenTelemetry, where it is wanted: a span for every request over REST and gRPC, sent as OTLP over HTTP."""

from __future__ import annotations

import logging
import threading
from typing import Any
from urllib.parse import urlsplit

from ..errors import StartError
from ..settings import Settings
from .exchange import App

_PACKAGES = (
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation-asgi",
    "opentelemetry-instrumentation-grpc",
)
_UNTRACED = "/livez,/readyz,/metrics,/v2/health/live,/v2/health/ready"
"""What is asked every few seconds, and tells nothing in a trace."""
_LAST_WORDS = 3.0
_HEALTH = "/grpc.health.v1.Health/"


class Tracing:
    """Sends spans to ``settings.otlp_endpoint``. Raises StartError where the packages are not installed."""

    def __init__(self, settings: Settings, name: str, version: str) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise _missing(error) from error
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)
        resource = Resource.create({"service.name": name, "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(_endpoint(settings.otlp_endpoint))))

    def wrapped(self, app: App) -> App:
        """``app`` with a span around every request that is no probe."""
        try:
            from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
        except ImportError as error:
            raise _missing(error) from error
        traced: App = OpenTelemetryMiddleware(
            app,
            excluded_urls=_UNTRACED,
            tracer_provider=self._provider,
            exclude_spans=["receive", "send"],
        )
        return traced

    def trace_grpc(self) -> None:
        """Let the gRPC servers that are made from now on have a span around every call that is no probe."""
        try:
            from opentelemetry.instrumentation.grpc import GrpcAioInstrumentorServer
        except ImportError as error:
            raise _missing(error) from error
        make: Any = GrpcAioInstrumentorServer  # it has no types
        make(lambda call: not call.method.startswith(_HEALTH)).instrument(tracer_provider=self._provider)

    def close(self) -> None:
        """Send what has not been sent, within `_LAST_WORDS`: a collector that is away holds nobody back."""
        thread = threading.Thread(target=self._provider.shutdown, daemon=True)
        thread.start()
        thread.join(_LAST_WORDS)


def _endpoint(address: str) -> str:
    """The address of the collector, with the path that OTLP has for traces where it names none. Raises StartError."""
    if urlsplit(address).scheme not in {"http", "https"}:
        raise StartError(
            f"{address} is no address of a collector", exit_code=2, hint="--otlp-endpoint http://HOST:4318"
        )
    return address if urlsplit(address).path.strip("/") else f"{address.rstrip('/')}/v1/traces"


def _missing(error: ImportError) -> StartError:
    return StartError(
        f"{error.name or 'OpenTelemetry'} is missing, which --otlp-endpoint needs",
        exit_code=6,
        hint=f"pip install {' '.join(_PACKAGES)}",
    )
