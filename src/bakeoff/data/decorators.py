"""How the rounds of a user's own data hang together: what their function declares.

A study's verdicts rest on it. Rounds that each draw from a pool too large to matter are
independent; rounds that cut one small set anew share most of their examples, and are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

FRESH, RESPLIT = "fresh", "resplit"
DECLARATION = "rounds"
"""The attribute of a function that says which; the decorators below set it."""


def fresh(make_round: Function) -> Function:
    """Declare that each round draws from a pool so large that rounds hardly share an example.

    Args:
        make_round: the function that draws a round; returned as it is, but for the declaration.
    """
    setattr(make_round, DECLARATION, FRESH)
    return make_round


def resplit(make_round: Function) -> Function:
    """Declare that each round cuts the same set anew into training and test examples.

    Then a study's verdicts are by the corrected resampled t test (Nadeau and Bengio 2003), as its
    rounds are not independent.

    Args:
        make_round: the function that draws a round; returned as it is, but for the declaration.
    """
    setattr(make_round, DECLARATION, RESPLIT)
    return make_round
