"""What a command says in a container of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import DockerClient


def output_of(client: DockerClient, image: str, command: Sequence[str], **options: Any) -> str:
    """All that ``command`` says in ``image``, asked for once it has ended: logs that are followed may lack what came last.

    ``options`` are those of docker-py's ``containers.run``. Raises docker.errors.APIError for a command that does not start,
    AssertionError for one that fails.
    """
    container = client.containers.run(image, list(command), detach=True, **options)
    try:
        status = container.wait()["StatusCode"]
        said: str = container.logs().decode()
    finally:
        container.remove(force=True)
    assert status == 0, said
    return said
