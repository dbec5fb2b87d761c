"""What a run says on stderr, and on its page: what it is about to do, and how far it is."""

from __future__ import annotations

import secrets
import shlex
import threading
from collections.abc import Mapping
from functools import partial
from html import escape
from itertools import chain
from pathlib import Path
from statistics import fmean
from time import monotonic, sleep
from typing import TYPE_CHECKING, Self

from attrs import evolve
from rich.console import Console

from bakeoff import demo
from bakeoff.cli.console import say
from bakeoff.cli.progress import Bar, Lines, RoundsDone, progress
from bakeoff.errors import BakeoffError, visible
from bakeoff.report.figures.style import SERIES
from bakeoff.statistics.dependence import Anytime
from bakeoff.statistics.shown import LEFT, RIGHT, WIDTH, place
from bakeoff.study.command import CommandStudy
from bakeoff.study.early_stopping import raced
from bakeoff.study.record import Record, Records
from bakeoff.study.results import Race, StudyResults
from bakeoff.study.run import Listener, Outcome, Prepare, RunOptions, run_study
from bakeoff.study.spec import Study
from bakeoff.study.workers import Pool
from bakeoff.system.ctrl_c import held_back
from bakeoff.training.trainers import TRAINERS

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from bakeoff.training.fit_check import Choice

HIDDEN = (
    "Intervals and verdicts are hidden until the planned rounds are done: looking early, and"
    " stopping when it looks good, breaks their test's promise (--until decided may be looked at)."
)
STATIC = Path(demo.__file__).with_name("static")
OWN = Path(demo.__file__).resolve().parents[1]  # code of bakeoff itself
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{name}</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css"><script type="module" src="/live.js"></script></head>
<body><main class="run" data-over="{over}"><p>{told}</p>{shown}</main></body></html>
"""


class Telling:
    """Listens to a run; used as a context manager, which takes the bar away in the end.

    Args:
        notes: where to tell.
        study: the study, or the part of it that is run.
        store: where rounds are kept; None if they are not.
        workers: how many rounds are trained at a time.
        commands: whether to tell the commands that are run.
    """

    def __init__(
        self,
        notes: Console,
        study: Study,
        store: Path | None,
        workers: int,
        *,
        commands: bool = False,
    ) -> None:
        self._notes, self._study, self._store, self._workers = notes, study, store, workers
        self._commands = commands
        self.done, self.records = RoundsDone(0), list[Record]()
        self._shown: Bar | Lines | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._shown.stop()
            self._shown = None

    def run(
        self,
        study: Study,
        options: RunOptions,
        pool: Pool,
        store: Path | None,
        prepare: Prepare | None = None,
    ) -> Outcome:
        """Run a study, telling of it, and stop the pool in the end; arguments as of `run_study`."""
        listener = self.listener()
        try:
            with self:
                return run_study(
                    study, options, store=store, pool=pool, listener=listener, prepare=prepare
                )
        finally:
            pool.stop()

    def listener(self) -> Listener:
        """Return the listener that a run is given."""
        return Listener(
            on_code=lambda files: tell_code(self._notes, files),
            on_choices=self._choices,
            on_start=self._start,
            on_results=self._results,
            on_waiting=lambda sentence: say(self._notes, f"{self._study.name}: {sentence}"),
            on_repeated=self._repeated,
            on_note=lambda sentence: say(self._notes, f"{self._study.name}: {sentence}"),
        )

    def sentence(self) -> str:
        """Return how far the run is, in words."""
        if self.done.total == 0:
            return "before any round began"
        return self.done.sentence() + (f", kept in {self._store}" if self._store else "")

    def _choices(self, choices: dict[str, Choice]) -> None:
        for name, choice in choices.items():
            say(self._notes, f"{name}: trained with {TRAINERS[choice.trainer]}, {choice.why}")

    def _start(self, total: int, standing: Records) -> None:
        if self._commands:
            tell_commands(self._notes, self._study)
        self.done = RoundsDone(total, standing)
        self.records += standing
        competitors = len(self._study.competitors)
        kept = f", {len(standing)} of them in {self._store}" if self._store else ""
        say(
            self._notes,
            f"{self._study.name}: {competitors} competitor{'s' * (competitors > 1)}, {total} "
            f"rounds in all{kept}",
        )
        self._show()

    def _show(self) -> None:
        if self.done.done < self.done.total:
            self._shown = progress(self._notes, self.done)
            self._shown.start()

    def _results(self, results: Records) -> None:
        if self._shown:
            self._shown.add(results)
        self.records += results

    def _repeated(self, results: Records) -> None:
        left = self.done.total - self.done.done
        minutes = left * results[0].seconds / self._workers / 60
        say(
            self._notes,
            f"pre-flight: {results[0].competitor} round {results[0].round} trained twice, the same "
            f"bit for bit; about {max(1, round(minutes))} min for {left} rounds",
        )


class Passes(Telling):
    """Listens to a search, pass after pass over its grid.

    Args:
        notes: where to tell.
        study: the study that is tuned.
        store: where rounds are kept.
        workers: how many rounds are trained at a time.
    """

    _passed: tuple[RoundsDone, ...] = ()

    def over(self, candidates: Study) -> Listener:
        """Return the listener of a pass over these candidates."""
        self.stop()
        self._study = candidates
        return Listener(
            on_code=lambda files: tell_code(self._notes, files),
            on_start=self._start,
            on_results=self._results,
            on_waiting=lambda sentence: say(self._notes, f"{candidates.name}: {sentence}"),
        )

    def sentence(self) -> str:
        """Return how far the search is, in words."""
        total = sum(done.total for done in self._passed)
        if total == 0:
            return "before any round began"
        done = sum(done.done for done in self._passed)
        return f"{done} of {total} rounds finished so far, kept in {self._store}"

    def _start(self, total: int, standing: Records) -> None:
        self.done = RoundsDone(total, standing)
        wider = "going further for all, " if self._passed else ""
        say(
            self._notes,
            f"{self._study.name}: {wider}{len(self._study.competitors)} settings, "
            f"{total} rounds in all, {len(standing)} of them in {self._store}",
        )
        self._passed = (*self._passed, self.done)
        self._show()


class RunPage:
    """A run's page, served to this machine until `close`, if the extra `live` is installed.

    Before it has ended it hides verdicts, unless they are by a test that may be looked at.
    """

    def __init__(self, telling: Telling, study: Study, options: RunOptions, *, opens: bool) -> None:
        demo.check_extra("live")
        self._telling, self._study, self._options = telling, study, options
        self._made, self._seconds, self._final = (0, ""), 0.0, ""  # of so many rounds, in so long
        self._lock, self._over, self._stop = threading.Lock(), threading.Event(), threading.Event()
        self._bound = demo.open_port("127.0.0.1", 0)
        path = f"/{secrets.token_urlsafe(12)}/"  # which other users of this machine cannot guess
        address = demo.address_of(self._bound)[:-1] + path
        opened, app = address if opens else "", self._app(path)
        serve = partial(demo.serve, self._bound, app, opened=opened, stop=self._stop)
        self._thread = threading.Thread(target=serve, daemon=True)
        with held_back():  # Ctrl-C is for the main thread
            self._thread.start()
        say(telling._notes, f"{study.name}: {address} shows how it goes")

    def finish(self, outcome: Outcome, notes: tuple[str, ...]) -> None:
        """Show what came out, from now on."""
        results = evolve(outcome.results, study=outcome.judged)
        self._final = self._shown(results, self._options.anytime, notes)

    def close(self) -> None:
        """Stop the server, when pages that are open have seen the end."""
        with self._lock:
            self._over.set()
        sleep(0.3)
        self._stop.set()
        self._thread.join()
        self._bound.close()

    def _app(self, path: str) -> ASGIApp:
        from starlette.applications import Starlette
        from starlette.responses import FileResponse, HTMLResponse
        from starlette.routing import Route

        def page(request: Request) -> Response:  # in a thread of its own
            if request.url.query:  # who has the page can wait, so that the run has its time
                self._over.wait(max(1.0, 5 * self._seconds))
            return HTMLResponse(self._page())

        files = (Route(f"/{n}", FileResponse(STATIC / n)) for n in ("live.js", "style.css"))
        return Starlette(routes=[Route(path, page), *files])

    def _page(self) -> str:
        left = "" if self._final else self._telling.done.time_left()
        told = ", ".join(filter(None, (self._telling.sentence(), left)))
        with self._lock:
            records, began = tuple(self._telling.records), monotonic()
            if len(records) > self._made[0] and not self._final:
                try:
                    self._made = len(records), self._so_far(records)
                except BakeoffError as error:
                    self._made = len(records), escape(str(error))
                self._seconds = monotonic() - began
            over, shown = "over" * self._over.is_set(), self._final or self._made[1]
        name, told = escape(self._study.name), escape(told)
        return visible(PAGE.format(name=name, over=over, told=told, shown=shown), lines=True)

    def _so_far(self, records: Records) -> str:
        o = self._options
        race = Race(o.rounds or range(0), o.margin, o.careful) if o.until_decided else None
        results = raced(StudyResults.of_rounds(self._study, records, race=race))
        hidden = "" if race or o.careful else HIDDEN
        return self._shown(results, o.anytime or True, hidden=hidden)

    def _shown(
        self, results: StudyResults, anytime: Anytime, notes: tuple[str, ...] = (), hidden: str = ""
    ) -> str:
        from bakeoff.study.notebook import results_html
        from bakeoff.study.verdicts import divergence_notes, judge

        verdicts = judge(results, margin=self._options.margin, anytime=anytime)
        told = (*divergence_notes(results), *verdicts.notes, *notes)
        shown = results_html(results, evolve(verdicts, notes=told), hidden=hidden)
        shown += curves_svg(results)
        # The server lets its pages take style from its style sheet alone.
        return shown.replace(f'style="{LEFT}"', "").replace(f'style="{RIGHT}"', 'class="right"')


def curves_svg(results: StudyResults) -> str:
    """Return each competitor's mean curve over its finished rounds; "" where there is none."""
    metric, study = results.metric, results.study
    lines = dict[str, list[tuple[int, float]]]()
    for name in study.competitor_names:
        curves = [r.curve(metric.score) for r in results.of(name) if r.finished]
        means = [fmean(values) for values in zip(*curves, strict=False)]
        if len(means) > 1:
            at = study.positions(name, metric.score, len(means))
            lines[name] = list(zip(at, means, strict=True))
    ends = [(min(v), max(v)) for v in zip(*chain(*lines.values()), strict=True)]
    if not ends:
        return ""
    (first, last), (low, high) = ends
    drawn = ""
    for i, (name, line) in enumerate(lines.items()):
        points = " ".join(f"{place(x, ends[0])},{place(low + high - y, ends[1])}" for x, y in line)
        colour, y = SERIES[i % len(SERIES)], 18 * (i + 1)
        drawn += f'<g fill="none" stroke="{colour}" stroke-width="2"><polyline points="{points}"/>'
        drawn += f'<path d="M{WIDTH + 8} {y - 4}h16"/></g><text x="{WIDTH + 30}" y="{y}"'
        drawn += f' fill="currentColor">{escape(name)}</text>'
    told = f"{metric.title} in epochs {first} to {last}, the mean of finished rounds, from"
    told = escape(f"{told} {metric.show(low)} to {metric.show(high)}")
    size = f'width="640" height="{max(WIDTH, 18 * len(lines) + 10)}"'
    return f'<p>{told}</p><svg {size} role="img" aria-label="{told}">{drawn}</svg>'


def tell_code(notes: Console, files: Mapping[str, Path]) -> None:
    """Say whose code a study is about to run, if it is not bakeoff's own."""
    for name, path in files.items():
        if OWN not in path.resolve().parents:
            say(notes, f"{name}: runs the Python code of {path}")


def tell_commands(notes: Console, study: Study) -> None:
    """Say which commands a study, perhaps somebody else's, is about to run."""
    if isinstance(study, CommandStudy):
        for line in dict.fromkeys(map(study.line_of, study.competitors)):
            words = line if isinstance(line, str) else shlex.join(line)
            say(notes, f"{study.name}: runs the command {words}")
