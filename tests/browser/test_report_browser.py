"""The report's page in a real browser, opened from disk with the network cut."""

import re
import sys
from itertools import combinations
from operator import methodcaller
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
import made

from bakeoff.errors import visible
from bakeoff.report.page import Page, Section, write_folder
from bakeoff.report.source import Source
from bakeoff.report.study_page import study_page
from bakeoff.study.command import Command, CommandStudy
from bakeoff.study.machine import this_machine
from bakeoff.study.metric import Metric
from bakeoff.study.record import FAILED, Record
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor
from bakeoff.tables import Column, Table

LONG = "n" * 300
HOSTILE = ("<script>window.hit = 1</script>", "\u202e\u0645\u0631\u062d\u0628\u0627", "\U0001f642")
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
OVERLAPS = """[...document.querySelectorAll('svg.figure')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')];
  const all = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
  return all.flatMap(([a, r], i) => all.slice(i + 1).filter(([b, s]) =>
    Math.min(r.right, s.right) - Math.max(r.left, s.left) > 1 &&
    Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 0.3 * Math.min(r.height, s.height)
  ).map(([b]) => `${a} | ${b}`));
})"""
"""Texts of one figure that lie on another, a text's box being a little higher than its letters."""
FAINTEST = """(() => {
  const light = text => text.match(/[0-9.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0.05);
  const ground = light(getComputedStyle(document.body).backgroundColor);
  return Math.min(...[...document.querySelectorAll('svg text, p, li, td, th, a, figcaption')].map(
    one => getComputedStyle(one)[one.closest('svg') ? 'fill' : 'color']).map(light)
    .map(shade => Math.max(shade, ground) / Math.min(shade, ground)));
})()"""
"""The least contrast of any text with the page, as WCAG 2 reckons it."""
BOX = methodcaller("bounding_box")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    results = made.made_results()
    source = Source(results, Path("s.sqlite"), range(8), {this_machine(): 16}, (*HOSTILE, LONG))
    folder = tmp_path_factory.mktemp("page")
    write_folder(study_page(source), folder)
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """The page of thirty commands, all compared with each other, some of whose rounds fail."""
    names, rng = [f"command-{n:02}" for n in range(30)], np.random.default_rng(0)
    rivals = [Competitor(name, options={"n": n}) for n, name in enumerate(names)]
    told = {"metrics": [Metric("loss", "lower")], "command": Command("./train {seed} {n}")}
    study = CommandStudy("many", "Which?", rivals, list(combinations(names, 2)), **told)
    rounds = [
        Record(competitor=name, round=r, seed=r, seconds=1 + r, **how)
        for n, name in enumerate(names)
        for r, loss in enumerate(rng.normal(1 + n / 99, 0.1, 9))
        for how in [{"scores": {"loss": loss}} if loss < 1.4 else {"status": FAILED}]
    ]
    folder = tmp_path_factory.mktemp("many")
    results = StudyResults.of_rounds(study, rounds)
    write_folder(study_page(Source(results, Path("s.sqlite"), range(9), {})), folder)
    return folder


@pytest.fixture
def opened(page, folder):
    page.goto((folder / "index.html").as_uri())
    return page


def test_it_asks_for_nothing_and_every_figure_has_its_words(opened, seen, folder):
    assert seen.requests == [(folder / "index.html").as_uri()]
    pictures = opened.get_by_role("img").all()
    assert len(pictures) == 12
    for picture in pictures:
        assert len(picture.get_attribute("aria-label")) > 30
        assert picture.locator("svg").bounding_box()["height"] > 60


def test_its_files_are_there(opened, folder):
    links = opened.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    files = [link for link in links if not link.startswith("#")]
    assert len(files) > 30
    assert [name for name in files if not (folder / name).is_file()] == []
    anchors = [link[1:] for link in links if link.startswith("#")]
    assert all(opened.locator(f'[id="{name}"]').count() == 1 for name in anchors)


def test_hostile_notes_are_text(opened):
    shown = opened.locator(".notes").inner_text()
    assert all(visible(text) in shown for text in HOSTILE)
    assert opened.evaluate("window.hit") is None


@pytest.mark.parametrize("width", [1280, 768, 360])
@pytest.mark.parametrize("of", ["folder", "many"])
def test_nothing_is_wider_than_the_window_and_no_labels_overlap(page, request, of, width):
    page.goto((request.getfixturevalue(of) / "index.html").as_uri())
    page.set_viewport_size({"width": width, "height": 800})
    assert not page.evaluate(WIDER)
    assert page.evaluate(OVERLAPS) == []
    assert all(box["width"] <= width for box in map(BOX, page.locator("caption").all()) if box)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_thirty_competitors_can_be_read_on_screen_and_on_paper(page, many, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto((many / "index.html").as_uri())
    assert "of the 30 competitors may be the best" in page.inner_text("h1")
    assert "failed" in page.locator("#ranking svg").inner_html()
    assert "{'" not in page.inner_text("body")
    assert page.evaluate(FAINTEST) > 4.5
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 703, "height": 1000})
    letters = map(BOX, page.locator("#ranking svg text").all())
    assert min(box["height"] for box in letters) > 9  # pixels, of about 7 points


def test_any_two_curves_can_be_chosen(opened):
    def visible(place):
        return opened.locator(f'[id="curves-series-{place}-test"]').is_visible()

    first, second = opened.locator(".chooser select").all()
    assert (visible(0), visible(1)) == (True, True)
    first.select_option("0")
    second.select_option("0")
    assert (visible(0), visible(1)) == (True, False)
    opened.locator(".chooser button").first.click()
    assert (visible(0), visible(1)) == (True, True)
    assert opened.locator(".chooser button").first.get_attribute("aria-pressed") == "true"


def test_the_keyboard_reaches_everything(opened):
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    reached = set()
    for _ in range(80):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.tagName"))
    assert {"A", "SELECT", "BUTTON", "SUMMARY"} <= reached


def test_dark_follows_the_system_in_page_and_figures(opened):
    ground = "getComputedStyle(document.body).backgroundColor"
    curve = "getComputedStyle(document.querySelector('#curves-series-0-test path')).stroke"
    light = [opened.evaluate(ground), opened.evaluate(curve)]
    opened.emulate_media(color_scheme="dark")
    dark = [opened.evaluate(ground), opened.evaluate(curve)]
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] == "rgb(22, 23, 26)"
    assert light[1] != dark[1]


def test_print_is_light_and_leaves_links_out(opened):
    opened.emulate_media(media="print", color_scheme="dark")
    assert (
        opened.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert not opened.locator("nav").is_visible()
    assert opened.get_by_role("heading", level=1).is_visible()


def test_it_is_printed_on_few_pages_and_the_tables_in_whole(opened):
    pages = re.findall(rb"/Type\s*/Page[^s]", opened.pdf(format="A4", prefer_css_page_size=True))
    assert 1 < len(pages) <= 4
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 703, "height": 900})
    assert not opened.evaluate(WIDER)


def test_on_a_phone_every_column_can_be_scrolled_to_beside_its_rows_name(opened):
    opened.set_viewport_size({"width": 390, "height": 800})
    for table in opened.locator(".scroll").all():
        if table.is_visible():
            table.evaluate("each => { each.scrollLeft = each.scrollWidth }")
            edge, last, first = (
                table.locator(part).last.bounding_box() for part in ("xpath=.", "td", "tbody th")
            )
            assert last["x"] + last["width"] <= edge["x"] + edge["width"] + 1
            assert first["x"] >= edge["x"] - 1


def test_long_names_break_no_layout(page, tmp_path):
    column = Column(LONG, (LONG, HOSTILE[1]))
    tables = (Table("t", LONG, (column, column)),)
    sections = (Section("s", LONG, (LONG,), tables=tables, code=LONG),)
    write_folder(Page(LONG, LONG, LONG, sections, (LONG,)), tmp_path)
    page.goto((tmp_path / "index.html").as_uri())
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert not page.evaluate(WIDER)
