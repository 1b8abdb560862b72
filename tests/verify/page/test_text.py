from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.verify.page.text import LONGEST, isolated, number, percent, plain, safe


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b onclick='x'>&", "&lt;b onclick=&#x27;x&#x27;&gt;&amp;"),
        ("a\u202eb", "a\\u202eb"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("\x00\x1b\n\t", "\\x00\\x1b\\n\\t"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("a\u00a0b c", "a\\xa0b c"),
        ("naïve 日本語 🙂", "naïve 日本語 🙂"),
    ],
)
def test_markup_and_what_no_eye_sees_are_escaped(text, shown):
    assert safe(text) == shown


def test_what_runs_the_other_way_is_kept_apart():
    assert isolated("שלום") == "<bdi>שלום</bdi>"
    assert isolated("plain") == "plain"


def test_marks_do_not_pile_up():
    assert plain("e" + "\u0301" * 9).count("\u0301") == 3


@settings(deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_printable_and_bounded(text):
    shown = plain(text)
    assert all(unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in shown)
    assert len(shown) <= 10 * LONGEST + 1
    assert html.unescape(safe(text)) == shown
    safe(text).encode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1.234e-7, "1.2e−07"), (float("inf"), "∞"), (float("nan"), "NaN"), ("Infinity", "Infinity"), (3, "3")],
)
def test_numbers(value, shown):
    assert number(value) == shown


def test_nearly_all_is_not_all():
    assert percent(1.0) == "100%"
    assert percent(0.9999999) == "99.99%"
    assert percent(1e-9) == "0.01%"
    assert percent(0.0) == "0%"
