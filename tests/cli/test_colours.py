"""Colours and cursor movements go to a terminal alone, and not there with NO_COLOR."""

import os
import pty
import re
import subprocess
import sys

import pytest

COLOUR = r"\x1b\[(\d+;)*(3[0-7]|38;[25]|9[0-7])[;m\d]*"
BAR = """
from bakeoff.cli.console import notes_console
from bakeoff.cli.progress import steps_bar
with steps_bar(notes_console(), 2, "part") as show:
    show("the first")
    show("the second")
"""


def on_terminal(**environment):
    """Show a bar on a terminal of its own and return what it wrote."""
    parent, child = pty.openpty()
    known = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    subprocess.run(
        [sys.executable, "-c", BAR],
        stderr=child,
        env={**known, "TERM": "xterm-256color", **environment},
        check=True,
    )
    os.close(child)
    written = b""
    try:
        while more := os.read(parent, 1024):
            written += more
    except OSError:  # the terminal has been read to its end
        pass
    os.close(parent)
    return written.decode()


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["plain", "NO_COLOR"]
)
def test_a_terminal_shows_a_bar_in_colours_unless_told(environment, coloured):
    written = on_terminal(**environment)
    assert "part" in written
    assert bool(re.search(COLOUR, written)) is coloured, written


def test_a_dumb_terminal_is_sent_nothing():
    assert on_terminal(TERM="dumb") == ""
