"""`bakeoff studies` lists what can be run and what was; `bakeoff init` begins a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import AnyStoreFile, Format, store_if_any


def studies(*, format: Format = "text", store: AnyStoreFile = None) -> None:
    """List the studies that come with bakeoff, and those that the store holds.

    For example: bakeoff studies --store other.sqlite
    """
    from bakeoff.cli.console import results_console, say
    from bakeoff.cli.tables import show_table
    from bakeoff.report.study_tables import studies_table
    from bakeoff.study.store import Store
    from bakeoff.training.studies import STUDIES

    if format == "json":
        tell(_as_json(store_if_any(store)), nl=False)
        return
    console = results_console()
    cells = None
    store = store_if_any(store)
    if store is not None:
        with Store(store, read_only=True) as opened:
            cells = studies_table(opened)
    for study in STUDIES.values():
        say(console, f"{study.name}: {study.question}")
        say(console, f"    {', '.join(study.competitor_names)}; {study.rounds} rounds planned")
    if cells is not None:
        console.print()
        say(console, f"In {store}, the last one run first:")
        console.print()
        show_table(console, cells)


def _as_json(store: Path | None) -> str:
    from bakeoff.study.document import to_json
    from bakeoff.training.studies import STUDIES

    shipped = [
        {
            "study": study.name,
            "question": study.question,
            "competitors": list(study.competitor_names),
            "rounds": study.rounds,
        }
        for study in STUDIES.values()
    ]
    return to_json({"shipped": shipped, "kept": _kept(store) if store is not None else []})


def _kept(store: Path) -> list[dict[str, object]]:
    """Return the studies in a store, the last one run first; `planned` is null without a plan."""
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import rounds_shown

    with Store(store, read_only=True) as opened:
        return [
            {
                "study": kept.study.name,
                "identity": kept.identity,
                "last_run": kept.last_run,
                "seed": kept.study.seed,
                "competitors": list(kept.study.competitor_names),
                "rounds": rounds_shown(opened, kept),
                "planned": len(kept.planned) if kept.planned else None,
            }
            for kept in opened.studies()
        ]


def init(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")
    ] = Path("study.toml"),
) -> None:
    """Write a commented study file to begin with.

    For example: bakeoff init mine.toml, and then bakeoff run mine.toml
    """
    from bakeoff.errors import ArgumentError
    from bakeoff.files import check_writable, write_whole
    from bakeoff.study.checks import NAME_FORM, is_name
    from bakeoff.training.files import TEMPLATE

    if file.suffix != ".toml" or not is_name(file.stem):
        raise ArgumentError(f"init: got {file}, expected {NAME_FORM}, ending in .toml")
    if file.exists():
        raise ArgumentError(f"init: {file} exists already, expected a new file")
    check_writable(file)
    write_whole(file, TEMPLATE.format(name=file.stem))
    tell(f"wrote {file}; run it with: bakeoff run {file}")
