import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.errors import OutputError, visible
from bakeoff.report import page as report_page
from bakeoff.report.figures.networks import Drawn, draw_graph, lay_out
from bakeoff.report.figures.rows import Row, draw_dots
from bakeoff.report.figures.style import drawing, picture, short
from bakeoff.report.page import Chooser, Exhibit, Page, Section, check_report, render, write_folder
from bakeoff.tables import Column, Table

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(2)'>&amp;{{ 7*7 }}",
    "\u202e\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "\U0001f642\U0001f468\u200d\U0001f469\u200d\U0001f467 $x_1^2$ \\frac",
    "n" * 300,
    "]]></svg><script>alert(3)</script>",
)


class Texts(HTMLParser):
    """Collects tags, attributes and texts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.scripts = [], [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def page():
    rows = [Row(n, i, np.array([1.0, 2.0]), 1.5, 1.0, 2.0, n[:9]) for i, n in enumerate(HOSTILE)]
    boxes = [Drawn(name, name, "2×3", "plain") for name in HOSTILE]
    with drawing():
        dots = picture(draw_dots(rows, HOSTILE[0]), "dots")
        again = picture(draw_dots(rows, HOSTILE[0]), "c")
        graph = picture(draw_graph(boxes, lay_out(len(boxes), [(0, 1)]), [True]), "g")
    exhibits = (Exhibit("dots", dots, " ".join(HOSTILE), HOSTILE[1]), Exhibit("g", graph, "graph"))
    sections = [Section(f"s{i}", n, (n,), code=n) for i, n in enumerate(HOSTILE)]
    sections[0] = Section(
        "first",
        "First",
        HOSTILE,
        exhibits,
        (Table("t", HOSTILE[0], (Column(HOSTILE[1], HOSTILE),)),),
        Chooser(Exhibit("c", again, HOSTILE[0]), tuple(enumerate(HOSTILE)), ((0, 1),)),
    )
    return Page(HOSTILE[0], HOSTILE[2], HOSTILE[3], tuple(sections), HOSTILE)


def test_hostile_texts_appear_as_text(page):
    html = render(page)
    found = Texts(html)
    shown = "".join(found.texts)
    for name in HOSTILE:
        assert visible(name) in shown, name
    assert found.tags.count("script") == 1  # our own
    assert "img" not in found.tags
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert "49" not in shown


def test_the_page_asks_for_nothing_and_names_everything(page):
    html = render(page)
    found = Texts(html)
    links = [v for n, v in found.attributes if n in {"src", "href", "xlink:href"}]
    assert not [link for link in links if re.match(r"(https?:)?//", link or "")]
    assert not re.search(r"url\((?!#)", html)
    assert "@import" not in html
    ids = [value for name, value in found.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    figures = [v for n, v in found.attributes if (n, v) == ("role", "img")]
    assert len(figures) == found.tags.count("figure") == 3
    assert ("lang", "en") in found.attributes


def test_a_figure_has_theme_colours_in_the_page_and_its_own_in_a_file(page):
    drawn = page.sections[0].exhibits[0].picture
    assert "var(--series-0)" in drawn.inline
    assert not re.search(r"#[0-9a-f]{6}\b", drawn.inline)
    assert "var(" not in drawn.svg
    assert drawn.svg.startswith("<?xml")
    assert drawn.png.startswith(b"\x89PNG")
    assert "$x_1^2$" in drawn.svg


def test_a_long_text_is_cut_in_its_middle():
    assert short("n" * 300, 20) == "n" * 12 + "…" + "n" * 7
    assert short("a\n b", 20) == "a b"
    assert len(short("x" * 21, 20)) == 20


def test_the_folder_holds_every_figure_and_table(page, tmp_path):
    count = write_folder(page, tmp_path / "new" / "page", {"study.toml": "x = 1\n"})
    names = {path.name for path in (tmp_path / "new" / "page").iterdir()}
    assert names == {
        "index.html",
        "study.toml",
        "files.txt",
        "t.csv",
        *(f"{name}.{kind}" for name in ("dots", "g", "c") for kind in ("svg", "png", "pdf")),
    }
    assert count == len(names)
    pdf = (tmp_path / "new" / "page" / "dots.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in pdf  # outlines of TrueType, embedded
    assert page.sections[0].exhibits[0].picture.pdf() == pdf


def test_an_earlier_pages_files_go_and_what_others_laid_there_stays(tmp_path):
    out = tmp_path / "page"
    write_folder(Page("t", "", "v", ()), out, {"old.csv": "1", "study.toml": "2"})
    (tmp_path / "beyond").write_text("kept")
    (out / "notes.md").write_text("mine")
    (out / "folder").mkdir()
    with (out / "files.txt").open("a") as file:
        file.write("../beyond\n..\nfolder\n\n")
    check_report(out)
    write_folder(Page("t", "", "v", ()), out, {"study.toml": "3"})
    names = {path.name for path in out.iterdir()}
    assert names == {"index.html", "files.txt", "study.toml", "notes.md", "folder"}
    assert (out / "study.toml").read_text() == "3"
    assert (tmp_path / "beyond").exists()


@pytest.mark.parametrize("name", ["thesis.tex", "index.html"])
def test_a_folder_that_another_program_filled_is_refused(tmp_path, name):
    (tmp_path / name).write_text("<html><title>mine</title>")
    with pytest.raises(OutputError, match=f"holds {name} and no page of bakeoff, expected a new"):
        check_report(tmp_path)


def test_a_folder_that_cannot_be_written_is_told_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="expected a folder"):
        check_report(tmp_path / "file")
    check_report(tmp_path / "fresh")
    assert list((tmp_path / "fresh").iterdir()) == []
    (tmp_path / "fresh" / ".gitkeep").write_text("a user's own")
    check_report(tmp_path / "fresh")
    assert (tmp_path / "fresh" / ".gitkeep").exists()


# ---- names of files ----------------------------------------------------------------------------


@given(st.lists(st.text(max_size=400), max_size=8))
def test_file_names_are_safe_and_differ(names):
    made = report_page.file_names(names)
    assert len(made) == len(names)
    assert len({name.lower() for name in made}) == len(made)
    for name in made:
        assert name.isascii()
        assert not name.startswith(".")
        assert 0 < len(name) <= 70
        assert not set(name) & set('/\\<>:"|?* \0\n')
