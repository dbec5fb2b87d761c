"""What a page is made of: sections with sentences, figures and tables, all of them plain."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable

from attrs import frozen

from bakeoff.errors import visible
from bakeoff.report.figures.style import Picture

Value = str | int | float | None


@frozen
class Exhibit:
    """A figure with its words.

    Attributes:
        name: what its files are called, without an ending.
        picture: the figure.
        alt: what it shows, for who cannot see it: the numbers that matter, not the looks.
        caption: the line under it.
        only_file: whether it is among the files but not in the page.
    """

    name: str
    picture: Picture
    alt: str
    caption: str = ""
    only_file: bool = False


@frozen
class Column:
    """A table's column.

    Attributes:
        name: its heading, with the unit.
        values: one a row, as exact as they are known; None where there is none.
        digits: decimals shown in the page, for numbers.
        only_file: whether the page leaves it out.
    """

    name: str
    values: tuple[Value, ...]
    digits: int = 2
    only_file: bool = False

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers."""
        return not any(isinstance(value, str) for value in self.values)

    def cells(self) -> tuple[str, ...]:
        """Return the cells as the page shows them."""
        return tuple(_shown(value, self.digits) for value in self.values)


@frozen
class Table:
    """A table, in the page and as a CSV file.

    Attributes:
        name: what its file is called, without an ending.
        caption: what it holds.
        columns: of equal length; the first one names the rows.
        folded: whether the page shows it only when asked.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    folded: bool = False

    def shown(self) -> tuple[Column, ...]:
        """Return the columns that the page shows."""
        return tuple(column for column in self.columns if not column.only_file)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the rows as the page shows them."""
        return list(zip(*(column.cells() for column in self.shown()), strict=True))

    def csv(self) -> str:
        """Return the table as CSV text, numbers exact, an empty cell where there is none."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([visible(column.name) for column in self.columns])
        for row in zip(*(column.values for column in self.columns), strict=True):
            writer.writerow(["" if value is None else visible(_exact(value)) for value in row])
        return text.getvalue()


@frozen
class Chooser:
    """The choice of two among the curves of one figure, made in the page.

    Attributes:
        exhibit: the figure; the parts of the curve in place i have identities that begin with
            `NAME-series-i-`, NAME being the exhibit's.
        curves: each curve's place and name.
        pairs: the pairs to offer, by their places; the first one is shown first.
    """

    exhibit: Exhibit
    curves: tuple[tuple[int, str], ...]
    pairs: tuple[tuple[int, int], ...]

    @property
    def start(self) -> tuple[int, int]:
        """The places of the two that are shown first."""
        return self.pairs[0] if self.pairs else (self.curves[0][0], self.curves[-1][0])

    def name_of(self, place: int) -> str:
        """Return a curve's name."""
        return dict(self.curves)[place]


@frozen
class Section:
    """A part of the page.

    Attributes:
        name: letters and -; the page's links lead to it.
        title: its heading.
        text: paragraphs under the heading.
        exhibits: its figures.
        tables: its tables.
        chooser: the figure in which two curves are chosen, if there is one.
        code: lines to be copied, shown as they are.
    """

    name: str
    title: str
    text: tuple[str, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    tables: tuple[Table, ...] = ()
    chooser: Chooser | None = None
    code: str = ""

    def all_exhibits(self) -> tuple[Exhibit, ...]:
        """Return every figure of the section."""
        return ((self.chooser.exhibit,) if self.chooser else ()) + self.exhibits


@frozen
class Page:
    """A whole page.

    Attributes:
        title: the study's name.
        question: what was asked.
        verdict: the answer in one sentence.
        sections: the rest, in order.
        notes: what a reader must know, a sentence each.
    """

    title: str
    question: str
    verdict: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()


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


def _shown(value: Value, digits: int) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    if math.isinf(value):
        return "unbounded"
    return f"{value:.{digits}f}".replace("-", "−")


def _exact(value: Value) -> str:
    return repr(value) if isinstance(value, float) else str(value)
