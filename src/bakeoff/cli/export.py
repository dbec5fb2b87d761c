"""`bakeoff export`: one trained network in another tool's format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import DEFAULT_STORE, DataFolder, KeptStudy, StoreFile, one_of

if TYPE_CHECKING:
    from bakeoff.study.store import Store
    from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
    from bakeoff.training.weights import Weights


def export(
    competitor: Annotated[str, typer.Argument(metavar="COMPETITOR", help="Whose network it is.")],
    *,
    format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT",
            help="safetensors (weights), onnx, or torch (for torch.export.load, no code needed).",
            callback=one_of("safetensors", "onnx", "torch"),
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The network's file.")
    ],
    round_: Annotated[int, typer.Option("--round", metavar="K", help="Which round's network.")] = 0,
    study: KeptStudy = None,
    data: DataFolder = None,
    store: StoreFile = DEFAULT_STORE,
) -> None:
    """Write one trained network in a format that other tools read.

    The store keeps the weights of each competitor's first round; another round is trained again.

    For example: bakeoff export model2 --format onnx -o model2.onnx
    """
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.run_progress import tell_code
    from bakeoff.files import check_writable
    from bakeoff.study.store import Store
    from bakeoff.study.store.stored_study import find_kept
    from bakeoff.study.user_code import own_files
    from bakeoff.training.spec import networks_of

    check_writable(output)
    with Store(store, read_only=True) as opened:
        kept = find_kept(opened, study)
        networks = networks_of(kept.study, "export")
        whose = networks.network(competitor)
        tell_code(notes_console(), own_files(networks.only([competitor])))
        folder = None if data is None else str(data)
        weights = _weights(opened, kept.keys[competitor], networks, whose, round_, folder)
    _write(format, networks, whose, weights, output)
    tell(f"{output}: {competitor}, round {round_}, of study {kept.study.name}")


def _weights(
    opened: Store,
    key: str,
    study: NetworkStudy,
    competitor: NetworkCompetitor,
    round_: int,
    data_dir: str | None,
) -> Weights:
    """Return a round's weights, from the store if it has them."""
    from bakeoff.cli.console import notes_console, say
    from bakeoff.errors import StudyError
    from bakeoff.study.repeatability import refuse_difference
    from bakeoff.training.spec import trainer_of
    from bakeoff.training.weights import kept_weights, train_again

    standing = opened.results({competitor.name: key}, range(round_, round_ + 1))
    found = kept_weights(standing[0]) if standing else None
    if found is not None:
        return found
    notes = notes_console()
    say(notes, f"{competitor.name}: trains round {round_} again, whose weights are not kept")
    trainer = trainer_of(opened.training(key))
    weights = train_again(study, competitor, round_, trainer=trainer, data_dir=data_dir)
    if standing and weights.result is not None:
        try:
            refuse_difference(standing[0], weights.result)
        except StudyError:
            say(
                notes,
                f"{competitor.name}: round {round_} came out otherwise than the kept one, as other"
                " sources, data or another machine give; the file holds the new one",
            )
    return weights


def _write(
    format: str, study: NetworkStudy, competitor: NetworkCompetitor, weights: Weights, file: Path
) -> None:
    import torch
    from safetensors.torch import save

    from bakeoff.interop import export_onnx
    from bakeoff.interop.export import export_program
    from bakeoff.interop.safetensors import write_bytes
    from bakeoff.training.data_spec import form_of
    from bakeoff.training.weights import network_of

    if format == "safetensors":
        write_bytes(file, save(weights.state))
        return
    network = network_of(study, competitor, weights.state)
    examples = torch.zeros(2, *form_of(study.only([competitor.name]).parts[0]).shape)
    if format == "onnx":
        export_onnx(network, file, examples)
    else:
        export_program(network, file, examples)
