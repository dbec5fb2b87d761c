"""The table of docs/security.md, from results/fuzz.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "results" / "fuzz.json"
PAGE = ROOT / "docs" / "security.md"
MARK = re.compile(r"(<!-- begin doors -->\n).*?(<!-- end doors -->)", re.DOTALL)
Row = dict[str, Any]


def table(rows: list[Row]) -> str:
    """Return a line for each door."""
    lines = [
        "| what comes in | cases | taken | refused | failed | slowest | memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['title']} | {row['cases']:,} | {row['accepted']:,} | {row['refused']:,}"
        f" | {row['failed']:,} | {1000 * row['worst_seconds']:.0f} ms | {row['grown_mib']} MiB |"
        for row in rows
    ]
    return "\n".join(lines)


def filled(page: str) -> str:
    """Return the page's text with its table made anew."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8"))
    return MARK.sub(lambda found: f"{found[1]}\n{table(rows)}\n\n{found[2]}", page)
