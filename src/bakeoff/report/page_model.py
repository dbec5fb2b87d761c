"""What a page is made of: sections with sentences, figures and tables, all of them plain."""

from __future__ import annotations

import re
from collections.abc import Iterable

from attrs import frozen

from bakeoff.report.figures.style import Picture
from bakeoff.tables import Table


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
