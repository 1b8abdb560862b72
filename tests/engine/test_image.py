"""The base image has what an official Python base has, and no more than a slim one."""

from __future__ import annotations

import io
import tarfile

import docker
import pytest
from engine import debian
from engine.image import base_image as import_base
from engine.output import output_of


def said(engine, base_image, *command: str) -> str:
    return output_of(engine, base_image, command, network_mode="none").strip()


def test_it_has_python_pip_and_venv(engine, base_image) -> None:
    version = debian.python_version()
    assert said(engine, base_image, "python", "--version").startswith(f"Python {version}.")
    assert said(engine, base_image, "python3", "-c", "import ssl; print('tls')") == "tls"
    making = "python -m venv /v && /v/bin/pip --version && pip --version && pip install --no-index --dry-run pip"
    assert f"python {version}" in said(engine, base_image, "sh", "-c", making)


def test_it_has_certificates(engine, base_image) -> None:
    count = "import ssl; print(len(ssl.create_default_context().get_ca_certs()) > 50)"
    assert said(engine, base_image, "python", "-c", count) == "True"


def test_it_has_no_lists_of_apt_and_nothing_of_this_machine() -> None:
    with tarfile.open(debian.root_file_system()) as files:
        names = files.getnames()
    for place in ("var/lib/apt/lists", "var/cache/apt", "usr/share/doc", "usr/share/man", "var/log", "dev"):
        assert not [name for name in names if name.startswith(f"./{place}/")]
    assert not {"./etc/hostname", "./etc/resolv.conf", "./etc/machine-id", "./etc/apt/sources.list"} & set(names)


def test_it_is_imported_once(engine, base_image) -> None:
    before = engine.images.get(base_image).id
    assert import_base(engine) == base_image
    assert engine.images.get(base_image).id == before


def test_the_empty_one_has_no_python(engine, empty_image, engine_unchanged) -> None:
    with pytest.raises(docker.errors.APIError, match="python3"):
        said(engine, empty_image, "python3", "--version")
    (made,) = engine.containers.list(all=True, filters={"ancestor": empty_image})
    made.remove()


def test_an_image_is_built_on_it(engine, base_image, engine_unchanged) -> None:
    text = f"FROM {base_image}\nRUN python -c \"open('/made', 'w').write('by python')\"\n"
    made, _ = engine.images.build(fileobj=io.BytesIO(text.encode()), rm=True, forcerm=True)
    assert said(engine, made.id, "cat", "/made") == "by python"
    engine.images.remove(made.id)
