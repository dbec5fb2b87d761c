"""One table, shown as text, HTML, Markdown, LaTeX or CSV."""

from __future__ import annotations

import csv
import io
import math
import re
import textwrap
from collections.abc import Collection, Iterable, Sequence
from html import escape
from types import MappingProxyType

from attrs import field, frozen

from bakeoff.errors import visible

Value = str | int | float | None
REST = range(1, 1000)
"""All columns but the first, to stand on the right."""


class Html(str):
    """A cell that is HTML already, which no other format shows."""

    __slots__ = ()


def _tuple(values: Iterable[Value]) -> tuple[Value, ...]:
    return tuple(values)


@frozen
class Column:
    """A table's column.

    Attributes:
        name: its heading, with the unit.
        values: one a row, as exact as they are known; None where there is none.
        digits: decimals shown, for numbers.
        only_file: whether it is in the CSV alone.
        right: whether its cells stand on the right; by default, if it holds numbers.
    """

    name: str
    values: tuple[Value, ...] = field(converter=_tuple)
    digits: int = 2
    only_file: bool = False
    right: bool | None = None

    @property
    def on_the_right(self) -> bool:
        """Whether its cells stand on the right."""
        words = any(isinstance(value, str) for value in self.values)
        return not words if self.right is None else self.right

    def cells(self) -> tuple[str, ...]:
        """Return the cells as people read them."""
        return tuple(_shown(value, self.digits) for value in self.values)


@frozen
class Table:
    """Columns of equal length; the first one names the rows.

    Attributes:
        name: what its file is called, without an ending.
        caption: what it holds.
        columns: its columns.
        folded: whether a page shows it only when asked.
        only_file: whether a page has it as a file alone.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    folded: bool = False
    only_file: bool = False

    @classmethod
    def of(
        cls,
        header: Sequence[str],
        rows: Iterable[Sequence[Value]],
        *,
        name: str = "",
        caption: str = "",
        right: Collection[int] | None = None,
        folded: bool = False,
    ) -> Table:
        """Return a table of rows; columns of numbers stand on the right, or those of `right`."""
        values = list(zip(*rows, strict=True)) or [()] * len(header)
        columns = tuple(
            Column(head, cells, right=None if right is None else place in right)
            for place, (head, cells) in enumerate(zip(header, values, strict=True))
        )
        return cls(name, caption, columns, folded)

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns that people see."""
        return tuple(column for column in self.columns if not column.only_file)

    @property
    def header(self) -> tuple[str, ...]:
        """The headings that people see."""
        return tuple(column.name for column in self.shown)

    def rows(self) -> list[tuple[str, ...]]:
        """Return the rows as people read them."""
        return list(zip(*(column.cells() for column in self.shown), strict=True))

    def records(self) -> list[dict[str, Value]]:
        """Return the rows by the columns' names, numbers as numbers."""
        rows = zip(*(column.values for column in self.shown), strict=True)
        return [dict(zip(self.header, row, strict=True)) for row in rows]

    def text(self) -> str:
        """Return lines of text, the columns two blanks apart."""
        lines = [self.header, *self.rows()]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        sides = [str.rjust if column.on_the_right else str.ljust for column in self.shown]
        return "\n".join(
            "  ".join(
                side(cell, width) for side, cell, width in zip(sides, line, widths, strict=True)
            ).rstrip()
            for line in lines
        )

    def csv(self) -> str:
        """Return CSV text, numbers exact, an empty cell where there is none."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([visible(column.name) for column in self.columns])
        for row in zip(*(column.values for column in self.columns), strict=True):
            writer.writerow(["" if value is None else visible(_exact(value)) for value in row])
        return text.getvalue()

    def html(
        self,
        caption: str = "",
        *,
        left: str = 'dir="auto"',
        right: str = 'dir="auto" class="number"',
    ) -> str:
        """Return a table element; the caption and the cells' attributes are HTML."""
        attributes = [right if column.on_the_right else left for column in self.shown]
        heads = [
            f'<th scope="col" {attribute}>{escape(name)}</th>'
            for name, attribute in zip(self.header, attributes, strict=True)
        ]
        rows = []
        for first, *cells in self.rows():
            row = [f'<th scope="row" {left}>{_html(first)}</th>']
            row += [
                f"<td {attribute}>{_html(cell)}</td>"
                for cell, attribute in zip(cells, attributes[1:], strict=True)
            ]
            rows.append(f"<tr>{''.join(row)}</tr>\n")
        return (
            f"<table>{caption and f'<caption>{caption}</caption>'}\n"
            f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody>\n</table>"
        )

    def markdown(self) -> list[str]:
        """Return the lines of a Markdown table."""
        rule = tuple("---:" if column.on_the_right else "---" for column in self.shown)
        header, *rows = (tuple(map(markdown_escaped, line)) for line in (self.header, *self.rows()))
        return ["| " + " | ".join(line) + " |" for line in (header, rule, *rows)]

    def latex(self, bold: tuple[str, str] = ("", "")) -> list[str]:
        """Return the lines of a LaTeX tabular as wide as a line; it needs booktabs and tabularx.

        The first column takes the room that the others leave; where they are many and its cells are
        long, those stand in lines of their own. The cell of that row and column is in bold.
        """
        sides = "".join("r" if column.on_the_right else "l" for column in self.shown[1:])
        stacked = len(sides) >= MANY and max(map(len, self.shown[0].cells()), default=0) > LONG
        whole = (
            rf"\multicolumn{{{len(sides) + 1}}}{{@{{}}p{{\linewidth}}@{{}}}}{{\raggedright %s}} \\"
        )
        rows = []
        for name, *cells in self.rows():
            told = [latex_escaped(name, breaks=True), *map(latex_escaped, cells)]
            if name == bold[0]:
                place = self.header.index(bold[1])
                told[place] = rf"\textbf{{{told[place]}}}"
            if stacked:
                rows.append(whole % told[0])
                told[0] = ""
            rows.append(" & ".join(told) + r" \\")
        return [
            rf"\begin{{tabularx}}{{\linewidth}}{{@{{}}>{{\raggedright\arraybackslash}}X{sides}@{{}}}}",
            r"\toprule",
            " & ".join(map(_latex_heading, self.header)) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabularx}",
        ]


def plus_minus(
    mean: float | None, std: float | None, digits: int, unit: str = "", *, missing: str = "-"
) -> str:
    """Return "86.3 ± 1.4 %"; without the deviation where there is none."""
    if mean is None:
        return missing
    deviation = "" if std is None else f" ± {std:.{digits}f}"
    return f"{mean:.{digits}f}{deviation}{unit}"


def markdown_escaped(text: str) -> str:
    """Escape what Markdown would take for its own in a name or sentence."""
    return re.sub(r"([\\`*_<>|~&#\[\]])", r"\\\1", visible(" ".join(text.split())))


LATEX = MappingProxyType(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "−": "$-$",
        "–": "--",
        "\0": "{}",
        "×": r"$\times$",
        "<": "$<$",
        ">": "$>$",
        "|": r"\textbar{}",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
    }
)
LONG, WIDE = 15, 12  # characters of names and headings in LaTeX; longer ones may be broken
MANY = 4  # columns that leave no room for long names


def latex_escaped(text: str, *, breaks: bool = False) -> str:
    """Escape what LaTeX would take for its own; with `breaks`, a line may end within long words."""
    apart = re.sub("-(?=-)", "-\0", visible(text))  # LaTeX makes one dash of two
    told = "".join(LATEX.get(character, character) for character in apart)
    told = re.sub(r"(?<=[0-9]) \\%", r"\\,\\%", told)
    if not breaks or max(map(len, text.split()), default=0) <= LONG:
        return told
    return re.sub(r"(\\_|[-+=/.:,])(?=[^\s{}$])", r"\1\\allowbreak{}", told)


def _latex_heading(text: str) -> str:
    lines = r"\\".join(latex_escaped(line) for line in textwrap.wrap(text, WIDE))
    return rf"\shortstack[r]{{{lines}}}" if r"\\" in lines else lines


def _html(cell: str) -> str:
    return cell if isinstance(cell, Html) else escape(cell)


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
