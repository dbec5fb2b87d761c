"""Fill the table of docs/security.md from results/fuzz.json.

.venv/bin/python tools/fuzz          # brings the cases, some ten minutes
.venv/bin/python tools/fuzz_page.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from generated import fill, table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "security.md"
FILE = ROOT / "results" / "fuzz.json"
HEADER = ("what comes in", "cases", "taken", "refused", "failed", "slowest", "memory")


def doors(rows: list[dict[str, Any]]) -> str:
    """Return a line for each door."""
    return table(
        HEADER,
        (
            (
                row["title"],
                *(f"{row[name]:,}" for name in ("cases", "accepted", "refused", "failed")),
                f"{1000 * row['worst_seconds']:.0f} ms",
                f"{row['grown_mib']} MiB",
            )
            for row in rows
        ),
    )


def filled(page: str) -> str:
    """Return the page's text with its table made anew."""
    return fill(page, {"doors": doors}, json.loads(FILE.read_text(encoding="utf-8")))


def main() -> None:
    """Write the page."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
