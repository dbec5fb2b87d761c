"""Where output goes: results to stdout, everything else to stderr, both in 80 columns."""

from __future__ import annotations

import sys
import textwrap
from typing import TextIO

from rich.console import Console

WIDEST = 80


def results_console() -> Console:
    """Return the console of stdout; without colours or other codes unless it is a terminal."""
    return _console(sys.stdout)


def notes_console() -> Console:
    """Return the console of stderr."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    # rich itself respects NO_COLOR and TERM=dumb.
    console = Console(file=stream, highlight=False, emoji=False, markup=False, soft_wrap=False)
    if console.width > WIDEST or not console.is_terminal:
        console = Console(
            file=stream, highlight=False, emoji=False, markup=False, soft_wrap=False, width=WIDEST
        )
    return console


def say(console: Console, sentence: str) -> None:
    """Print a sentence, broken at spaces to the console's width."""
    for line in textwrap.wrap(sentence, console.width, break_on_hyphens=False):
        console.print(line, soft_wrap=True)
