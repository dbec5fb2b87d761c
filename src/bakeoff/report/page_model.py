"""What a page is made of: sections with sentences, figures and tables, all of them plain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import frozen

from bakeoff.report.figures.style import Picture, picture
from bakeoff.tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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


@frozen
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


@frozen
class Page:
    """A whole page."""

    title: str  # the study's name
    question: str  # what was asked
    verdict: str  # the answer in one sentence
    sections: tuple[Section, ...]  # the rest, in order
    notes: tuple[str, ...] = ()  # what a reader must know, a sentence each


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
