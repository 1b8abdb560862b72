"""The registry on this machine takes an image and gives it back."""

from __future__ import annotations

import json
import urllib.request

from engine.registry import registry as another


def test_an_image_goes_there_and_back(engine, empty_image, registry, engine_unchanged) -> None:
    name = f"{registry}/models/there"
    image = engine.images.get(empty_image)
    image.tag(name, "1")
    lines = list(engine.images.push(name, tag="1", stream=True, decode=True))
    assert not [line for line in lines if "error" in line]
    engine.images.remove(f"{name}:1")
    with urllib.request.urlopen(f"http://{registry}/v2/models/there/tags/list") as answer:
        assert json.load(answer) == {"name": "models/there", "tags": ["1"]}
    assert engine.images.pull(name, tag="1").id == image.id
    engine.images.remove(f"{name}:1")


def test_two_registries_are_apart_and_end(registry) -> None:
    with another() as other:
        assert other != registry
        with urllib.request.urlopen(f"http://{other}/v2/_catalog") as answer:
            assert json.load(answer) == {"repositories": []}
