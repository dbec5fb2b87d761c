"""From words on the command line to a study."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from functools import partial, wraps
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from bakeoff.study.spec import Study

DEFAULT_STORE = Path("bakeoff.sqlite")
PAGE = Path("report")
"""The folder of a page, unless another one is named."""


def study_names(incomplete: str) -> list[tuple[str, str]]:
    """Return what a shell offers for a study: the names of those that ship, and their questions."""
    from bakeoff.training.studies import STUDIES

    return [(s.name, s.question) for s in STUDIES.values() if s.name.startswith(incomplete)]


def one_of(*known: str) -> Callable[[typer.CallbackParam, str | None], str | None]:
    """Return what makes sure that an option has a known value; raises an ArgumentError."""

    def check(option: typer.CallbackParam, value: str | None) -> str | None:
        from bakeoff.errors import ArgumentError, nearest

        if value is None or value in known:
            return value
        raise ArgumentError(
            f"{option.opts[0]}: got {value!r}{nearest(value, list(known))}, expected"
            f" {'one of ' * (len(known) > 1)}{', '.join(known)}"
        )

    return check


StudyName = Annotated[
    str,
    typer.Argument(
        metavar="STUDY",
        help="A study's name, or a TOML file that holds one.",
        autocompletion=study_names,
    ),
]
KeptStudy = Annotated[
    str | None,
    typer.Option(metavar="STUDY", help="Its name or identity; by default, the one run last."),
]
StoreFile = Annotated[
    Path, typer.Option(metavar="FILE", help="Where finished rounds are kept and found.")
]
AnyStoreFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Where finished rounds are kept and found. [bakeoff.sqlite]"),
]
Recipe = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A recipe for all competitors: default or published."),
]
Epochs = Annotated[int | None, typer.Option(help="Epochs instead of the recipe's.")]
Seed = Annotated[int | None, typer.Option(help="Seed instead of the study's.")]
Margin = Annotated[
    float | None,
    typer.Option(
        metavar="SIZE",
        help="Smaller differences do not matter: ask for equivalence. In points, or in the unit"
        " of a metric that has another one.",
    ),
]

Careful = Annotated[
    bool,
    typer.Option(
        "--careful",
        help="Take no shape of differences for granted, where failures are rare and heavy; for"
        " fractions such as accuracies. Needs many more rounds.",
    ),
]
AtAnyTime = Annotated[
    bool,
    typer.Option("--anytime", help="The number of rounds was not fixed before the first look."),
]
Workers = Annotated[int | None, typer.Option(help="Worker processes; by default, one per core.")]
DataFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder of other IDX files than MNIST's.")
]
Format = Annotated[
    str,
    typer.Option(
        metavar="FORMAT", help="text, or json for a script.", callback=one_of("text", "json")
    ),
]
Open = Annotated[
    bool, typer.Option("--open", help="Open its page, in the folder report, in a browser.")
]
FORMATS = ("text", "json", "csv", "markdown", "latex")
AnyFormat = Annotated[
    str, typer.Option(metavar="FORMAT", help=f"{', '.join(FORMATS)}.", callback=one_of(*FORMATS))
]
Methods = Annotated[
    bool, typer.Option("--methods", help="Tell a paper's paragraph on how the verdicts were found.")
]
Rope = Annotated[
    bool,
    typer.Option(
        "--rope", help="How probable differences within and beyond --margin are, by Bayes."
    ),
]
FigureFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Draw the differences, or a sweep: a .pdf, .svg, .pgf or .png file."
    ),
]
FigureWidth = Annotated[
    str | None, typer.Option(metavar="LENGTH", help="Of the figure: 3.25in, 85mm, 8.5cm. [3.25in]")
]


Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=A,B", help="A competitor for each of some values (several: each cell)."
    ),
]


@dataclass(frozen=True, kw_only=True)
class Work:
    """How rounds are made and where they go, an option each of `run` and `race`."""

    rounds: Annotated[
        int | None, typer.Option(help="How many; by default as a study plans, in a race 30.")
    ] = None
    until: Annotated[
        str | None,
        typer.Option(
            metavar="decided",
            help="Stop as soon as every comparison is decided (anytime-valid).",
            callback=one_of("decided"),
        ),
    ] = None
    max_rounds: Annotated[
        int | None, typer.Option(help="With --until: no more rounds than these.")
    ] = None
    smoke: Annotated[
        bool, typer.Option("--smoke", help="Try one round of each; nothing is kept or planned.")
    ] = False
    margin: Margin = None
    careful: Careful = False
    workers: Workers = None
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Make them on the workers of the Dask scheduler there, such as tcp://HOST:8786.",
        ),
    ] = None
    retry: Annotated[
        str | None,
        typer.Option(
            metavar="failed", help="Make rounds again that failed.", callback=one_of("failed")
        ),
    ] = None
    store: StoreFile = DEFAULT_STORE
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the rounds to this file too.")
    ] = None
    live: Annotated[
        bool, typer.Option("--live", help="Serve a page of the run to this machine while it lasts.")
    ] = False
    open_page: Open = False


def takes_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command every option of its arguments that are dataclasses, such as `Work`."""
    own, groups = signature(command, eval_str=True), dict[str, Any]()
    groups |= {n: p.annotation for n, p in own.parameters.items() if is_dataclass(p.annotation)}
    options = {n: signature(kind, eval_str=True).parameters for n, kind in groups.items()}

    @wraps(command)
    def called(**words: Any) -> None:
        told = {n: kind(**{o: words.pop(o) for o in options[n]}) for n, kind in groups.items()}
        command(**told, **words)

    places = [
        part
        for name, each in own.parameters.items()
        for part in (options[name].values() if name in options else [each])
    ]
    called.__signature__ = own.replace(parameters=places)  # type: ignore[attr-defined]
    return called


def words_of(text: str) -> list[str]:
    """Return what stands between commas."""
    return [word.strip() for word in text.split(",")]


def grid_of(texts: list[str]) -> dict[str, list[str]]:
    """Return the values of each name that --vary gives; raises an ArgumentError."""
    from bakeoff.errors import ArgumentError

    grid: dict[str, list[str]] = {}
    for text in texts:
        name, sign, values = text.partition("=")
        if not (name.isidentifier() and sign and all(words_of(values))):
            raise ArgumentError(f"--vary: got {text!r}, expected NAME=A,B with a value or more")
        if name in grid:
            raise ArgumentError(f"--vary: got {name} twice, expected once, as {name}=A,B")
        grid[name] = words_of(values)
    return grid


def swept_study(study: Study, only: Sequence[str], vary: list[str]) -> Study:
    """Return a study whose competitors, or these alone, vary as --vary says and a file would."""
    from bakeoff.study.sweep import varied

    def typed(word: str) -> object:
        number = re.fullmatch(r"-?([0-9]|[1-9][0-9]*)(\.[0-9]+)?(e[-+]?[0-9]+)?", word)
        return json.loads(word) if number or word in ("true", "false") else word

    grid = {name: [*map(typed, words)] for name, words in grid_of(vary).items()}
    return varied(study.only(only) if only else study, grid)


def figure_writer(file: Path | None, width: str | None) -> Callable[..., None]:
    """Return what draws as `write_differences` does into a file; nothing where none is asked for.

    Raises:
        ArgumentError, MissingExtraError, OutputError: before any work, if it cannot be drawn.
    """
    if file is None:
        refuse_given("--figure", {"--width": width})
        return lambda *told: None
    from bakeoff.report.figures.style import check_file
    from bakeoff.report.sections.outcome import write_differences

    check_file(file)
    return partial(write_differences, file=file, width=_inches(width or "3.25in"))


def _inches(length: str) -> float:
    from bakeoff.errors import ArgumentError

    found = re.fullmatch(r"([0-9]{1,4}(?:\.[0-9]{1,4})?) ?(in|cm|mm)", length)
    width = float(found[1]) / {"in": 1.0, "cm": 2.54, "mm": 25.4}[found[2]] if found else 0.0
    if not 2 <= width <= 20:
        raise ArgumentError(
            f"--width: got {length!r}, expected 2in to 20in, such as 3.25in, 85mm or 8.5cm"
        )
    return width


def refuse_given(what: str, options: Mapping[str, object], *, hint: str = "; leave it out") -> None:
    """Refuse options that go with something else, where any was given.

    Args:
        what: what they go with.
        options: by name; one that was not given is None or False.
        hint: what to do, as the sentence's end.

    Raises:
        ArgumentError: for the first that was given.
    """
    from bakeoff.errors import ArgumentError

    for name, value in options.items():
        if value is not None and value is not False:
            raise ArgumentError(f"{name}: goes with {what} only{hint}")


def store_if_any(store: Path | None) -> Path | None:
    """Return the store that was named, or the usual one where there is one."""
    return store or (DEFAULT_STORE if DEFAULT_STORE.exists() else None)


def chosen_study(
    name: str,
    store: Path | None = None,
    *,
    recipe: str | None = None,
    epochs: int | None = None,
    seed: int | None = None,
) -> Study:
    """Return the study of that name or file, with what the options change in it.

    Of those that a store holds, tables alone are found: a store never says what is to be run.

    Raises:
        StudyError: for an unknown name or recipe, or a faulty file.
    """
    import attrs

    from bakeoff.errors import StudyError
    from bakeoff.training.files import find_study

    try:
        study = find_study(name)
    except StudyError:
        if (table := _table(name, store)) is None:
            raise
        study = table
    if recipe is not None or epochs is not None:
        from bakeoff.training.recipe import find_recipe
        from bakeoff.training.spec import networks_of

        networks = networks_of(study, "--epochs" if recipe is None else "--recipe")
        study = networks.with_recipe(find_recipe(recipe) if recipe else None, epochs=epochs)
    return study if seed is None else attrs.evolve(study, seed=seed)


def _table(name: str, store: Path | None) -> Study | None:
    """Return the table of that name that a store holds; None if there is none."""
    from bakeoff.errors import StudyError
    from bakeoff.study.store import Store

    if store is None or not store.exists():
        return None
    with Store(store, read_only=True) as opened:
        kept = opened.studies(name)
    if kept and kept[0].study.makes_rounds:
        raise StudyError(
            f"study {name!r}: its rounds are in {store}, but no store says what is to be run; write"
            " it as a file, and name that"
        )
    return kept[0].study if kept else None


def fraction(
    margin: float | None, study: Study | None = None, what: str = "margin"
) -> float | None:
    """Return a margin as people write it, in points or the metric's unit, as the analysis takes it.

    Args:
        margin: None for none.
        study: whose metric it is of; None for fractions.
        what: what it is called in errors.

    Raises:
        ArgumentError: for one that is not above 0, or of a ratio not above 1.
    """
    from bakeoff.errors import ArgumentError

    if margin is None:
        return None
    if not margin > 0:
        raise ArgumentError(f"{what}: got {margin:g}, expected a number above 0")
    if study is None or not (study.metrics or study.kind != "network"):
        return margin / 100
    metric = study.judging().metric
    if metric.unit == "ratio":
        from math import log

        if not margin > 1:
            raise ArgumentError(
                f"{what}: got {margin:g} of {metric.name!r}, expected a ratio above 1, such as 1.05"
            )
        return log(margin)
    return margin / metric.factor
