"""A page: sections with sentences, figures and tables, all of them plain, and their folder.

In the folder lie index.html, every figure as SVG, PNG and PDF, every table as CSV, and files.txt,
which names them all.
"""

from __future__ import annotations

import re
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from bakeoff.checks import check_choice, check_installed
from bakeoff.errors import OutputError, visible
from bakeoff.report.figures.style import ON_DARK, SERIES, Picture, picture
from bakeoff.statistics.shown import table_html
from bakeoff.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TEMPLATES = Path(__file__).with_name("templates")
LIST = "files.txt"
GENERATOR = b'<meta name="generator" content="bakeoff">'
"""What index.html says near its beginning, if it is ours."""


@frozen
class Exhibit:
    """A figure with its words."""

    name: str  # what its files are called, without an ending
    picture: Picture  # the figure
    alt: str  # what it shows, for who cannot see it: the numbers that matter, not the looks
    caption: str = ""  # the line under it
    only_file: bool = False  # whether it is among the files but not in the page

    @classmethod
    def of(
        cls, name: str, figure: Figure, alt: str, caption: str = "", *, only_file: bool = False
    ) -> Exhibit:
        """Return a figure that is drawn now, with its words."""
        return cls(name, picture(figure, name), alt, caption, only_file)


@frozen
class Chooser:
    """The choice of two among the curves of one figure, made in the page."""

    # The figure; the parts of the curve in place i have identities that begin with
    # `NAME-series-i-`, NAME being the exhibit's.
    exhibit: Exhibit
    curves: tuple[tuple[int, str], ...]  # each curve's place and name
    # The pairs to offer, by their places; the first one is shown first.
    pairs: tuple[tuple[int, int], ...]

    @property
    def start(self) -> tuple[int, int]:
        """The places of the two that are shown first."""
        return self.pairs[0] if self.pairs else (self.curves[0][0], self.curves[-1][0])

    def name_of(self, place: int) -> str:
        """Return a curve's name."""
        return dict(self.curves)[place]


@frozen(repr=False)
class Section:
    """A part of the page."""

    name: str  # letters and -; the page's links lead to it
    title: str  # its heading
    text: tuple[str, ...] = ()  # paragraphs under the heading
    exhibits: tuple[Exhibit, ...] = ()  # its figures
    tables: tuple[Table, ...] = ()  # its tables
    chooser: Chooser | None = None  # the figure in which two curves are chosen, if there is one
    code: str = ""  # lines to be copied, shown as they are

    def all_exhibits(self) -> tuple[Exhibit, ...]:
        """Return every figure of the section."""
        return ((self.chooser.exhibit,) if self.chooser else ()) + self.exhibits

    def __repr__(self) -> str:
        """Return the heading, and what the figures show."""
        return "\n".join([self.title, *(exhibit.alt for exhibit in self.all_exhibits())])

    def _repr_html_(self) -> str:
        """Return what a notebook shows: heading, figures, sentences, tables; nothing is fetched."""
        pictures = "".join(
            f'<p><img width="{exhibit.picture.width}" alt="{escape(exhibit.alt)}"'
            f' src="data:image/png;base64,{b64encode(exhibit.picture.png).decode()}"></p>'
            f"<p>{escape(exhibit.caption)}</p>"
            for exhibit in self.all_exhibits()
            if not exhibit.only_file
        )
        told = "".join(f"<p>{escape(text)}</p>" for text in self.text)
        tables = "".join(
            f"<p>{escape(table.caption)}</p>{table_html(table)}"
            for table in self.tables
            if not table.only_file
        )
        return f"<div><h3>{escape(self.title)}</h3>{pictures}{told}{tables}</div>"


@frozen(repr=False)
class Page:
    """A whole page."""

    title: str  # the study's name
    question: str  # what was asked
    verdict: str  # the answer in one sentence
    sections: tuple[Section, ...]  # the rest, in order
    notes: tuple[str, ...] = ()  # what a reader must know, a sentence each

    def part(self, name: str) -> Section:
        """Return a section by its name, such as "curves"; an ArgumentError lists those there are.

        In a notebook it shows as it does on the page, and so does the page itself, part by part.
        """
        named = {section.name: section for section in self.sections}
        check_choice("part", "name", name, named)
        return named[name]

    def __repr__(self) -> str:
        """Return the question, its answer and the parts' names."""
        names = ", ".join(section.name for section in self.sections)
        return f"{self.title}: {self.question}\n{self.verdict}\nparts: {names}"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the answer, the notes and all parts."""
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        parts = "".join(section._repr_html_() for section in self.sections)
        return f"<div><p><b>{escape(self.verdict)}</b></p><ul>{notes}</ul>{parts}</div>"


def file_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return a file name, without an ending, for each of any names; no two are alike.

    What is kept of a name are letters, digits and . _ + -, at most 60 of them.
    """
    taken: set[str] = set()
    made = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.")[:60] or "unnamed"
        number, free = 1, stem
        while free.lower() in taken:
            number += 1
            free = f"{stem}-{number}"
        taken.add(free.lower())
        made.append(free)
    return tuple(made)


# ---- the folder ----------------------------------------------------------------------------------


def check_report(folder: Path) -> None:
    """Raise, before any work, unless a page can be made and written there.

    Raises:
        MissingExtraError: without the extra `report`.
        OutputError: for a folder that cannot be written, or that another program filled.
    """
    check_installed("report", "drawing", "report", "matplotlib")
    check_installed("report", "the page", "report", "jinja2")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
        others = sorted(path.name for path in folder.glob("[!.]*"))
        if "index.html" in others:
            with (folder / "index.html").open("rb") as file:
                others = [] if GENERATOR in file.read(2**12) else others
    except OSError as error:
        raise _unwritable(folder, error) from error
    if others:
        raise OutputError(
            f"{folder}: holds {others[0]} and no page of bakeoff, expected a new folder, an empty"
            " one or an earlier page's; name another"
        )


def render(page: Page) -> str:
    """Return the page as one HTML file that asks for nothing else; every text is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # What the template does not escape is our own, and matplotlib's SVG, which escapes its texts.
    text = environment.get_template("page.html").render(
        page=page,
        css=(TEMPLATES / "page.css").read_text("utf-8"),
        js=(TEMPLATES / "page.js").read_text("utf-8"),
        series=list(zip(SERIES, ON_DARK, strict=True)),
    )
    return visible(text, lines=True)


def write_folder(page: Page, folder: Path, more: Mapping[str, str] | None = None) -> int:
    """Write the page and `more` texts by file name; return how many files.

    What an earlier page's list names goes; other files stay.
    """
    files: dict[str, bytes] = {"index.html": render(page).encode("utf-8")}
    for section in page.sections:
        for exhibit in section.all_exhibits():
            files[f"{exhibit.name}.svg"] = visible(exhibit.picture.svg, lines=True).encode("utf-8")
            files[f"{exhibit.name}.png"] = exhibit.picture.png
            files[f"{exhibit.name}.pdf"] = exhibit.picture.pdf()
        for table in section.tables:
            files[f"{table.name}.csv"] = table.csv().encode("utf-8")
    files |= {name: text.encode("utf-8") for name, text in (more or {}).items()}
    files[LIST] = "".join(f"{name}\n" for name in sorted(files)).encode("utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        listed = folder / LIST
        names = listed.read_text("utf-8", "replace").splitlines() if listed.is_file() else ()
        for path in (folder / name for name in names):
            if path.parent == folder and path.is_file():  # whoever changed the list
                path.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return len(files)


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{error.filename or folder}: cannot be written ({error.strerror}), expected a folder to"
        " write to"
    )
