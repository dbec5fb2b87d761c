"""`bakeoff` alone: a first verdict in seconds, nothing kept, and what to do next."""

from __future__ import annotations

import random
from importlib.util import find_spec
from math import dist, fsum
from typing import TYPE_CHECKING

from bakeoff.cli import tell

if TYPE_CHECKING:
    from bakeoff.study.function import FunctionStudy

NEXT = """
What next:

  bakeoff race --help     race scripts of your own
  {more}
  bakeoff --help          everything else
"""
WITH_TORCH = """\
bakeoff run first       the same, and keep its rounds
  bakeoff report --open   a page of what is kept{extra}
  bakeoff run ablation    six networks, in five minutes"""
WITHOUT_TORCH = """\
bakeoff compare --help  judge results that are there
  bakeoff run first       networks of digits, after
                          pip install 'bakeoff[torch]'"""
EXTRA = "\n                      (first: pip install 'bakeoff[report]')"
TOWNS, MOVES = 30, 5000


def first_look(*, open_page: bool) -> None:
    """Run the first study, of networks or, without torch, of two functions, and say what next."""
    from bakeoff.cli.console import notes_console, say
    from bakeoff.cli.options import PAGE, Work
    from bakeoff.cli.run import carry_out
    from bakeoff.training.studies import find_study

    torch = find_spec("torch") is not None
    study = find_study("first") if torch else tours()
    seconds = "about 30 s" if torch else "under 10 s"
    kept = f"the page in {PAGE} alone" if open_page else "nothing"
    say(notes_console(), study.question)
    say(
        notes_console(),
        f"{' and '.join(study.competitor_names)} are tried in {study.rounds} rounds each, which"
        f" takes {seconds} on two cores and keeps {kept}; Ctrl-C ends it.",
    )
    carry_out(study, Work(open_page=open_page), kept=False)
    there = find_spec("matplotlib") and find_spec("jinja2")
    more = WITH_TORCH.format(extra="" if there else EXTRA) if torch else WITHOUT_TORCH
    tell(NEXT.format(more=more), nl=False)


def tours() -> FunctionStudy:
    """Return the race that needs nothing but Python: two moves that shorten a round trip."""
    from bakeoff.study.function import FunctionStudy
    from bakeoff.study.metric import LOWER, Metric
    from bakeoff.study.spec import Competitor

    return FunctionStudy(
        "tours",
        "Which random move makes a round trip through 30 towns shorter: to swap two towns, or to"
        " turn a stretch of the trip round?",
        [Competitor(name, options={"move": name}) for name in ("swap", "reverse")],
        [("reverse", "swap")],
        rounds=20,
        metrics=[Metric("length", LOWER)],
        function="bakeoff.cli.first:tour_length",
        reuse=True,
    )


def tour_length(seed: int, move: str) -> float:
    """Return how long a random trip is after random moves, of which none makes it longer."""
    rng = random.Random(seed)  # noqa: S311
    tour = [(rng.random(), rng.random()) for _ in range(TOWNS)]
    for _ in range(MOVES):
        i, j = sorted(rng.sample(range(TOWNS), 2))
        other = tour.copy()
        if move == "swap":
            other[i], other[j] = tour[j], tour[i]
        else:
            other[i : j + 1] = reversed(tour[i : j + 1])
        tour = min(tour, other, key=_length)
    return _length(tour)


def _length(tour: list[tuple[float, float]]) -> float:
    """Return the way through all towns and back, to the same bits on any Python."""
    return fsum(dist(tour[i - 1], tour[i]) for i in range(len(tour)))
