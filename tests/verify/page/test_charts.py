"""Every column, dot and label stands inside its chart."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from verify.page.reports import hostile, largest, passing

from mlpack.verify.evidence.kept import ValuePicture
from mlpack.verify.page.axes import width_of
from mlpack.verify.page.histogram import histogram
from mlpack.verify.page.scatter import scatter
from mlpack.verify.page.svg import HEIGHT, WIDTH

COUNTS = st.tuples(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 9))
ALLOWED = st.one_of(st.just(0.0), st.floats(1e-300, 1e300))


def checked(drawn: str) -> ET.Element:
    """The chart as XML, all of it in its frame; the width of a label is guessed."""
    root = ET.fromstring(drawn)
    for rect in root.iter("rect"):
        x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + width <= WIDTH + 0.2
        assert 0 <= y <= y + height <= HEIGHT
    for label in root.iter("text"):
        x, size = float(label.attrib["x"]), width_of(label.text or "")
        kind = label.attrib.get("class", "").split()
        share = 0.0 if "start" in kind else 1.0 if "end" in kind else 0.5
        assert x - share * size >= -2
        assert x + (1 - share) * size <= WIDTH + 12
    for path in root.iter("path"):
        numbers = [
            float(found) for found in re.findall(r"[\d.]+", path.attrib["d"].replace("h0", "").partition("h")[0])
        ]
        assert all(0 <= across <= WIDTH for across in numbers[::2])
        assert all(0 <= down <= HEIGHT for down in numbers[1::2])
    return root


@settings(deadline=None)
@given(
    st.lists(COUNTS, max_size=60), st.integers(-650, 560), st.tuples(ALLOWED, ALLOWED), COUNTS, st.integers(0, 10**12)
)
def test_any_histogram_fits(counts, first, allowed, one_sided, exact):
    total = exact + sum(map(sum, counts)) + sum(one_sided)
    bounds = (min(allowed), max(allowed))
    checked(histogram(ValuePicture("output", False, total, exact, one_sided, first, tuple(counts), bounds, ()), "k"))


@pytest.mark.parametrize("report", [hostile, passing, largest])
def test_real_charts_fit(report):
    for place, picture in enumerate(report().evidence.values):
        columns = checked(histogram(picture, f"h{place}"))
        there = (picture.exact > 0) + sum(sum(counts) > 0 for counts in picture.counts)
        assert 1 <= len(list(columns.iter("g"))) <= there
        dots = checked(scatter(picture, f"s{place}", 300))
        assert 1 <= sum(path.attrib["d"].count("h0") for path in dots.iter("path")) <= 301


def test_what_is_beyond_is_drawn_though_it_is_one_in_a_million():
    picture = ValuePicture(
        "y", False, 10**6, 10**6 - 1, (0, 0, 0), -2, ((0, 1, 0),), (1e-6, 1e-6), ((1.0, 1.5, 1), (1.0, 1.0, 0))
    )
    (column,) = [rect for rect in checked(histogram(picture, "k")).iter("rect") if rect.get("class") == "beyond"]
    assert float(column.attrib["height"]) >= 3
    assert [path for path in checked(scatter(picture, "k", 10)).iter("path") if path.attrib["class"] == "dots beyond"]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.sampled_from([0, 1, 2])),
        min_size=1,
        max_size=50,
    )
)
def test_any_scatter_fits(points):
    checked(scatter(ValuePicture("output", False, len(points), 0, (0, 0, 0), 0, (), (0, 0), tuple(points)), "k", 40))
