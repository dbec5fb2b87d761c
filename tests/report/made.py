"""Rounds that fit the data: real test pairs, predictions wrong as often as asked."""

import numpy as np

import records
from bakeoff import rng
from bakeoff.data import load_mnist, pair_indices
from bakeoff.study.results import StudyResults
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

TWO = NetworkStudy(
    "two",
    "Which?",
    [
        NetworkCompetitor("model1", recipe=Recipe(epochs=3)),
        NetworkCompetitor("model2+digits", recipe=Recipe(epochs=3), loss_weights={"first": 0.5}),
    ],
    [("model2+digits", "model1")],
    rounds=8,
    seed=3,
    train_size=40,
    test_size=40,
)


def test_pairs(study, round_):
    """Image numbers and digits of a round's test pairs, as the trainer draws them."""
    streams = {k: rng.generator(study.seed, round_, "data", k) for k in ("train", "test")}
    mnist = load_mnist()
    indices = pair_indices(mnist, study.train_size, **streams).test
    return indices.numpy(), mnist.test.labels[indices].numpy()


test_pairs.__test__ = False


def made_round(study, competitor, round_, *, predictions=True):
    place = study.competitor_names.index(competitor.name)
    _, digits = test_pairs(study, round_)
    target = digits[:, 1] > digits[:, 0]
    wrong = np.random.default_rng([place, round_]).random(len(target)) < 0.3 - 0.1 * place
    accuracy = int((~wrong).sum()) / len(wrong)
    epochs = competitor.recipe.epochs
    return records.record(
        competitor.name,
        round=round_,
        seed=study.seed,
        parameters=1000 * (place + 1),
        train_loss=tuple(1 / (e + 1) for e in range(epochs)),
        train=tuple(0.6 + 0.1 * e for e in range(epochs)),
        test=(*(accuracy - 0.05 * e for e in range(1, epochs)), accuracy),
        seconds=1.0 + 0.1 * place + 0.01 * round_,
        predictions=bytes((target ^ wrong).tolist()) if predictions else b"",
    )


def made_results(study=TWO, rounds=8, **options):
    return StudyResults.of_rounds(
        study,
        [made_round(study, c, r, **options) for c in study.competitors for r in range(rounds)],
    )
