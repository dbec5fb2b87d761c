"""Where output goes: results to stdout, everything else to stderr, both in 80 columns."""

from __future__ import annotations

import sys
import textwrap
from typing import Any, TextIO

import rich.console
from rich.text import Text

from bakeoff.errors import visible

WIDEST = 80


class Console(rich.console.Console):
    """A console on which every character of a text shows as it is, or as its escape."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return what rich makes of the text, which it would let drive the terminal."""
        return super().render_str(visible(text, lines=True), **options)


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


def say(console: rich.console.Console, sentence: str) -> None:
    """Print a sentence, broken at spaces to the console's width; no word is cut."""
    for line in textwrap.wrap(
        visible(sentence), console.width, break_on_hyphens=False, break_long_words=False
    ):
        console.print(line, soft_wrap=True)
