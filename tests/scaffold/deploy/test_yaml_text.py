"""Values of YAML: read back as what they were, by a reader of YAML 1.1 and by one of 1.2."""

from __future__ import annotations

import io

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mlpack.scaffold.deploy.yaml_text import line, mapping, quoted

TEXTS = [
    "",
    "on",
    "null",
    "~",
    "1e3",
    "0x1f",
    "1_000",
    "2001-01-01",
    "a: b",
    "a #b",
    "- a",
    "\ufeff\u2028\x85\x7f\x00",
    '"\\',
]


def read(text):
    newer = YAML(typ="safe", pure=True).load(io.StringIO(text))
    assert newer == yaml.safe_load(text)
    return newer


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_comes_back(text):
    assert read(f"key: {quoted(text)}\nnext: 1\n") == {"key": text, "next": 1}


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_like_something_else_stays_text(text):
    assert read(f"[{quoted(text)}]") == [text]
    assert read(mapping({"a": text, "b": text})) == {"a": text, "b": text}


def test_half_a_character_is_replaced():
    assert read(quoted("a\ud800b")) == "a\ufffdb"


@given(st.one_of(st.text(st.characters(exclude_categories=("Cs",))), st.from_regex(r"[a-z]+ [ -~]*", fullmatch=True)))
def test_a_command_comes_back(text):
    written = line(text)
    assert read(f"run: {written}\nnext: 1\n") == {"run": text, "next": 1}
    assert read(f"script:\n  - {written}\nnext: 1\n") == {"script": [text], "next": 1}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("mlpack scan 'a b' --sarif x", True),
        ('pip install "a[b,c]==1" {} & * !', True),
        ("mlpack scan 'a: b'", False),
        ("mlpack scan 'a #b'", False),
        ("mlpack scan a:", False),
        ("true", False),
    ],
)
def test_only_what_has_to_be_is_quoted(text, plain):
    assert (line(text) == text) is plain
