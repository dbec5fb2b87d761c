"""How every figure looks, and how it becomes SVG, PNG and PDF.

One figure serves three uses. In a file it has a white ground and dark ink. In the page the same SVG
has no ground, and its colours are CSS variables, so that it follows the page from light to dark.
Texts stay texts in both: they can be searched, and the browser draws scripts and emoji for which
matplotlib has no glyph.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from attrs import frozen

from bakeoff.checks import check_installed
from bakeoff.errors import ArgumentError
from bakeoff.files import check_writable, write_whole
from bakeoff.tables import latex_escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, MUTED, GRID, GROUND = "#1c1d1f", "#66696e", "#dcdee1", "#ffffff"
SERIES = ("#0072b2", "#d55e00", "#00896a", "#a8508a", "#ab7a00", "#3a9bd1", "#5d6066", "#7a4f1e")
"""Colours of competitors after Okabe & Ito (2008), told apart by every kind of colour vision; a
little darker, to stand on white."""
ON_DARK = ("#57b5ee", "#ff8f4d", "#35cfa5", "#e69cc9", "#edbd45", "#a9dcff", "#b9bcc1", "#cfa46a")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes that go with the colours, which are never the only difference."""

IN_PAGE = MappingProxyType(
    {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", GROUND: "var(--ground)"}
    | {colour: f"var(--series-{i})" for i, colour in enumerate(SERIES)}
)
"""What stands in the page for each colour."""

SETTINGS: MappingProxyType[str, Any] = MappingProxyType(
    {
        "axes.axisbelow": True,
        "axes.edgecolor": MUTED,
        "axes.facecolor": "none",
        "axes.labelcolor": MUTED,
        "axes.labelsize": 9,
        "axes.linewidth": 0.7,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlecolor": INK,
        "axes.titlelocation": "left",
        "axes.titlesize": 9.5,
        "figure.facecolor": "none",
        "font.family": ["DejaVu Sans"],
        "font.size": 9,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "legend.frameon": False,
        "lines.linewidth": 1.6,
        "path.simplify_threshold": 0.5,
        "pdf.fonttype": 42,  # outlines of TrueType: publishers refuse type 3
        "pgf.rcfonts": False,  # the paper's own
        "pgf.texsystem": "pdflatex",
        "svg.fonttype": "none",
        "svg.hashsalt": "bakeoff",
        "text.color": INK,
        "text.parse_math": False,  # a $ or _ in a name is a $ or _
        "xtick.color": MUTED,
        "xtick.labelsize": 8.5,
        "xtick.major.size": 3,
        "ytick.color": MUTED,
        "ytick.labelsize": 8.5,
        "ytick.major.size": 3,
    }
)
# What differs in a paper's column.
PAPER = MappingProxyType({"axes.labelsize": 7.5, "font.size": 7.5, "xtick.labelsize": 7})
PNG_DPI, PRINT_DPI = 160, 400
NO_METADATA = MappingProxyType(
    {
        ".pdf": dict.fromkeys(("Creator", "Producer", "CreationDate")),
        ".svg": dict.fromkeys(("Creator", "Date", "Format", "Type")),
        ".png": {"Software": None},
        ".pgf": {},
    }
)


@frozen
class Picture:
    """A figure that is drawn."""

    svg: str  # an SVG file's text, on a white ground
    inline: str  # an SVG element for the page, in the page's colours
    png: bytes  # a PNG file's bytes, on a white ground
    width: int  # how wide the figure is meant to be, in CSS pixels
    figure: Figure  # as it was drawn

    def pdf(self) -> bytes:
        """Return a PDF file's bytes, the same each time; its fonts are embedded."""
        from matplotlib.backends.backend_pdf import FigureCanvasPdf

        content = io.BytesIO()
        with drawing():
            FigureCanvasPdf(self.figure).print_pdf(content, metadata=NO_METADATA[".pdf"])
        return content.getvalue()


@contextmanager
def drawing(more: Mapping[str, Any] = MappingProxyType({})) -> Iterator[None]:
    """Draw and save figures inside this block: with these settings and `more`, and no others."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({**SETTINGS, **more})
        # Only the PNG shows a box there; in the SVG the text is text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches."""
    from matplotlib.figure import Figure  # not pyplot: no global state, no window

    return Figure(figsize=(width, height), layout="constrained")


def picture(figure: Figure, name: str) -> Picture:
    """Return a figure that is drawn; to be called inside `drawing()`.

    The name, letters, digits and -, makes the identities in the page's SVG its own.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    # The canvases' own methods, as `savefig` draws everything once more before each of them.
    if (layout := figure.get_layout_engine()) is not None:
        layout.execute(figure)
        figure.set_layout_engine("none")  # the layout stands; it need not be worked out again
    text = io.StringIO()
    FigureCanvasSVG(figure).print_svg(text, metadata=NO_METADATA[".svg"])
    svg = _only_the_element(text.getvalue())
    figure.set_facecolor(GROUND)
    figure.set_dpi(PNG_DPI)
    pixels, width = io.BytesIO(), round(96 * figure.get_figwidth())
    FigureCanvasAgg(figure).print_png(pixels, metadata={"Software": None})
    return Picture(on_white(svg), in_page(svg, name), pixels.getvalue(), width, figure)


def check_file(path: Path) -> None:
    """Raise, before any work, unless a figure can be drawn and written there.

    Raises:
        ArgumentError: for an unknown suffix, or .pgf without pdflatex, which measures its texts.
        MissingExtraError: without matplotlib.
        OutputError: if it cannot be written.
    """
    suffix, known = path.suffix.lower(), tuple(NO_METADATA)
    if suffix not in known or (suffix == ".pgf" and not which("pdflatex")):
        found = " and no pdflatex, which measures its texts" if suffix in known else ""
        raise ArgumentError(
            f"figure: got {str(path)!r}{found}, expected a name ending with one of"
            f" {', '.join(known)}"
        )
    check_installed("figure", "drawing", "report", "matplotlib")
    check_writable(path)


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure as its file's suffix says, the same bytes each time; inside `drawing()`.

    Raises:
        OutputError: if it cannot be written.
    """
    from matplotlib.text import Text

    content, suffix = io.BytesIO(), path.suffix.lower()
    if suffix == ".pgf":  # whose texts are LaTeX
        for text in figure.findobj(Text):
            text.set_text(latex_escaped(text.get_text()))
    if suffix == ".png":
        figure.set_facecolor(GROUND)
    told: dict[str, Any] = {"metadata": NO_METADATA[suffix]} if NO_METADATA[suffix] else {}
    figure.savefig(content, format=suffix[1:], dpi=PRINT_DPI, **told)
    write_whole(path, content.getvalue())


def _only_the_element(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    return re.sub(r"\n\s*", "\n", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))


def on_white(svg: str) -> str:
    """Return an SVG element as a file of its own, on a white ground."""
    end = svg.index(">") + 1
    ground = f'<rect width="100%" height="100%" fill="{GROUND}"/>'
    return f'<?xml version="1.0" encoding="utf-8"?>\n{svg[:end]}{ground}{svg[end:]}'


def in_page(svg: str, name: str) -> str:
    """Return an SVG element for the page: in its colours and fonts, with identities of its own."""
    for colour, variable in IN_PAGE.items():
        svg = svg.replace(colour, variable)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(href="|url\()#', rf"\1#{name}-", svg)
    svg = re.sub(r"font: ([\d.]+px) [^;\"]*", r"font-size: \1", svg)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    return svg.replace("<svg", '<svg class="figure" aria-hidden="true" focusable="false"', 1)


def colour_of(place: int) -> str:
    """Return the colour of the competitor in that place, on a light ground."""
    return SERIES[place % len(SERIES)]


def marker_of(place: int) -> str:
    """Return the shape of the competitor in that place; it differs where colours come again."""
    return MARKERS[(place + place // len(SERIES)) % len(MARKERS)]


def short(text: str, most: int = 26) -> str:
    """Return a text of at most so many characters, the middle of a longer one left out."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def grid_along(axes: Any, axis: str) -> None:
    """Draw the grid across one axis only, and no line along the other."""
    axes.grid(axis=axis)
    axes.tick_params(axis="y" if axis == "x" else "x", length=0)
    axes.spines["left" if axis == "x" else "bottom"].set_visible(False)


def label_end(axes: Any, y: float, text: str, colour: str, gap: int = 8) -> None:
    """Write a text beside the axes at the height y."""
    axes.annotate(
        text,
        (1.0, y),
        xycoords=("axes fraction", "data"),
        xytext=(gap, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        fontsize=8.5,
    )
