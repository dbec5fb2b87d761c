"""A study of networks, as a TOML document."""

from __future__ import annotations

from pathlib import Path

import attrs

from bakeoff.errors import nearest
from bakeoff.study.checks import Fault, shown
from bakeoff.study.files import Table, load_study, read_study, read_value
from bakeoff.study.spec import Study
from bakeoff.training import studies
from bakeoff.training.recipe import RECIPES, Recipe
from bakeoff.training.spec import NetworkStudy

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
# declare what you want to know and no more. "all" asks for every pair; against, with a name in the
# place of comparisons, for every other competitor minus that one.
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
# optimiser_options = {{ nesterov = true }}  # of Adam {{ betas = [0.9, 0.98], eps = 1e-7 }}
# schedule = "OneCycleLR"  # or "CosineAnnealingLR", or "StepLR"
# schedule_options = {{ pct_start = 0.2 }}  # of StepLR {{ step_size = 200, gamma = 0.5 }}, in steps
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
# A competitor for each cell of a grid, of fields of the recipe and options of the network:
# grid = {{ batch_size = [25, 50] }}
"""


def find_study(name: str) -> Study:
    """Return a shipped study by its name, or a user's own by its file.

    Raises:
        StudyError: for an unknown name, with the nearest one, or a faulty file, with all faults.
    """
    if name.endswith(".toml") or "/" in name:
        return load_study(Path(name))
    return studies.find_study(name)


def study_from_toml(told: Table, where: str) -> Study:
    """Return the study of networks that a TOML document describes.

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
    if read_value(Recipe, common, "recipe", faults) is None:
        common = {}  # its faults are told; each competitor need not repeat them

    def fields_of(competitor: Table, path: str, faults: list[Fault]) -> Table:
        own = _recipe(competitor.get("recipe", {}), common, f"{path}.recipe", faults)
        return competitor | {"recipe": own}

    return read_study(NetworkStudy, fields, where, faults, fields_of)


def _recipe(told: object, common: Table, path: str, faults: list[Fault]) -> Table:
    """Return a recipe's fields: those of its base, or else the common ones, and its own."""
    own = {"base": told} if isinstance(told, str) else told
    if not isinstance(own, dict):
        faults.append((path, f"got {shown(told)}, expected a recipe's name or a table"))
        return common
    own = dict(own)
    base = attrs.asdict(RECIPES[own["base"]]) if str(own.get("base")) in RECIPES else common
    name = own.pop("base", None)
    if name is not None and (not isinstance(name, str) or name not in RECIPES):
        known = list(RECIPES)
        hint = nearest(name, known) if isinstance(name, str) else ""
        faults.append((path, f"got base {shown(name)}{hint}, expected one of {', '.join(known)}"))
    return base | own
