"""What an engine holds, to compare before and after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Contents:
    """Every object of an engine, by id or name."""

    containers: frozenset[str]
    """Those that ended, too."""
    images: frozenset[str]
    """Those that no tag names, too, unless they are only a layer of another."""
    tags: frozenset[tuple[str, str]]
    """A name, and the image that it names."""
    volumes: frozenset[str]
    networks: frozenset[str]
    layers: frozenset[str] = frozenset()
    """Images that are steps of a build; only where they were asked for."""


def contents(client: DockerClient, *, layers: bool = False) -> Contents:
    """What the engine holds now; with ``layers``, the steps of builds as well, which an engine keeps as its cache."""
    images = client.api.images()
    every = client.api.images(all=True) if layers else images
    return Contents(
        containers=frozenset(one["Id"] for one in client.api.containers(all=True)),
        images=frozenset(one["Id"] for one in images),
        tags=frozenset((tag, one["Id"]) for one in images for tag in one["RepoTags"] or [] if tag != "<none>:<none>"),
        volumes=frozenset(one["Name"] for one in client.api.volumes()["Volumes"] or []),
        networks=frozenset(one["Id"] for one in client.api.networks()),
        layers=frozenset(one["Id"] for one in every) - frozenset(one["Id"] for one in images),
    )


@contextmanager
def unchanged(client: DockerClient, *, layers: bool = False) -> Iterator[None]:
    """Fails with AssertionError, which names each, where the engine holds more or less after the block than before."""
    before = contents(client, layers=layers)
    yield
    found = changes(before, contents(client, layers=layers))
    if found:
        raise AssertionError("\n".join(found))


def changes(before: Contents, after: Contents) -> list[str]:
    """What came and what went, a line each."""
    was, is_ = asdict(before), asdict(after)
    came = [f"{kind}: {one} is new" for kind in was for one in sorted(is_[kind] - was[kind])]
    return came + [f"{kind}: {one} is gone" for kind in was for one in sorted(was[kind] - is_[kind])]
