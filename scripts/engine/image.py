"""The base image of the tests, brought into an engine through the SDK."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

from engine.debian import root_file_system, suite

if TYPE_CHECKING:
    from docker import DockerClient

NAME = "mlpack-test-base"
EMPTY = "mlpack-test-empty"
LABEL = "org.mlpack.test-base"
SETTINGS = ("ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin LANG=C.UTF-8", 'CMD ["python3"]')


def base_image(client: DockerClient) -> str:
    """The tag of an image with what an official Python base has, imported unless the engine has it already."""
    tag, files = f"{NAME}:{suite()}", root_file_system()
    there = client.images.list(name=tag, filters={"label": f"{LABEL}={files.stem}"})
    if not there:
        client.api.import_image_from_file(
            str(files), repository=NAME, tag=suite(), changes=[*SETTINGS, f"LABEL {LABEL}={files.stem}"]
        )
        client.images.get(tag)
    return tag


def empty_image(client: DockerClient) -> str:
    """The tag of an image that holds one file and no program: pushed at once, and no base for anything."""
    tag = f"{EMPTY}:latest"
    if not client.images.list(name=tag):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as files:
            files.addfile(tarfile.TarInfo("empty"))
        client.api.import_image_from_data(packed.getvalue(), repository=EMPTY, tag="latest")
        client.images.get(tag)
    return tag
