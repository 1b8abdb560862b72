"""The base of an image: asked once which Python it has, and for what it lacks."""

import pytest
from engine.contents import unchanged

from mlpack.core.errors import EngineError, UsageError
from mlpack.images.base import base_of
from mlpack.images.build import Wishes, build, remove_images
from mlpack.images.engine import connected
from mlpack.images.target import Target


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def connection(engine):
    with connected() as found:
        yield found


def silent(_):
    pass


def test_it_says_what_it_is_and_is_asked_once(engine, connection, base_image, cache):
    with unchanged(engine):
        base = base_of(connection, base_image, None, silent)
        assert isinstance(base.target, Target)
        assert (base.target.libc, base.target.python[0]) == ("glibc", 3)
        assert base.name == base_image  # it was never in a registry: there is no digest to pin
        assert base.size == engine.images.get(base_image).attrs["Size"]
        (kept,) = (cache / "bases").iterdir()
        assert (
            base_of(connection, base_image, "linux/" + engine.info()["Architecture"].replace("x86_64", "amd64"), silent)
            == base
        )
        kept.write_text("{")
        assert base_of(connection, base_image, None, silent) == base  # what is damaged is asked again


def test_a_base_without_pip_is_told(engine, connection, base_image):
    dockerfile = f"FROM {base_image}\nRUN rm -rf $(python3 -c 'import pip; print(pip.__path__[0])')\n"
    made = build(connection, {"Dockerfile": dockerfile.encode()}, "", Wishes(), silent)
    engine.images.get(made.image).tag("mlpack-test/without-pip", "1")
    try:
        with unchanged(engine), pytest.raises(EngineError, match="lacks pip"):
            base_of(connection, "mlpack-test/without-pip:1", None, silent)
    finally:
        engine.images.remove("mlpack-test/without-pip:1")
        remove_images(connection, made.added)


def test_a_python_that_does_not_work_is_told_with_what_it_says(engine, connection, base_image):
    script = "printf '#!/bin/sh\\necho broken indeed; exit 7\\n' > /usr/local/bin/python3 && chmod 755 /usr/local/bin/python3"
    made = build(connection, {"Dockerfile": f"FROM {base_image}\nRUN {script}\n".encode()}, "", Wishes(), silent)
    engine.images.get(made.image).tag("mlpack-test/broken", "1")
    try:
        with unchanged(engine), pytest.raises(EngineError, match="does not work") as caught:
            base_of(connection, "mlpack-test/broken:1", None, silent)
        assert "broken indeed" in caught.value.why
    finally:
        engine.images.remove("mlpack-test/broken:1")
        remove_images(connection, made.added)


def test_one_for_another_processor_is_not_this_one(engine, connection, base_image):
    with unchanged(engine), pytest.raises(EngineError, match=r"here for linux/\w+, and cannot be had for"):
        base_of(connection, base_image, "linux/s390x", silent)


def test_a_name_that_is_none(connection):
    with pytest.raises(UsageError):
        base_of(connection, "No Name", None, silent)
