import sys
import types
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from mlpack.core import registry as module
from mlpack.core.errors import MlpackError


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with two declaring files; gives a function that adds more."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "__init__.py").write_text("")

    def add(name, declared):
        (folder / f"{name}.py").write_text(f"class Thing:\n    name = {declared!r}\nTHING = Thing()\n")

    add("first", "one")
    add("second", "two")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield add
    for name in [name for name in sys.modules if name == "shelf" or name.startswith("shelf.")]:
        del sys.modules[name]
    module.registry.cache_clear()


def test_each_file_declares_one_object(package):
    assert list(module.registry("shelf", "THING").entries) == ["one", "two"]


def test_a_duplicate_name_is_refused(package):
    package("third", "one")
    with pytest.raises(MlpackError, match="'one'"):
        module.registry("shelf", "THING")


def test_plugins_are_added_and_broken_ones_named(package, monkeypatch):
    plugin = types.ModuleType("a_plugin")
    plugin.GOOD = types.SimpleNamespace(name="three")
    plugin.TAKEN = types.SimpleNamespace(name="one")
    monkeypatch.setitem(sys.modules, "a_plugin", plugin)
    points = [
        EntryPoint("good", "a_plugin:GOOD", "shelf"),
        EntryPoint("taken", "a_plugin:TAKEN", "shelf"),
        EntryPoint("broken", "no_such_module:X", "shelf"),
    ]
    monkeypatch.setattr(module, "_points", lambda: EntryPoints(points))
    with pytest.warns(UserWarning, match="left out"):
        found = module.registry("shelf", "THING")
    assert list(found.entries) == ["one", "two", "three"]
    assert [(plugin.name, plugin.reason.partition(":")[0]) for plugin in found.broken] == [
        ("taken", "the name 'one' is taken"),
        ("broken", "ModuleNotFoundError"),
    ]


def test_one_file_is_asked_without_the_others(package):
    package("three", "three")
    package("misnamed", "other")
    assert module.declared("shelf", "THING", "three").name == "three"
    assert [module.declared("shelf", "THING", name) for name in ("misnamed", "nobody", "../three", "first.x", "")] == [
        None
    ] * 5
    assert not {"shelf.first", "shelf.second"} & set(sys.modules)


def test_a_file_that_misses_a_library_is_not_taken_for_none(package, tmp_path):
    (tmp_path / "shelf" / "lame.py").write_text("import a_library_that_is_not_there")
    with pytest.raises(ModuleNotFoundError, match="a_library_that_is_not_there"):
        module.declared("shelf", "THING", "lame")
