"""From words on the command line to a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bakeoff.study.spec import Study


def study_names(incomplete: str) -> list[tuple[str, str]]:
    """Return what a shell offers for a study: the names of those that ship, and their questions."""
    from bakeoff.study.studies import STUDIES

    return [(s.name, s.question) for s in STUDIES.values() if s.name.startswith(incomplete)]


StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study's name, or a TOML file that holds one.",
        autocompletion=study_names,
    ),
]
StoreFile = Annotated[
    Path,
    typer.Option(metavar="FILE", help="Where finished rounds are kept and found."),
]
Recipe = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A recipe for all competitors: default or published."),
]
Epochs = Annotated[int | None, typer.Option(help="Epochs instead of the recipe's.")]
Seed = Annotated[int | None, typer.Option(help="Seed instead of the study's.")]
Margin = Annotated[
    float | None,
    typer.Option(metavar="POINTS", help="Smaller differences do not matter: ask for equivalence."),
]

Format = Annotated[str, typer.Option(metavar="FORMAT", help="text, or json for a script.")]


def check_format(format: str, formats: tuple[str, ...] = ("text", "json")) -> None:
    """Make sure that a format is known.

    Raises:
        ArgumentError: if it is not, with the nearest one.
    """
    from bakeoff.errors import ArgumentError, nearest

    if format not in formats:
        raise ArgumentError(
            f"--format: got {format!r}{nearest(format, list(formats))}, expected one of "
            f"{', '.join(formats)}"
        )


def chosen_study(
    name: str, *, recipe: str | None = None, epochs: int | None = None, seed: int | None = None
) -> Study:
    """Return the study of that name or file, with what the options change in it.

    Raises:
        StudyError: for an unknown name or recipe, or a faulty file.
    """
    import attrs

    from bakeoff.study.files import find_study
    from bakeoff.study.recipe import find_recipe

    study = find_study(name).with_recipe(find_recipe(recipe) if recipe else None, epochs=epochs)
    return study if seed is None else attrs.evolve(study, seed=seed)


def fraction(points: float | None) -> float | None:
    """Return percentage points, as people write them, as the fraction that the analysis takes."""
    return None if points is None else points / 100
