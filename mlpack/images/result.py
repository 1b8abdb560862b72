"""What containerizing came to."""

from __future__ import annotations

import contextlib
import shlex
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.view import Block, Facts, Line, Shown
from mlpack.images.container import GRPC, REST
from mlpack.images.replay import Replay
from mlpack.runtime.manifest import Manifest

_MB = 1e6
_RUN = "docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges"


@dataclass(frozen=True)
class Measured:
    """The image's size, what it adds to its base, and memory at rest, in bytes; the seconds from its start to ready."""

    size: int
    over_base: int
    ready_seconds: float
    resident: int


@dataclass(frozen=True)
class Seconds:
    """Where the time went: ``own`` is mlpack's part, ``engine`` the build, ``proof`` starting and asking the container."""

    own: float
    engine: float
    proof: float

    def to_json(self) -> dict[str, float]:
        """The times as JSON-ready values."""
        return {"own": round(self.own, 3), "engine": round(self.engine, 3), "proof": round(self.proof, 3)}


@dataclass(frozen=True)
class Kept:
    """Images without a name that a build leaves as its cache, and what they hold over the base, in bytes."""

    images: tuple[str, ...] = ()
    size: int = 0

    @property
    def sentence(self) -> str:
        """What stays, why, and how it goes; empty where nothing does."""
        if not self.images:
            return ""
        one = len(self.images) == 1
        what = "1 image without a name stays" if one else f"{len(self.images)} images without a name stay"
        return (
            f"{what} in the engine, {self.size / _MB:,.0f} MB over the base: the next build takes its steps from there; "
            f"docker image prune frees {'it' if one else 'them'}, with whatever else has no name"
        )


@dataclass(frozen=True, repr=False)
class ContainerizeResult(Shown):
    """An image that has its name, because it answered as the original model does."""

    command: ClassVar[str] = "containerize"

    manifest: Manifest
    tag: str
    image: str
    base: str
    measured: Measured
    replays: tuple[Replay, ...]
    steps: tuple[int, int]
    """How many the Dockerfile has, and how many of them came from the cache."""
    seconds: Seconds
    requirements: tuple[str, ...]
    labels: Mapping[str, str]
    ports: tuple[int, int]
    """Of this machine, on which nothing listened: for REST and gRPC in the line to type."""
    pushed: str = ""
    replaced: str = ""
    """The image that had the name before."""
    kept: Kept = Kept()

    @property
    def exit_code(self) -> int:
        """0: an image that does not answer rightly gets no name."""
        return 0

    @property
    def run_line(self) -> str:
        """The line for a shell that serves the image as it was tried."""
        published = " ".join(
            f"-p 127.0.0.1:{here}:{there}" for here, there in zip(self.ports, (REST, GRPC), strict=True)
        )
        return f"{_RUN} {published} {shlex.quote(self.tag)}"

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "tag": self.tag,
            "image": self.image,
            "base": self.base,
            "name": self.manifest.name,
            "version": self.manifest.version,
            "source_sha256": self.manifest.document["source"]["sha256"],
            "parity": self.manifest.document["parity"]["verdict"],
            "size": self.measured.size,
            "size_over_base": self.measured.over_base,
            "seconds_to_ready": round(self.measured.ready_seconds, 3),
            "resident": self.measured.resident,
            "golden": [replay.to_json() for replay in self.replays],
            "steps": {"all": self.steps[0], "cached": self.steps[1]},
            "seconds": self.seconds.to_json(),
            "requirements": list(self.requirements),
            "labels": dict(self.labels),
            "pushed": self.pushed or None,
            "replaced": self.replaced or None,
            "kept": {"images": list(self.kept.images), "size": self.kept.size},
            "run": self.run_line,
        }

    def view(self) -> Sequence[Block]:
        """The name, the proof, the figures, and the line to type."""
        first, own = self.replays[0], self.measured
        both = " and ".join(replay.protocol for replay in self.replays)
        return [
            Line(f"PASS  {self.tag}: {first.rows} golden rows answered over {both} as the original model does", "good"),
            Facts(
                [
                    ("image", self.image),
                    ("base", self.base),
                    ("size", f"{own.over_base / _MB:,.0f} MB over the base, {own.size / _MB:,.0f} MB in all"),
                    ("starts", f"ready after {own.ready_seconds:.2f} s, {own.resident / _MB:,.0f} MB resident"),
                    ("worst error", ", ".join(_figures(replay) for replay in self.replays)),
                    (
                        "built in",
                        f"{self.seconds.engine:.1f} s, {self.steps[1]} of {self.steps[0]} steps from the cache",
                    ),
                    ("mlpack", f"{self.seconds.own:.1f} s of its own, {self.seconds.proof:.1f} s to start and ask it"),
                    *([("pushed", f"{self.tag}, {self.pushed}")] if self.pushed else []),
                ]
            ),
            *([Line(f"{self.tag} was the name of {self.replaced}", "warn")] if self.replaced else []),
            *([Line(self.kept.sentence, "dim")] if self.kept.images else []),
            Line(self.run_line),
            Line(f"then  http://127.0.0.1:{self.ports[0]}/docs", "dim"),
        ]


@dataclass(frozen=True, repr=False)
class ContextResult(Shown):
    """A build context that was written, and not built."""

    command: ClassVar[str] = "containerize"

    path: Path
    manifest: Manifest
    base: str
    files: tuple[str, ...]
    hashes: bool
    reason: str
    tag: str = ""

    @property
    def exit_code(self) -> int:
        """0: what cannot be rendered raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "path": str(self.path),
            "base": self.base,
            "name": self.manifest.name,
            "version": self.manifest.version,
            "files": list(self.files),
            "hashes": self.hashes,
            "reason": self.reason or None,
        }

    def view(self) -> Sequence[Block]:
        """Where it is, and how it is built."""
        place = shlex.quote(str(self.path))
        return [
            Line(f"{self.path}: the build context of {self.manifest.name} {self.manifest.version}", "good"),
            Facts(
                [
                    ("base", self.base),
                    ("files", f"{len(self.files)}: Dockerfile, requirements.txt, model/, service/"),
                    ("build it", f"docker build -t {self._name()} {place}"),
                    ("wheels", f"pip download --no-deps --only-binary :all: -r {place}/requirements.txt -d WHEELS"),
                ]
            ),
            *([Line(f"no hashes: {self.reason}", "warn")] if self.reason else []),
            Line("an image that is built from it was not tried: mlpack containerize builds, tries and tags it", "dim"),
        ]

    def _name(self) -> str:
        return self.tag or f"{self.manifest.name.lower()}:{self.manifest.version}"


def free_ports() -> tuple[int, int]:
    """Two ports of this machine on which nothing listens: the usual ones, or the next."""
    found: list[int] = []
    for port in range(REST, REST + 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == 2:
            break
    return (found[0], found[1]) if len(found) == 2 else (REST, GRPC)


def _figures(replay: Replay) -> str:
    labels = f", labels {replay.labels:.0%} equal" if replay.labels is not None else ""
    return f"{replay.max_abs:.2g} over {replay.protocol}{labels}"
