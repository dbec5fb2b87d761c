"""The recipes that have names."""

from __future__ import annotations

from types import MappingProxyType

from bakeoff.errors import StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.recipe import Recipe

DEFAULT = Recipe()
"""Standardised inputs, SGD 0.02 with momentum 0.9, batches of 50, 25 epochs."""

PUBLISHED = Recipe(standardise=False, lr=0.01, momentum=0.0)
"""The report's: raw grey values from 0 to 255, plain SGD 0.01, batches of 50, 25 epochs."""

RECIPES = MappingProxyType({"default": DEFAULT, "published": PUBLISHED})


def find_recipe(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        StudyError: if there is none, with the nearest name.
    """
    if name not in RECIPES:
        raise StudyError(unknown("recipe", name, RECIPES))
    return RECIPES[name]
