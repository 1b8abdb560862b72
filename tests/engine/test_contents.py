"""The comparison that other tests rely on sees every kind of thing that could be left."""

from __future__ import annotations

import io

import pytest
from engine.contents import unchanged


def container(engine, base_image):
    made = engine.containers.create(base_image, ["true"])
    return made.remove


def dangling(engine, base_image):
    text = f"FROM {base_image}\nRUN echo {__name__} > /left\n"
    made, _ = engine.images.build(fileobj=io.BytesIO(text.encode()), rm=True, network_mode="none")
    return lambda: engine.images.remove(made.id)


def tag(engine, base_image):
    engine.images.get(base_image).tag("left", "here")
    return lambda: engine.images.remove("left:here")


def volume(engine, base_image):
    return engine.volumes.create("left").remove


def network(engine, base_image):
    return engine.networks.create("left").remove


KINDS = {container: "containers", dangling: "images", tag: "tags", volume: "volumes", network: "networks"}


@pytest.mark.parametrize("leave", KINDS, ids=KINDS.values())
def test_what_is_left_is_named(engine, base_image, leave) -> None:
    removals = []
    with pytest.raises(AssertionError, match=f"{KINDS[leave]}: .* is new"), unchanged(engine):
        removals.append(leave(engine, base_image))
    with pytest.raises(AssertionError, match=f"{KINDS[leave]}: .* is gone"), unchanged(engine):
        removals[0]()


@pytest.mark.parametrize("leave", KINDS, ids=KINDS.values())
def test_what_was_removed_again_is_none(engine, base_image, engine_unchanged, leave) -> None:
    leave(engine, base_image)()


def test_the_steps_of_a_build_are_seen_where_asked_for(engine, base_image) -> None:
    text = f"FROM {base_image}\nENV ONE=1\nENV TWO=2\n"
    with pytest.raises(AssertionError, match=r"layers: .* is new"), unchanged(engine, layers=True):
        made, _ = engine.images.build(fileobj=io.BytesIO(text.encode()), rm=True)
    engine.images.remove(made.id)
