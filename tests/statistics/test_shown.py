"""What a prompt and a notebook show of verdicts."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.contrast import against
from bakeoff.statistics.shown import MOST_LINES, MOST_ROWS, WIDTH, in_short

RNG = np.random.default_rng(3)
NAMES = ("a <b>", "b", "c")


def analysis(names=NAMES, rounds=8, **options):
    values = RNG.normal(0.8, 0.01, (rounds, 1)) + 0.02 * np.arange(len(names))
    values = values + RNG.normal(0, 0.002, values.shape)
    return analyse(values, names, against(names, names[0]), **options)


def drawn(html):
    """The pictures, a list of their elements each."""
    return [[*ElementTree.fromstring(svg)] for svg in re.findall("<svg.*?</svg>", html)]


@pytest.mark.parametrize("names", [NAMES, tuple(f"competitor{i}" for i in range(60))])
def test_a_prompt_shows_the_first_verdicts_and_how_to_go_on(names):
    found = replace(analysis(names), notes=("mind " * 400,))
    lines = repr(found).split("\n")
    assert len(lines) == MOST_LINES + 1
    assert lines[0].startswith(found.comparisons[0].sentence[:60])
    assert max(map(len, lines)) <= 88
    assert lines[-2:] == ["…", "print() tells all; .comparisons and .summaries hold numbers."]


def test_a_short_text_is_shown_whole():
    assert in_short("one\n\ntwo", "go") == "one\n\ntwo\ngo"


def test_a_notebook_shows_each_difference_with_its_rounds():
    found = replace(analysis(), notes=("mind <this>",))
    html = found._repr_html_()
    assert [comparison.contrast.name for comparison in found.comparisons] == [
        "b - a <b>",
        "c - a <b>",
    ]
    pictures = drawn(html)
    assert [sum(each.tag == "circle" for each in picture) for picture in pictures] == [8, 8]
    left = [float(picture[0].get("cx")) for picture in pictures]
    assert left[0] < left[1]  # c is further ahead
    for picture in pictures:
        zero, interval = (each.get("d") for each in picture[-2:])
        assert zero == "M6.0 0V24"  # all differences are above it
        low, high = map(float, re.fullmatch(r"M([\d.]+) [\d.]+H([\d.]+)", interval).groups())
        dots = [float(each.get("cx")) for each in picture[:-2]]
        assert 6 < min(dots) <= low < high <= max(dots) <= WIDTH - 6
    assert "a &lt;b&gt;" in html
    assert "<b>" not in html
    assert "<li>mind &lt;this&gt;</li>" in html
    assert all(comparison.sentence[-30:] in html for comparison in found.comparisons)


def test_an_interval_without_ends_fills_the_picture():
    (picture, _) = drawn(analysis(rounds=3, mode="anytime")._repr_html_())
    assert picture[-1].get("d") == f"M6.0 12.0H{WIDTH - 6.0}"


def test_too_few_or_too_many_have_no_pictures():
    assert "<svg" not in analysis(rounds=1)._repr_html_()
    many = tuple(map(str, range(MOST_ROWS + 2)))
    assert "<svg" not in analysis(many)._repr_html_()
