import io

import attrs
import pytest
from rich.console import Console

from bakeoff.cli.progress import SECONDS_BETWEEN_LINES, Bar, Lines, RoundsDone, progress
from records import record

ROUND = record("a", 0)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_the_time_left_follows_the_mean_pace():
    clock = Clock()
    done = RoundsDone(10, (), clock)
    assert done.time_left() == ""
    clock.now += 20
    done.add((ROUND, ROUND))
    assert done.time_left() == "80 s left"
    clock.now += 40
    assert done.time_left() == "4 min left"
    done.add((ROUND,) * 8)
    assert done.time_left() == ""


def test_rounds_that_stood_already_say_nothing_about_the_pace():
    clock = Clock()
    done = RoundsDone(10, (ROUND,) * 6, clock)
    clock.now += 20
    assert done.time_left() == ""
    done.add((ROUND, ROUND))
    assert done.time_left() == "20 s left"


def test_what_is_finished_is_told_by_competitor():
    done = RoundsDone(10)
    assert done.sentence() == "0 of 10 rounds finished"
    done.add((ROUND, attrs.evolve(ROUND, competitor="b"), ROUND))
    assert done.sentence() == "3 of 10 rounds finished (a 2, b 1)"


def test_a_log_gets_a_line_now_and_then():
    clock, text = Clock(), io.StringIO()
    done = RoundsDone(4, (), clock)
    lines = Lines(Console(file=text, width=80), done, clock)
    lines.add((ROUND,))
    assert text.getvalue() == ""
    clock.now += SECONDS_BETWEEN_LINES
    lines.add((ROUND,))
    lines.add((ROUND,))
    assert text.getvalue() == "2 of 4 rounds finished, 15 s left\n"


@pytest.mark.parametrize(("terminal", "kind"), [(True, Bar), (False, Lines)])
def test_a_bar_is_for_terminals_alone(terminal, kind, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    console = Console(file=io.StringIO(), force_terminal=terminal)
    assert type(progress(console, RoundsDone(1))) is kind
