"""``python -m runtime`` in the folder of a project: serve its model over REST and gRPC."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from .errors import StartError
from .settings import Announce, Settings, parse_settings

_BEGUN = time.perf_counter()
_REPORT = "report it with the lines above"


def main(arguments: Sequence[str]) -> int:
    """Serve until told to end. Returns the exit code."""
    from .process.announce import as_json, complain
    from .process.place import given_place, own_place

    _end_at_once()
    settings = None
    place = None
    try:
        settings = parse_settings(arguments)
        place = given_place()
        if place is None and settings.workers > 1:
            from .process.supervisor import supervise

            return supervise(settings, _BEGUN)
        place = place or own_place(settings)
        from .service.processors import limit_threads

        limit_threads(settings)
        from .process.worker import run  # and NumPy, which reads it

        run(settings, place, _BEGUN)
    except StartError as error:
        refusal = error
    except Exception as error:  # noqa: BLE001 - what no one foresaw is told like the rest, with its trace
        traceback.print_exc()
        refusal = StartError(f"the service has a bug: {type(error).__name__}: {error}", exit_code=1, hint=_REPORT)
    if place is not None and place.supervised:
        place.report({"error": as_json(refusal)})
        return refusal.exit_code
    return complain(_how(settings, arguments), refusal)


def _how(settings: Settings | None, arguments: Sequence[str]) -> Announce:
    """How errors are told; where the options themselves are wrong, by what they seem to say."""
    if settings is not None:
        return settings.announce
    return "json" if "json" in arguments or os.environ.get("MLPACK_ANNOUNCE") == "json" else "text"


def _end_at_once() -> None:
    """Until there is something to end in order: as process 1 of a container a signal without a handler does nothing."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)


def _end(number: int, _: object) -> None:
    os._exit(128 + number)


def _own_runtime() -> None:
    """A project brings its own copy of this package, which its ``app.py`` imports: that is the one to run."""
    if __package__ != "runtime" and (Path.cwd() / "runtime" / "__main__.py").is_file():
        os.execv(sys.executable, [sys.executable, "-m", "runtime", *sys.argv[1:]])  # noqa: S606 - no shell


if __name__ == "__main__":
    _own_runtime()
    sys.exit(main(sys.argv[1:]))
