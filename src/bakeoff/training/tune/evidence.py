"""What tuning found, as values: what was tried, how it did, and what was chosen."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from attrs import frozen

from bakeoff.study.machine import Machine
from bakeoff.study.metric import Metric
from bakeoff.study.results import StudyResults
from bakeoff.training.data_sets import ACCURACY
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.tune.choice import Choice, choose, counted, standard_error
from bakeoff.training.tune.grid import Setting, candidate_name, settings_for


@frozen
class Trial:
    """One setting of one competitor.

    Attributes:
        setting: what was tried.
        accuracies: validation accuracy of each round, 0 to 1, or R²; NaN where it diverged.
    """

    setting: Setting
    accuracies: tuple[float, ...]

    @property
    def diverged(self) -> int:
        """How many rounds diverged."""
        return sum(map(math.isnan, self.accuracies))

    @property
    def mean(self) -> float:
        """Mean accuracy over all rounds, a diverged one counting 0."""
        return float(counted(np.array(self.accuracies)).mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean, over the same figures."""
        return standard_error(counted(np.array(self.accuracies)))


@frozen
class Tuned:
    """One competitor's trials and what the rule says of them.

    Attributes:
        competitor: as it was.
        trials: by epochs, then by place.
        choice: numbers of trials.
    """

    competitor: NetworkCompetitor
    trials: tuple[Trial, ...]
    choice: Choice

    @classmethod
    def of_results(
        cls,
        competitor: NetworkCompetitor,
        results: StudyResults,
        places: range,
        epochs: tuple[int, ...],
    ) -> Tuned:
        """Choose from the rounds of a competitor's candidates."""
        settings = settings_for(competitor, places, epochs)
        table = results.table()
        names = results.study.competitor_names
        columns = [names.index(candidate_name(competitor, setting)) for setting in settings]
        accuracies = table[:, columns]
        choice = choose(accuracies, [s.place for s in settings], [s.epochs for s in settings])
        trials = [Trial(s, tuple(a.tolist())) for s, a in zip(settings, accuracies.T, strict=True)]
        return cls(competitor, tuple(trials), choice)

    @property
    def best(self) -> Trial:
        """The best trial, by the rule of `choice`."""
        return self.trials[self.choice.best]

    @property
    def chosen(self) -> Trial:
        """The trial that is taken."""
        return self.trials[self.choice.chosen]

    @property
    def present(self) -> Trial:
        """The present step size: place 0, at the first number of epochs tried."""
        return next(trial for trial in self.trials if trial.setting.place == 0)


@frozen
class Tuning:
    """A study and what tuning found for it.

    Attributes:
        study: the study, or the part of it, that was tuned.
        tuned: its competitors, in order.
        places: the places of the grid that every competitor was tried at.
        rounds: the rounds that each candidate was trained for.
        seed: the seed of those rounds.
        epochs: the numbers of epochs chosen among; empty if epochs were not asked for.
        machines: where the rounds were trained, and how many each.
        sources: hash of bakeoff's sources that shape results.
        data: "embedded", or the hash of the data files.
        seconds: of all rounds together.
        metric: what was judged by.
    """

    study: NetworkStudy
    tuned: tuple[Tuned, ...]
    places: range
    rounds: int
    seed: int
    epochs: tuple[int, ...]
    machines: dict[Machine, int]
    sources: str
    data: str
    seconds: float
    metric: Metric = ACCURACY

    def tuned_study(self) -> NetworkStudy:
        """Return the study with every competitor on its chosen step size (and epochs, if asked)."""

        def changed(tuned: Tuned) -> NetworkCompetitor:
            epochs = {"epochs": tuned.chosen.setting.epochs} if self.epochs else {}
            return tuned.competitor.with_values({"lr": tuned.chosen.setting.lr, **epochs})

        return attrs.evolve(
            self.study,
            name=self.study.name.removesuffix(".tuned") + ".tuned",
            competitors=[changed(tuned) for tuned in self.tuned],
        )

    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each competitor whose best step size lies at the grid's edge."""
        found = []
        for tuned in self.tuned:
            place, name = tuned.best.setting.place, tuned.competitor.name
            if tuned.best.diverged == self.rounds:
                found.append(f"{name}: every round diverged at every step size tried.")
            elif place in (self.places[0], self.places[-1]):
                which = "smallest" if place == self.places[0] else "largest"
                found.append(f"{name}: its best step size is the {which} tried, so look further.")
        return tuple(found)


def tuning_document(tuning: Tuning, command: str) -> dict[str, Any]:
    """Return the evidence as a JSON document, every round's accuracy in it.

    Accuracies are fractions from 0 to 1, or R², null where a round diverged.

    Args:
        tuning: what was found.
        command: what to type to find it again.
    """
    return {
        "study": tuning.study.name,
        "command": command,
        "seed": tuning.seed,
        "rounds": tuning.rounds,
        "places": list(tuning.places),
        "data": tuning.data,
        "sources": tuning.sources,
        "machines": [
            attrs.asdict(machine) | {"rounds": rounds}
            for machine, rounds in tuning.machines.items()
        ],
        "seconds": tuning.seconds,
        "competitors": [
            {
                "name": tuned.competitor.name,
                "lr": tuned.chosen.setting.lr,
                "lr_before": tuned.competitor.recipe.lr,
                "epochs": tuned.chosen.setting.epochs,
                "tried": [trial_document(tuned, number) for number in range(len(tuned.trials))],
            }
            for tuned in tuning.tuned
        ],
    }


def trial_document(tuned: Tuned, number: int) -> dict[str, Any]:
    """Return one of a competitor's trials as a JSON document."""
    trial = tuned.trials[number]
    return {
        **attrs.asdict(trial.setting),
        "mean": trial.mean,
        "standard_error": trial.standard_error,
        "diverged": trial.diverged,
        "tied": number in tuned.choice.tied,
        "chosen": number == tuned.choice.chosen,
        "accuracies": [None if math.isnan(a) else a for a in trial.accuracies],
    }
