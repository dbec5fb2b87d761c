"""`bakeoff disk`: the report's network on the report's disk, trained, tested and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell

if TYPE_CHECKING:
    from bakeoff.neural_network import NeuralNetwork

disk = typer.Typer(
    help="Tell the inside of a disk from the outside with the report's network, 2-25-25-25-1.",
    rich_markup_mode=None,
)


@disk.callback(invoke_without_command=True)
def first(context: typer.Context) -> None:
    """Say which commands there are when none is given."""
    if context.invoked_subcommand is None:
        tell(context.get_help())


DEFAULT_NAME = "disk"
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
    epochs: Annotated[int | None, typer.Option(help="Epochs instead of the recipe's 250.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="Save as models/NAME.safetensors.")
    ] = DEFAULT_NAME,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rounds to this file too.")
    ] = None,
) -> None:
    """Train the network, tell its errors, save it.

    A round draws 1,000 points to train on and 1,000 others to test on. The first round's network
    is saved.

    For example: bakeoff disk train --rounds 30 --json disk.json
    """
    from bakeoff.cli.console import notes_console
    from bakeoff.cli.progress import steps_bar
    from bakeoff.disk import DiskRecipe, document, train_rounds
    from bakeoff.disk.rounds import spread
    from bakeoff.files import check_writable
    from bakeoff.interop import model_path
    from bakeoff.neural_network import NeuralNetwork

    recipe = DiskRecipe() if epochs is None else DiskRecipe(epochs=epochs)
    file = model_path(name)
    check_writable(file if file.parent.exists() else Path(file.name))
    if json is not None:
        check_writable(json)
    one_thread()
    groups = -(-rounds // recipe.group)
    with steps_bar(notes_console(), recipe.epochs * groups, "epoch") as show:
        results = train_rounds(
            recipe, seed=seed, rounds=rounds, on_epoch=lambda loss: show(f"loss {loss:.5f}")
        )
    tell(f"train error: {spread([result.train_error for result in results])}")
    tell(f"test error: {spread([result.test_error for result in results])}")
    network = NeuralNetwork(*results[0].network, seed=seed)
    network.epochs = recipe.epochs
    tell(f"saved {network.save(name)}")
    if json is not None:
        import attrs

        from bakeoff.files import write_whole
        from bakeoff.study.document import to_json
        from bakeoff.study.machine import this_machine

        write_whole(json, to_json(document(recipe, seed, results, attrs.asdict(this_machine()))))


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
    from bakeoff.disk import fresh_points

    network, told = _load(name)
    accuracy = network.accuracy(*fresh_points(points, seed=seed))
    tell(f"{told}: accuracy {100 * accuracy:.2f} % on {points:,} fresh points")


@disk.command()
def plot(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The picture: .pdf, .svg, .pgf or .png.")
    ] = Path("disk.png"),
    *,
    name: Name = None,
    points: Annotated[int, typer.Option(help="Fresh points to draw.")] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the fresh points.")] = 0,
) -> None:
    """Draw a trained network's boundary and its errors.

    For example: bakeoff disk plot disk.svg
    """
    from bakeoff.disk import fresh_points
    from bakeoff.disk.figure import draw_disk, grid
    from bakeoff.report.figures.style import check_file, drawing, write_figure

    check_file(file)
    network, told = _load(name)
    drawn, inside = fresh_points(points, seed=seed)
    network.accuracy(drawn, inside)  # a network of other inputs or outputs says so here
    field, predicted = network.predict(grid()).flatten(), network.predict(drawn).flatten() >= 0.5
    with drawing():
        write_figure(draw_disk(field, drawn, inside.flatten() == 1, predicted), file)
    tell(f"{told}: drawn in {file}")


def _load(name: str | None) -> tuple[NeuralNetwork, str]:
    """Return the network that is meant, and what to call it."""
    from bakeoff.disk import shipped_network
    from bakeoff.interop import model_path
    from bakeoff.neural_network import NeuralNetwork

    path = model_path(DEFAULT_NAME if name is None else name)
    if name is None and not path.exists():
        return shipped_network(), "the network that comes with bakeoff"
    return NeuralNetwork.load_file(path), str(path)


def one_thread() -> None:
    """Let torch work in one thread: the number of threads shapes the last bits."""
    import torch

    torch.set_num_threads(1)
