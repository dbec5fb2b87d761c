"""`bakeoff disk`: the paper's network on the paper's disk, trained, tested and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import DEFAULT_STORE, Epochs, Seed, StoreFile, Work, chosen_study

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.neural_network import NeuralNetwork
    from bakeoff.study.run import Outcome, RunOptions
    from bakeoff.study.spec import Study
    from bakeoff.training.spec import NetworkStudy

disk = typer.Typer(
    help="Tell the inside of a disk from the outside with the paper's network, 2-25-25-25-1.",
    rich_markup_mode=None,
)


@disk.callback(invoke_without_command=True)
def first(context: typer.Context) -> None:
    """Say which commands there are when none is given."""
    if context.invoked_subcommand is None:
        tell(context.get_help())


DEFAULT_NAME = "disk"
STUDIED = "tanh"
"""The competitor of the study disk that is the paper's network."""
Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The saved model models/NAME.safetensors; else models/disk.safetensors or, where"
        " there is none, the one that comes with bakeoff.",
    ),
]


@disk.command()
def train(
    *,
    rounds: Annotated[
        int, typer.Option(help="Rounds, each with points and first weights of its own.")
    ] = 1,
    epochs: Epochs = None,
    seed: Seed = None,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Save as models/NAME.safetensors.")
    ] = DEFAULT_NAME,
    store: StoreFile = DEFAULT_STORE,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rounds to this file too.")
    ] = None,
) -> None:
    """Train the network of the study disk, tell its errors, save it.

    A round draws 1,000 points to train on and 1,000 others to test on. Rounds are kept in the
    store, as bakeoff run disk keeps them; the first one's network is saved.

    For example: bakeoff disk train --rounds 30
    """
    from bakeoff.cli.run import carry_out
    from bakeoff.files import check_writable
    from bakeoff.interop import model_path
    from bakeoff.training.spec import networks_of

    file = model_path(name)
    check_writable(file if file.parent.exists() else Path(file.name))
    study = networks_of(chosen_study("disk", epochs=epochs, seed=seed), "disk train")
    work = Work(rounds=rounds, store=store, json=json)
    outcome = carry_out(study, work, only=(STUDIED,), show=_tell_errors)
    tell(f"saved {_first_network(study, outcome).save(name)}")


def _tell_errors(console: Console, study: Study, outcome: Outcome, options: RunOptions) -> None:
    """Tell the shares of points on the wrong side; of training points within the last epoch."""
    from bakeoff.report.study_tables import spread
    from bakeoff.statistics.describe import describe

    records = [r for r in outcome.results.of(STUDIED) if r.round in (options.rounds or ())]
    for kind in ("train", "test"):
        errors = [1 - record.score(f"{kind}_accuracy") for record in records]
        tell(f"{kind} error: {spread(describe(errors), 100.0, 2, ' %')}")


def _first_network(study: NetworkStudy, outcome: Outcome) -> NeuralNetwork:
    """Return the first round's network, which takes raw points.

    Raises:
        StudyError: if the round diverged.
    """
    from bakeoff.errors import StudyError
    from bakeoff.models import MLP
    from bakeoff.models.disk import fold_standardiser
    from bakeoff.neural_network import NeuralNetwork
    from bakeoff.training.round_data import round_data, standardiser
    from bakeoff.training.weights import kept_weights

    competitor, record = study.network(STUDIED), outcome.results.of(STUDIED)[0]
    weights = kept_weights(record)
    if weights is None:
        raise StudyError(f"disk: round 0 {record.note}, expected a network to save")
    trained = MLP(2, 1)
    trained.load_state_dict(weights.state)
    fold_standardiser(trained.layers[0], standardiser(round_data(study, 0, False, None)))
    network = NeuralNetwork(*trained.layers, seed=study.seed)
    network.epochs = competitor.recipe.epochs
    return network


@disk.command("test")
def check(
    *,
    name: Name = None,
    points: Annotated[int, typer.Option(help="Fresh points to draw.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Seed of the fresh points.")] = 0,
) -> None:
    """Tell a trained network's accuracy on fresh points.

    For example: bakeoff disk test --points 100000
    """
    from bakeoff.data import fresh_points

    network, told = _load(name)
    accuracy = network.accuracy(*fresh_points(points, seed=seed))
    tell(f"{told}: accuracy {100 * accuracy:.2f} % on {points:,} fresh points")


@disk.command()
def plot(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The picture to write: .pdf, .svg, .pgf or .png.")
    ] = Path("disk.png"),
    *,
    name: Name = None,
    points: Annotated[int, typer.Option(help="Fresh points to draw.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the fresh points.")] = 0,
) -> None:
    """Draw a trained network's boundary and its errors.

    For example: bakeoff disk plot disk.svg
    """
    import torch

    from bakeoff.data import fresh_points
    from bakeoff.data.disk import CENTRE, RADIUS
    from bakeoff.report.figures.disk import draw_disk, grid
    from bakeoff.report.figures.style import check_file, drawing, write_figure

    check_file(file)
    network, told = _load(name)
    drawn, inside = fresh_points(points, seed=seed)
    network.accuracy(drawn, inside)  # a network of other inputs or outputs says so here
    field, said = (network.predict(x).flatten() for x in (torch.from_numpy(grid()), drawn))
    arrays = drawn.numpy(), (inside.flatten() == 1).numpy(), (said >= 0.5).numpy()
    with drawing():
        write_figure(draw_disk(field.numpy(), (*CENTRE, RADIUS), *arrays), file)
    tell(f"{told}: drawn in {file}")


def _load(name: str | None) -> tuple[NeuralNetwork, str]:
    """Return the network that is meant, and what to call it."""
    from bakeoff.interop import model_path
    from bakeoff.models.disk import shipped_disk
    from bakeoff.neural_network import NeuralNetwork

    path = model_path(DEFAULT_NAME if name is None else name)
    if name is None and not path.exists():
        return shipped_disk(), "the network that comes with bakeoff"
    return NeuralNetwork.load_file(path), str(path)
