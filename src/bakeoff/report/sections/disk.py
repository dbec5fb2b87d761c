"""The disk itself: where each network draws the boundary, and which points it gets wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from bakeoff.autodiff import no_grad
from bakeoff.data.disk import CENTRE, RADIUS
from bakeoff.errors import StudyError
from bakeoff.report.figures.disk import draw_disk, grid
from bakeoff.report.page import Exhibit, Section, file_names
from bakeoff.statistics.units import count
from bakeoff.study.results import StudyResults
from bakeoff.study.user_code import is_own
from bakeoff.training.learner import MAIN
from bakeoff.training.round_data import round_data, standardiser
from bakeoff.training.scoring import THRESHOLD, scores
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.weights import kept_weights, network_of

TEXT = (
    "What each network of the first round says everywhere in the square, and that round's test"
    " points. The line is its boundary; dashed is the disk's true edge, which leaves half of the"
    " square inside."
)


def boundaries(results: StudyResults, study: NetworkStudy) -> tuple[Section, ...]:
    """Return the boundary of each competitor whose weights are there; nothing for other data."""
    if study.data_sets != ("disk",):
        return ()
    own = [c for c in study.networks if results.of(c.name) and not is_own(c.network)]
    exhibits, missing = [], []
    for competitor, stem in zip(own, file_names(f"boundary-{c.name}" for c in own), strict=True):
        try:
            exhibits.append(_boundary(results, study, competitor, stem))
        except StudyError as error:
            missing.append(f"{competitor.name}: {error}.")
    text = (TEXT,) if exhibits else ()
    return (Section("boundary", "Decision boundary", (*text, *missing), tuple(exhibits)),)


def _boundary(
    results: StudyResults, study: NetworkStudy, competitor: NetworkCompetitor, stem: str
) -> Exhibit:
    """Draw one boundary.

    Raises:
        StudyError: for weights that are not there, or that answer otherwise than was recorded.
    """
    record = results.of(competitor.name)[0]
    weights = kept_weights(record)
    if weights is None:
        raise StudyError("the weights of round 0, which a store keeps, are not here")
    network = network_of(study, competitor, weights.state)
    data = round_data(study, record.round, False, None)
    move = standardiser(data) if competitor.recipe.standardise else lambda x: x
    field = _said(network, move(torch.from_numpy(grid())))
    inside = data.test_labels[MAIN]
    predicted = _said(network, move(data.test_input)) >= THRESHOLD
    share = scores(predicted[None].long(), inside[None])[0]
    # A point on the very boundary may fall to either side, as its last bits do.
    if abs(share - record.score("test_accuracy")) * len(inside) > 2:
        raise StudyError("its weights answer otherwise here than in the round that left them")
    arrays = (data.test_input.numpy(), inside.numpy(), predicted.numpy())
    wrong = f"{count(int((inside != predicted).sum()), 'point')} of {len(inside):,}"
    filled = 100 * float((field >= THRESHOLD).float().mean())
    return Exhibit.of(
        stem,
        draw_disk(field.numpy(), (*CENTRE, RADIUS), *arrays),
        f"Boundary of {competitor.name}: it calls {filled:.0f} % of the square inside, with {wrong}"
        " on the wrong side.",
        f"{competitor.name}, round {record.round}: {wrong} on the wrong side.",
    )


def _said(network: Callable[[torch.Tensor], Any], points: torch.Tensor) -> torch.Tensor:
    """Return how surely points (n, 2) are inside, (n,): one number, or that of two classes."""
    with no_grad():
        said: torch.Tensor = network(points)[MAIN].data
    return said[:, 0] if said.shape[1] == 1 else said.softmax(1)[:, 1]
