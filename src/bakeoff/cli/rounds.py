"""`bakeoff rounds` and `merge`: the store's content, moved and removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import DEFAULT_STORE, Format, KeptStudy, StoreFile

if TYPE_CHECKING:
    from bakeoff.study.store.transfer import Carried

LAST_LINES = 50

rounds = typer.Typer(
    help="List, show or delete the rounds that the store holds.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@rounds.callback()
def first(context: typer.Context, *, store: StoreFile = DEFAULT_STORE) -> None:
    """List or delete the rounds that the store holds; without a command, list them.

    For example: bakeoff rounds list --format json
    """
    if context.invoked_subcommand is None:
        list_rounds(store=store)
    # What stands before the command holds for the command, unless it is told otherwise.
    context.default_map = {name: {"store": str(store)} for name in ("list", "show", "delete")}


@rounds.command("list")
def list_rounds(*, format: Format = "text", store: StoreFile = DEFAULT_STORE) -> None:
    """List the rounds of each competitor of each study.

    For example: bakeoff rounds list --format json
    """
    from bakeoff.cli.console import results_console
    from bakeoff.cli.tables import show_table
    from bakeoff.report.study_tables import rounds_table
    from bakeoff.study.store import Store

    with Store(store, read_only=True) as opened:
        cells = rounds_table(opened)
    if format == "json":
        from bakeoff.study.document import to_json

        tell(to_json({"rounds": cells.records()}), nl=False)
    else:
        show_table(results_console(), cells)


@rounds.command("show")
def show_round(
    competitor: Annotated[str, typer.Argument(metavar="COMPETITOR", help="Whose round.")],
    round_: Annotated[int, typer.Argument(metavar="ROUND", help="Which, counted from 0.")],
    *,
    study: KeptStudy = None,
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Show what one round left: its scores, why it failed, the last lines that it wrote.

    For example: bakeoff rounds show base 3
    """
    from bakeoff.errors import StudyError
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study, with_rounds=True)
        keys = {competitor: kept.keys[kept.study.competitor(competitor).name]}
        found = opened.results(keys, range(round_, round_ + 1))
    if not found:
        raise StudyError(f"{store}: holds no round {round_} of {competitor!r}")
    record = found[0]
    told = [f"{competitor}, round {round_}: {record.status} after {record.seconds:.2f} s"]
    if (seed := record.fact("seed")) is not None:
        told[0] += f", with the seed {seed}"
    told += [record.note] if record.note else []
    told += [f"{name}: {score:.10g}" for name, score in record.scores]
    for output in ("stdout", "stderr"):
        text = (record.attachment(output) or b"").decode("utf-8", "replace").rstrip()
        if text:
            told += [f"--- {output}, its last {LAST_LINES} lines at most"]
            told += text.splitlines()[-LAST_LINES:]
    tell("\n".join(told))


@rounds.command("delete")
def delete_rounds(
    competitor: Annotated[
        str, typer.Argument(metavar="COMPETITOR", help="Whose rounds to delete.")
    ],
    *,
    study: KeptStudy = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Delete a competitor's rounds, those trained by older sources too.

    Another study that trains the same network in the same way shares these rounds, and loses them.

    For example: bakeoff rounds delete model3 --yes
    """
    from bakeoff.errors import ArgumentError, visible
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept

    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study)
        name = kept.study.competitor(competitor).name
        keys = opened.all_keys(kept.identity, name)
        count = sum(len(opened.finished(key)) for key in keys)
    if not yes:
        question = f"delete {count} rounds of {name} in study {kept.study.name} from {store}"
        if not typer.get_text_stream("stdin").isatty():
            raise ArgumentError(f"rounds delete: would {question}; say --yes to do it")
        typer.confirm(visible(question), abort=True)
    with Store(store) as opened:
        count = opened.delete(keys)
    tell(f"deleted {count} rounds of {name}")


def merge(
    into: Annotated[Path, typer.Argument(metavar="A", help="The store that receives.")],
    source: Annotated[Path, typer.Argument(metavar="B", help="The store that gives.")],
) -> None:
    """Add to store A the rounds and studies of store B, which stays as it is.

    For example: bakeoff merge bakeoff.sqlite from-the-other-machine.sqlite
    """
    from bakeoff.study.store import Store
    from bakeoff.study.store.transfer import merge as merge_stores

    with Store(source, read_only=True) as giving, Store(into) as receiving:
        carried = merge_stores(receiving, giving)
    tell(_told(carried, into))


def _told(carried: Carried, into: Path) -> str:
    told = f"{carried.added} rounds added to {into}, {carried.known} were there already"
    if carried.different:
        told += (
            f"; {carried.different} were there with other results, as another kind of machine or "
            "version of torch gives, and stay as they were"
        )
    return told
