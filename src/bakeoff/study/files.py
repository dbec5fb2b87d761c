"""A user's own study, as a TOML file.

The file is walked by hand rather than by a structuring library, because those stop looking at a
table as soon as one inside it is faulty, and a person wants to be told everything at once.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import attrs

from bakeoff.errors import StudyError, nearest
from bakeoff.files import read_text
from bakeoff.study.checks import Check, Fault, SpecError, shown
from bakeoff.study.spec import COMPETITOR_CHECKS, STUDY_CHECKS, Competitor, Study
from bakeoff.study.user_code import look_beside
from bakeoff.training import studies
from bakeoff.training.recipe import MOMENTUM, RECIPE_CHECKS, RECIPES, Recipe, momentum_ignored

T = TypeVar("T", Recipe, Competitor, Study)
Table = dict[str, Any]
MOST_BYTES = 2**20
MOST_DOTS = 100
STAND_IN = Competitor("faulty")

TEMPLATE = """\
# A study for bakeoff: run it with  bakeoff run {name}.toml

# What tables and the store call it: letters, digits and . _ + -
name = "{name}"
question = "Does it help to share the weights between the two images of a pair?"

# Rounds that you plan to train. Data, initial weights and order are drawn anew in each, and shared
# by the competitors of that round. Choose the number before you look at any result; bakeoff plan
# tells how many a question takes.
rounds = 30
seed = 0
train_size = 1000
test_size = 1000

# What a round's data are: "pairs", "digits", "digits-28", "disk", or "mymodule:make_round" for a
# function of yours that draws them.
# data = "pairs"

# The differences you ask for: [a, b] means a minus b. Holm's correction runs over all of them, so
# declare what you want to know and no more.
comparisons = [["shared", "separate"]]

# How every competitor is trained: "default", "published", or a table. A table begins with the
# default recipe, or with the one that `base` names, and changes what it lists.
[recipe]
base = "default"
epochs = 25
# optimiser = "SGD"
# lr = 0.02
# momentum = 0.9
# weight_decay = 0.0
# schedule = "OneCycleLR"
# batch_size = 50
# standardise = true
# evaluate_every = 1
# average_epochs = 1
# augmentation = {{ swap = true, pair_anew = true, rotate = 10, shift = 1, elastic = 0.5 }}

# One table a competitor. `network` names one of bakeoff's networks.
[[competitors]]
name = "separate"
network = "model1"
# In a factorial study each competitor has a level of every factor; main effects and interactions
# are then analysed too:
# levels = {{ sharing = "no" }}

[[competitors]]
name = "shared"
network = "model2"
# Weights of further outputs' losses, options of the network, and a recipe of its own, which
# changes the one above:
# loss_weights = {{ first = 0.5, second = 0.5 }}
# options = {{}}
# recipe = {{ lr = 0.01 }}
# levels = {{ sharing = "yes" }}
"""


def find_study(name: str) -> Study:
    """Return a shipped study by its name, or a user's own by its file.

    Raises:
        StudyError: for an unknown name, with the nearest one, or a faulty file, with all faults.
    """
    if name.endswith(".toml") or "/" in name:
        return load_study(Path(name))
    return studies.find_study(name)


def load_study(path: Path) -> Study:
    """Read a study from a TOML file.

    Raises:
        StudyError: if the file cannot be read, is not TOML, or holds a faulty study; all faults
            are told, each with its place. If it names a module beside it of the same name as
            a study of another folder did.
    """
    text = read_text(path, MOST_BYTES, StudyError, hint="bakeoff init writes a study to begin with")
    _check_keys(path, text)
    try:
        told = tomllib.loads(text)
    except ValueError as error:  # a number may have more digits than Python reads
        raise StudyError(f"{path}: is not TOML: {error}") from error
    except RecursionError as error:
        raise StudyError(f"{path}: is not a study's TOML: it is nested too deeply") from error
    study = study_from_toml(told, str(path))
    look_beside(path, study)
    return study


def _check_keys(path: Path, text: str) -> None:
    """Refuse a key of very many parts, a.b.c, the reading of which takes their number squared."""
    for number, line in enumerate(text.split("\n"), 1):
        *keys, _ = line.split("=")
        keys += [line] * line.lstrip().startswith("[")
        if any(key.count(".") > MOST_DOTS for key in keys):
            raise StudyError(
                f"{path}: is not a study's TOML: line {number} is nested too deeply, expected names"
                f" of at most {MOST_DOTS} dots"
            )


def study_from_toml(told: Table, where: str) -> Study:
    """Return the study that a TOML document describes.

    Args:
        told: the document.
        where: what to call it in errors.

    Raises:
        SpecError: with all faults, each with its place.
    """
    faults: list[Fault] = []
    fields = dict(told)
    fields.pop("tuning", None)  # what bakeoff tune tells of its choice: no part of the study
    common = _recipe(fields.pop("recipe", {}), {}, "recipe", faults)
    if _value(Recipe, RECIPE_CHECKS, common, "recipe", faults) is None:
        common = {}  # its faults are told; each competitor need not repeat them
    competitors = fields.get("competitors")
    if isinstance(competitors, list):
        fields["competitors"] = [
            _competitor(competitor, common, f"competitors[{i}]", faults)
            for i, competitor in enumerate(competitors)
        ]
    study = _value(Study, STUDY_CHECKS, fields, "", faults)
    if study is None or faults:
        raise SpecError(where, faults)
    return study


def _competitor(told: object, common: Table, path: str, faults: list[Fault]) -> Competitor:
    """Read a competitor; a stand-in takes a faulty one's place while the rest is checked."""
    if not isinstance(told, dict):
        faults.append((path, f"got {shown(told)}, expected a table, [[competitors]]"))
        return STAND_IN
    own = _recipe(told.get("recipe", {}), common, f"{path}.recipe", faults)
    recipe = _value(Recipe, RECIPE_CHECKS, own, f"{path}.recipe", faults) or Recipe()
    fields = told | {"recipe": recipe}
    return _value(Competitor, COMPETITOR_CHECKS, fields, path, faults) or STAND_IN


def _recipe(told: object, common: Table, path: str, faults: list[Fault]) -> Table:
    """Return a recipe's fields: those of its base, or else the common ones, and its own."""
    own = {"base": told} if isinstance(told, str) else told
    if not isinstance(own, dict):
        faults.append((path, f"got {shown(told)}, expected a recipe's name or a table"))
        return common
    own = dict(own)
    optimiser = own.get("optimiser", common.get("optimiser"))
    if own.get("momentum") == MOMENTUM and (told_wrong := momentum_ignored(optimiser, MOMENTUM)):
        faults.append((f"{path}.momentum", told_wrong))
    base = own.pop("base", None)
    if base is None:
        return common | own
    if not isinstance(base, str) or base not in RECIPES:
        known = list(RECIPES)
        hint = nearest(base, known) if isinstance(base, str) else ""
        faults.append((path, f"got base {shown(base)}{hint}, expected one of {', '.join(known)}"))
        return common | own
    return attrs.asdict(RECIPES[base]) | own


def _value(
    kind: type[T], checks: tuple[Check, ...], told: Table, path: str, faults: list[Fault]
) -> T | None:
    """Note every fault of a table; return the value that it describes if none is known yet."""
    fields = attrs.fields_dict(kind)
    found: list[Fault] = [
        (_join(path, name), f"is not known{nearest(name, list(fields))}")
        for name in told
        if name not in fields
    ]
    for name, holds, expected in checks:
        field = fields[name]
        if name not in told:
            if field.default is attrs.NOTHING:
                found.append((_join(path, name), f"is missing, expected {expected}"))
        elif not holds(field.converter(told[name]) if callable(field.converter) else told[name]):
            found.append((_join(path, name), f"got {shown(told[name])}, expected {expected}"))
    if not found and not faults:
        try:
            return kind(**told)
        except SpecError as error:
            found = [(_join(path, inner), what) for inner, what in error.faults]
    faults += found
    return None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
