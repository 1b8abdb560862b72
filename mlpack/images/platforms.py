"""Platforms of images, ``linux/arm64``, as engines and registries write them."""

from __future__ import annotations

from mlpack.core.errors import UsageError

PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "linux/386",
    "linux/arm/v5",
    "linux/arm/v6",
    "linux/arm/v7",
    "linux/mips64le",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
)
"""Those of Python's official image, the usual ones first: https://github.com/docker-library/official-images#architectures-other-than-amd64."""
_ALIASES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "arm64/v8": "arm64",
    "i386": "386",
    "arm": "arm/v7",
    "armhf": "arm/v7",
}
"""https://github.com/containerd/platforms/blob/main/database.go"""


def platform_of(text: str) -> str:
    """The platform as the engine calls it; other names of a processor are taken too. Raises UsageError."""
    words = text.strip().lower()
    processor = words.removeprefix("linux/")
    found = f"linux/{_ALIASES.get(processor, processor)}"
    if found not in PLATFORMS:
        raise UsageError(
            f"{text!r} is no platform",
            why="a service runs on Linux" if words.startswith(("windows", "darwin", "macos")) else "",
            hint=f"--platform OS/ARCH, one of {', '.join(PLATFORMS)}",
        )
    return found
