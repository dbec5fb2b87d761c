"""Draw the lines of results/growth.json for docs/speed.md.

    python tools/growth_picture.py docs/images/growth.svg

Needs the extra report.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from pages import CONTENDERS, OURS, RESULTS, duration, slope, title_of

STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "growth",
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def drawn(lines: list[dict[str, Any]]) -> Figure:
    """Return one panel a title: seconds against what grows, both by powers of ten."""
    titles = list(dict.fromkeys(line["title"] for line in lines))
    rows = -(-len(titles) // 2)
    figure = Figure((7.5, 2.6 * rows), layout="constrained")
    for axes, title in zip(figure.subplots(rows, 2).flat, titles, strict=False):
        for line in (line for line in lines if line["title"] == title):
            name, ours = line["contender"], line["contender"] in (OURS, "show")
            told = title_of(name) if name in CONTENDERS else name
            label = f"{told}, slope {slope(line):.2f}"
            look = {"linewidth": 2.0 if ours else 1.0, "color": "black" if ours else None}
            axes.loglog(
                line["values"], line["seconds"], marker="o", markersize=3, label=label, **look
            )
        work, _, grows = title.partition(", ")
        axes.set(title=work, xlabel=grows, ylabel=f"time per {line['unit']}")
        axes.set_xticks(line["values"], [f"{n:,}" for n in line["values"]])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set(
            major_locator=LogLocator(subs=(1, 2, 5)),
            major_formatter=FuncFormatter(lambda seconds, _: duration(seconds)),
            minor_locator=NullLocator(),
        )
        axes.set_ylim(top=8 * axes.get_ylim()[1])  # room for the legend
        axes.legend(frameon=False, fontsize=7, loc="upper left")
    for axes in figure.axes[len(titles) :]:
        axes.remove()
    return figure


def main(file: str) -> None:
    """Write the picture."""
    lines = json.loads((RESULTS / "growth.json").read_text(encoding="utf-8"))["lines"]
    with mpl.rc_context(STYLE):
        drawn(lines).savefig(file, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
