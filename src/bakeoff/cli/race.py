"""`bakeoff race`: commands that take a seed compete, with no file at all."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli.options import Vary, Work, grid_of, takes_groups, words_of

if TYPE_CHECKING:
    from bakeoff.study.metric import Metric
    from bakeoff.study.spec import Competitor

NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.+-]*)=(.+)", re.DOTALL)


@takes_groups
def race(
    commands: Annotated[
        list[str],
        typer.Argument(
            metavar="COMMAND...",
            help="A command with {seed}, and each NAME of --vary, in braces; or several, each as"
            " NAME=COMMAND. The first, or the first cell, is the baseline.",
        ),
    ],
    *,
    vary: Vary = None,
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A data set to fill in for {task}; give it for each."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC",
            help="A name that the command prints or writes; a pattern whose group is the number;"
            " NAME=SOURCE; or seconds. More than one: the first decides.",
        ),
    ] = None,
    lower_is_better: Annotated[
        bool, typer.Option("--lower-is-better", help="For losses and errors.")
    ] = False,
    points: Annotated[
        bool, typer.Option("--points", help="The metric is a fraction: tell points.")
    ] = False,
    take: Annotated[
        str, typer.Option(metavar="WHICH", help="Of several numbers: last, min, max or mean:N.")
    ] = "",
    work: Work,
    gpus: Annotated[
        str | None,
        typer.Option(metavar="0,1", help="Deal CUDA_VISIBLE_DEVICES out to the workers."),
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(metavar="TIME", help='Limit of a round, such as "30 min".')
    ] = None,
    failed: Annotated[
        str, typer.Option(metavar="RULE", help="A failed round: worst, a number, or stop.")
    ] = "worst",
    watch: Annotated[
        list[str] | None,
        typer.Option(metavar="FILES", help="Other files that shape the result, with * and ?."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another race's rounds.")] = 0,
    seeds: Annotated[
        str | None, typer.Option(metavar="1,7,42", help="The seeds themselves, one a round.")
    ] = None,
    name: Annotated[str, typer.Option(metavar="NAME", help="What the store calls it.")] = "race",
) -> None:
    """Run commands with the same seeds, round by round, and say which is better, and how surely.

    Nothing is run twice: what stands in the store stays. A command that fails is an outcome.

    For example: bakeoff race a='./train --seed {seed}' b='./train --seed {seed} --aux'
    --metric loss --lower-is-better --rounds 20
    """
    from bakeoff.cli.run import carry_out
    from bakeoff.errors import ArgumentError
    from bakeoff.statistics.contrast import on_task
    from bakeoff.study.command import Command, CommandStudy
    from bakeoff.study.spec import Competitor

    if not metric:
        raise ArgumentError(
            "--metric: is missing, expected what to judge by: a name that the commands print, such"
            " as --metric accuracy, a pattern with a group, or seconds"
        )
    metrics = [_metric(text, lower_is_better, take, points) for text in metric]
    if gpus and work.cluster:
        raise ArgumentError("--gpus: goes with workers of this machine, not with --cluster")
    competitors, run = _competitors(commands, vary or [])
    names = [competitor.name for competitor in competitors]
    pairs = [(other, names[0]) for other in names[1:]]
    if task:
        pairs = [(on_task(a, t), on_task(b, t)) for t in task for a, b in pairs]
        competitors = [
            Competitor(on_task(c.name, t), options={**dict(c.options), "task": t})
            for t in task
            for c in competitors
        ]
    listed = [] if seeds is None else _seeds(seeds)
    study = CommandStudy(
        name,
        "Which command is better?",
        competitors,
        pairs,
        rounds=work.rounds or work.max_rounds or len(listed) or 30,
        seed=seed,
        seeds=listed,
        metrics=metrics,
        command=Command(
            run,
            timeout,
            tuple(watch or ()),
            {} if gpus is None else {"CUDA_VISIBLE_DEVICES": _listed("--gpus", gpus)},
            _number_or_word(failed),
        ),
    )
    carry_out(study, work)


def _seeds(text: str) -> list[int]:
    from bakeoff.errors import ArgumentError

    found = words_of(text)
    if not all(word.isdecimal() and len(word) < 20 for word in found):
        raise ArgumentError(f"--seeds: got {text!r}, expected whole numbers such as 1,7,42")
    return [int(word) for word in found]


def _number_or_word(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _metric(text: str, lower_is_better: bool, take: str, points: bool) -> Metric:
    """Return the metric that a word on the command line means."""
    from bakeoff.study.metric import HIGHER, LOWER, RATIO, SECONDS_METRIC, Metric

    if text == SECONDS_METRIC.name:
        return Metric(text, LOWER, RATIO)
    name, source = text, ""
    if (found := NAMED.fullmatch(text)) and found[2].partition(":")[0] in SOURCES:
        name, source = found[1], found[2]
    elif "(" in text:
        words = re.match(r"\W*([A-Za-z][\w .-]*)", text)
        name, source = (words[1].strip() if words else "metric"), f"regex:{text}"
    return Metric(
        name,
        LOWER if lower_is_better else HIGHER,
        "points" if points else "plain",
        source=source,
        take=take,
    )


SOURCES = ("json", "file", "csv", "regex")


def _competitors(commands: list[str], vary: list[str]) -> tuple[list[Competitor], str]:
    """Return who competes, by some commands or by all that varies in one, and the command."""
    from bakeoff.study.command import RUN
    from bakeoff.study.spec import Competitor

    if not vary:
        named = [_named(text, i) for i, text in enumerate(commands)]
        return [Competitor(n, options={RUN: line}) for n, line in named], named[0][1]
    competitors = [
        Competitor(
            "+".join(f"{n}-{re.sub('[^A-Za-z0-9_.+-]', '_', v)}" for n, v in chosen),
            options=dict(chosen),
        )
        for chosen in product(*([(n, v) for v in vs] for n, vs in grid_of(vary).items()))
    ]
    return competitors, _alone(commands)


def _alone(commands: list[str]) -> str:
    from bakeoff.errors import ArgumentError

    if len(commands) > 1:
        raise ArgumentError(
            f"--vary: got {len(commands)} commands with it, expected one, in which it is filled in"
        )
    return commands[0]


def _named(text: str, place: int) -> tuple[str, str]:
    found = NAMED.fullmatch(text)
    return (found[1], found[2]) if found else (f"command{place + 1}", text)


def _listed(option: str, text: str) -> list[str]:
    from bakeoff.errors import ArgumentError

    found = words_of(text)
    if not all(found):
        raise ArgumentError(f"{option}: got {text!r}, expected A,B with a value or more")
    return found
