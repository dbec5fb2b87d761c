"""The commands, put together."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bakeoff.cli import tell
from bakeoff.cli.compare import compare
from bakeoff.cli.data import data
from bakeoff.cli.demo import demo
from bakeoff.cli.disk import disk
from bakeoff.cli.export import export
from bakeoff.cli.first import first_look
from bakeoff.cli.options import Open, refuse_given
from bakeoff.cli.plan import noise, plan, register
from bakeoff.cli.race import race
from bakeoff.cli.report import report
from bakeoff.cli.rounds import merge, rounds
from bakeoff.cli.run import run
from bakeoff.cli.show import cite, show
from bakeoff.cli.studies import init, studies
from bakeoff.cli.tune import tune

# Every error about the arguments themselves; typer's releases differ in where it is defined.
UsageError: Any = typer.BadParameter.__mro__[2]
Abort = typer.Abort

EXIT_CODES = (
    "Exit codes: 0 done; 2 a mistake in the command or in a file, told in one sentence; "
    "130 stopped by Ctrl-C."
)

app = typer.Typer(
    help="Does this change to a small network help, how much, and how sure is that?",
    epilog=EXIT_CODES,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(asked: bool) -> None:
    if asked:
        from bakeoff.study.machine import this_machine

        tell(f"bakeoff {this_machine().bakeoff}")
        raise typer.Exit


@app.callback()
def first(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, help="Tell the version and end.")
    ] = False,
    open_page: Open = False,
) -> None:
    """Run a first look when no command is given; an option of its own goes with no command."""
    if context.invoked_subcommand is None:
        first_look(open_page=open_page)
    else:
        own = "; run, race and report have one of their own"
        refuse_given("bakeoff alone", {"--open": open_page}, hint=own)


COMMANDS = (
    (race, "race", "Run commands with the same seeds and say which is better."),
    (run, "run", "Train what is missing of a study and give its verdicts."),
    (show, "show", "Show a study's kept rounds, in any of five formats."),
    (report, "report", "Write a page of a study's results, with figures and tables."),
    (compare, "compare", "Compare two kept competitors, or a CSV of any numbers."),
    (plan, "plan", "Tell how many rounds and minutes a question takes."),
    (noise, "noise", "Tell where the noise of a study's rounds comes from."),
    (register, "register", "Write down what a study is to answer, before its rounds."),
    (tune, "tune", "Choose each competitor's step size fairly, on training images."),
    (studies, "studies", "List the studies that can be run, and those that were."),
    (init, "init", "Write a commented study file to begin with."),
    (data, "data", "Show pairs of digits as a study draws them, and how often each occurs."),
    (demo, "demo", "Open a page to draw digits on and to watch a network learn."),
    (merge, "merge", "Add the rounds of one store to another."),
    (cite, "cite", "Write the references that --methods cites, as BibTeX."),
    (export, "export", "Write a trained network for other tools."),
)
for command, name, title in COMMANDS:
    app.command(name, short_help=title, epilog=EXIT_CODES)(command)
app.add_typer(rounds, name="rounds", epilog=EXIT_CODES)
app.add_typer(disk, name="disk", epilog=EXIT_CODES)
