"""A small study with made-up rounds: what a valid store is made of."""

from bakeoff.study.machine import this_machine
from bakeoff.study.results import StudyResults
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.training.keys import keys_of
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from records import record

STUDY = NetworkStudy(
    "two",
    "Which?",
    [
        NetworkCompetitor("model1", recipe=Recipe(epochs=2)),
        NetworkCompetitor("model2", recipe=Recipe(epochs=2), loss_weights={"first": 0.5}),
    ],
    [("model2", "model1")],
    rounds=3,
    train_size=8,
    test_size=8,
)


def rounds(competitor):
    """Return a competitor's rounds; the last of one of them diverged."""
    return [
        record(
            competitor,
            number,
            STUDY.seed,
            parameters=100,
            train_loss=(0.5, 0.25),
            train=(0.5, 0.75),
            test=(0.5, 0.5 + number / 8),
            auxiliary={"first": (1.0, 0.5)},
            seconds=0.5,
            predictions=bytes(8),
            weights=b"weights" if number == 0 else None,
        )
        for number in range(STUDY.rounds)
    ]


def results():
    """Return the study's results."""
    made = [result for name in STUDY.competitor_names for result in rounds(name)]
    return StudyResults.of_rounds(STUDY, made)


def filled_store(path=IN_MEMORY):
    """Return an open store that holds the study's rounds and one that diverged."""
    store = Store(path)
    keys = keys_of(STUDY)
    store.record(STUDY, keys, range(STUDY.rounds + 1))
    for name in STUDY.competitor_names:
        kept = rounds(name)
        kept.append(record(name, STUDY.rounds, STUDY.seed, parameters=100, seconds=0.1, diverged=2))
        store.keep(keys[name].text, 0, kept, this_machine())
    store.claim(keys["model1"].text, 9, "boot/1/2/3", range(9, 10))
    return store
