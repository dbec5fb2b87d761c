"""The parts of docs/ that tools write: each stands between two comments that name it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

MARK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def fill(page: str, parts: Mapping[str, Callable[[Any], str]], told: Any) -> str:
    """Return a page's text with every part made anew.

    Args:
        page: the text; what stands outside the comments stays.
        parts: what makes each part, by its name.
        told: what the parts are made of.
    """
    return MARK.sub(lambda found: f"{found[1]}\n{parts[found[2]](told)}\n\n{found[3]}", page)


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table, its first column to the left."""
    lines = (header, ("---",) * len(header), *rows)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
