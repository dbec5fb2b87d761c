"""`bakeoff plan`: how many rounds a question takes; `bakeoff noise`: where their spread is from."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import (
    DEFAULT_STORE,
    AnyFormat,
    AnyStoreFile,
    DataFolder,
    Epochs,
    Format,
    Margin,
    Recipe,
    Seed,
    StoreFile,
    StudyName,
    Work,
    Workers,
    chosen_study,
    fraction,
    store_if_any,
)

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.statistics.units import Unit
    from bakeoff.study.planning import Needed, Spread
    from bakeoff.study.results import StudyResults
    from bakeoff.study.run import Outcome, RunOptions
    from bakeoff.study.spec import Study
    from bakeoff.study.store import StoredStudy


def plan(
    study: StudyName = "ablation",
    *,
    difference: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            help="The true difference that you want to find, in points, where 1 is the default, or"
            " the metric's unit.",
        ),
    ] = None,
    std: Annotated[
        float | None,
        typer.Option(
            metavar="POINTS",
            help="Standard deviation of a round's paired difference; by default, that of the kept"
            " rounds, or else 2.",
        ),
    ] = None,
    power: Annotated[
        float, typer.Option(metavar="SHARE", help="The chance of finding it, 0.8 for 4 in 5.")
    ] = 0.8,
    epochs: Epochs = None,
    seed: Seed = None,
    recipe: Recipe = None,
    workers: Workers = None,
    format: Format = "text",
    store: AnyStoreFile = None,
) -> None:
    """Tell how many rounds a study takes to find a difference, and about how long that is.

    The rounds are counted for the test that will judge them. Of a study that was run before the
    rounds are a pilot, which tells the spread: other rounds, by another seed, are then planned.
    Where the store knows no seconds, one short round of each competitor is timed; nothing is kept.

    For example: bakeoff plan ablation --difference 1
    """
    from bakeoff.cli.console import notes_console, results_console, say
    from bakeoff.cli.run_progress import tell_code, tell_commands
    from bakeoff.statistics.units import count
    from bakeoff.study.planning import Spread, rounds_needed, seconds_a_round, seen_spread
    from bakeoff.study.user_code import own_files
    from bakeoff.study.workers import LocalPool

    given_store, store = store, store_if_any(store)
    chosen = chosen_study(study, store, recipe=recipe, epochs=epochs, seed=seed)
    tell_code(notes_console(), own_files(chosen))
    tell_commands(notes_console(), chosen)
    pool = LocalPool(workers)  # idle where all rounds that tell the time are kept
    results, kept, unseen = _kept(chosen, store)
    spread = seen_spread(results)  # which refuses rounds that are not independent
    metric = results.metric
    known = metric.unit == "points" or chosen.kind == "network"
    wanted = _in_unit("--difference", 1.0 if known else None, difference, chosen)
    if std is not None or not (spread.question or known):
        spread = Spread(_in_unit("--std", None, std, chosen))
    # Before any timing, so that a mistake costs nothing.
    needed = rounds_needed(chosen, wanted, spread, power=power, kept=kept)
    seconds = needed.rounds * seconds_a_round(chosen, results, pool=pool) / pool.workers
    options = {
        "--recipe": recipe,
        "--epochs": epochs,
        "--seed": unseen if needed.fresh else seed,
        "--first-round": needed.first or None,
        "--rounds": needed.rounds,
        "--workers": workers,
        "--store": given_store,
    }
    given = [w for option, value in options.items() if value is not None for w in (option, value)]
    command = shlex.join(map(str, ["bakeoff", "run", study, *given])) * chosen.makes_rounds
    if format == "json":
        from bakeoff.study.document import to_json

        told = {
            "study": chosen.name,
            "rounds": needed.rounds,
            "range": needed.range,
            "going_on": needed.going_on,
            "difference": wanted,
            "power": power,
            "std": spread.std,
            "comparisons": needed.comparisons,
            "test": "anytime-valid" if needed.anytime else "sign-flip",
            "seconds": seconds,
            "workers": pool.workers,
            "command": command,
        }
        tell(to_json(told), nl=False)
        return
    low, high = needed.range
    say(
        results_console(),
        f"{chosen.name}: {needed.rounds} rounds find a true difference of"
        f" {metric.shown.plain(wanted)} in "
        f"{100 * power:g} of 100 studies, over {count(needed.comparisons, 'question')} at Holm's "
        f"first step, {_test(needed, chosen)}; {_origin(spread, std, metric.shown)}."
        + f" At the ends of its 80 % interval {low} to {high} would do." * (low < high)
        + f" That is about {_minutes(seconds)} on {count(pool.workers, 'worker')}:" * bool(command),
    )
    if command:
        tell(command)


def register(
    study: StudyName,
    *,
    rounds: Annotated[
        int | None, typer.Option(help="Rounds to plan instead of the study's.")
    ] = None,
    margin: Margin = None,
    seed: Seed = None,
    data: DataFolder = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="To write; NAME.plan.toml by default.")
    ] = None,
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Write down what a study is to answer, and on which rounds, before they are made.

    The file holds the study, and the store the plan: later verdicts say whether they follow it, or
    where they left it. A plan is registered once.

    For example: bakeoff register race.toml --rounds 40 --margin 1
    """
    import attrs

    from bakeoff.cli.console import notes_console
    from bakeoff.cli.run_progress import tell_code, tell_commands
    from bakeoff.errors import ArgumentError
    from bakeoff.files import check_writable, write_whole
    from bakeoff.study.run import Listener, RunOptions, rounds_to_train
    from bakeoff.study.store import Store
    from bakeoff.study.user_code import own_files

    chosen = chosen_study(study, store, seed=seed)
    asked, smallest = rounds_to_train(chosen, 0, rounds), fraction(margin, chosen)
    chosen = attrs.evolve(chosen, rounds=len(asked))
    file = out or Path(f"{chosen.name}.plan.toml")
    if file.exists():
        raise ArgumentError(f"register: {file} exists already, expected a new file, as --out names")
    check_writable(file)
    tell_code(notes_console(), own_files(chosen))
    tell_commands(notes_console(), chosen)
    options = RunOptions(data_dir=None if data is None else str(data))
    made = type(chosen).prepare(chosen, options, Listener())
    keys = {name: experiment.key for name, experiment in made.items()}
    with Store(store) as opened:
        plan = opened.register(chosen, keys, asked, smallest)
    write_whole(file, plan.to_toml(chosen.judging().metric.shown))
    tell(f"wrote {file}; later verdicts of {chosen.name} tell whether they follow it")


def _kept(study: Study, store: Path | None) -> tuple[StudyResults, StoredStudy | None, int | None]:
    """Return the rounds that the store holds of a study, the study as kept, and an unseen seed."""
    import attrs

    from bakeoff.study.results import StudyResults
    from bakeoff.study.store import Store, identity_of
    from bakeoff.study.store.stored_study import results_of

    if store is not None:
        with Store(store, read_only=True) as opened:
            for kept in opened.studies(identity_of(study)):
                results, seed = attrs.evolve(results_of(opened, kept), study=study), study.seed + 1
                while opened.studies(identity_of(attrs.evolve(study, seed=seed))):
                    seed += 1
                return results, kept if results.results else None, seed
    return StudyResults(study, (), study.judging()), None, None


def _test(needed: Needed, study: Study) -> str:
    if needed.anytime:
        return "by the anytime-valid test, as rounds that were looked at are among them"
    if not needed.fresh:
        return "by the sign-flip test"
    others = "of another --seed" * study.makes_rounds or "of others"
    return (
        f"by the sign-flip test; they are {others}, as those that stand are a pilot and stay out"
        + f" (with them it takes {needed.going_on} in all, by the anytime-valid test)"
        * (needed.going_on is not None)
    )


def _in_unit(option: str, usual: float | None, given: float | None, study: Study) -> float:
    """Return what an option says, as the analysis takes it."""
    from bakeoff.errors import ArgumentError

    found = fraction(usual if given is None else given, study, option.removeprefix("--"))
    if found is None:
        raise ArgumentError(
            f"{option}: is missing, expected a number in the unit of"
            f" {study.judging().metric.name!r}, as nothing is known of its size"
        )
    return found


def _origin(spread: Spread, given: float | None, unit: Unit) -> str:
    told = f"a round's difference has a standard deviation of {_shown(spread.std, unit)}"
    if given is not None:
        return f"{told}, as given"
    if not spread.question:
        return f"{told}, an assumption: --std or some kept rounds would tell better"
    return (
        f"{told} at most, as {spread.rounds} rounds of {spread.question} tell with 80 % confidence"
        f" ({_shown(spread.seen, unit).removesuffix(' points')} in them)"
    )


def _shown(std: float, unit: Unit) -> str:
    """Return a standard deviation in a unit, with two digits."""
    from bakeoff.statistics.units import Ratio

    if isinstance(unit, Ratio):
        return unit.plain(std)
    return f"{std * unit.scale:.2g}{unit.name and ' ' + unit.name}"


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min" if seconds >= 90 else f"{max(1, round(seconds))} s"


# ---- where the noise comes from ------------------------------------------------------------------


def noise(
    study: StudyName = "ablation",
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Look at this competitor alone (repeatable)."),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Redraw this source of chance (repeatable), by default each there is: of networks"
            " data, init, order, augment, dropout, of commands what they have a {seed.NAME} for.",
        ),
    ] = None,
    worlds: Annotated[int, typer.Option(help="Draws of all that is held.")] = 5,
    redraws: Annotated[int, typer.Option(help="Rounds in each, which redraw one source.")] = 6,
    epochs: Epochs = None,
    seed: Seed = None,
    workers: Workers = None,
    format: AnyFormat = "text",
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Redraw one source of chance at a time, hold the others, and say what each brings.

    Told are the standard deviation that each source brings to a round and to each declared
    difference, its share of the variance, and what that says about how to spend rounds. Ordinary
    rounds, which redraw everything, are shared with bakeoff run; all are kept, as there.

    For example: bakeoff noise ablation --only model1 --only model2 --epochs 5
    """
    from bakeoff.cli.run import carry_out
    from bakeoff.study.noise import noise_study

    chosen = chosen_study(study, epochs=epochs, seed=seed)
    chosen = chosen.only(only) if only else chosen
    carry_out(
        noise_study(chosen, source or (), worlds=worlds, redraws=redraws),
        Work(workers=workers, store=store),
        tells_commands=True,
        show=partial(_show, format=format),
    )


def _show(
    console: Console, study: Study, outcome: Outcome, options: RunOptions, format: str
) -> None:
    from bakeoff.cli.console import say
    from bakeoff.cli.tables import show_table
    from bakeoff.report.study_tables import noise_table
    from bakeoff.study.document import to_json
    from bakeoff.study.noise import advice

    table, told = noise_table(outcome.results), advice(outcome.results)
    if format == "text":
        show_table(console, table)
        console.print()
        for sentence in (*told, f"As a page with a figure: bakeoff report {study.name}"):
            say(console, sentence)
    elif format == "json":
        about = {"study": study.name, "seed": study.seed, "versions": study.machine().versions()}
        about |= {"rounds": study.rounds, "redraws": study.competitors[-1].world}
        tell(to_json({**about, "noise": table.records(), "advice": told}), nl=False)
    elif format == "csv":
        tell(table.csv(), nl=False)
    else:
        tell("\n".join(table.markdown() if format == "markdown" else table.latex()))
