"""`bakeoff demo`: a page to draw digits on, and to watch a network learn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import DEFAULT_STORE, AnyStoreFile

if TYPE_CHECKING:
    from bakeoff.demo.networks import PairReader

DEFAULT_PORT = 8014


def demo(
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY",
            help="Whose networks answer too: its name or identity; by default, the one run last.",
        ),
    ] = None,
    *,
    port: Annotated[
        int, typer.Option(help="The port to listen on; 0 for any free one.")
    ] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open the page in a browser.")
    ] = False,
    store: AnyStoreFile = None,
) -> None:
    """Open a page: draw two digits and see which one the networks take for the larger.

    The networks are those that come with bakeoff and, where there is a store, those of a study's
    first round. On other tabs networks learn the disk while you change how they train, and two
    settings duel. The page is this machine's alone unless --host says otherwise; Ctrl-C stops it.

    For example: bakeoff demo ablation --port 9000
    """
    from bakeoff.cli.console import notes_console, say
    from bakeoff.demo import address_of, check_extra, open_port, serve

    check_extra()
    from bakeoff.demo.app import make_app
    from bakeoff.demo.sessions import Sessions

    bound = open_port(host, port)
    try:
        import torch

        torch.set_num_threads(1)
        notes = notes_console()
        networks, left_out = _networks(study, store)
        for sentence in left_out:
            say(notes, sentence)
        address, sessions = address_of(bound), Sessions()
        serve(
            bound,
            make_app(networks, sessions),
            named=host,
            opened="" if no_open else address,
            on_end=sessions.end_all,
            ready=lambda: tell(f"{address} - Ctrl-C stops it"),
        )
    finally:
        bound.close()


def _networks(study: str | None, store: Path | None) -> tuple[list[PairReader], list[str]]:
    """Return the networks that answer, a study's first, and why others are left out."""
    from bakeoff.demo.networks import shipped_networks, stored_networks
    from bakeoff.errors import StoreError, StudyError

    shipped = shipped_networks()
    asked_for = study is not None or store is not None
    if not asked_for and not DEFAULT_STORE.exists():
        return shipped, []
    try:
        stored, left_out = stored_networks(store or DEFAULT_STORE, study)
    except (StoreError, StudyError) as error:
        if asked_for:
            raise
        return shipped, [str(error)]
    return [*stored, *shipped], left_out
