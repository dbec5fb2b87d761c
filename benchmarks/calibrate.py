"""Calibration: simulated studies in which nothing differs, and how often a verdict says otherwise.

    python -m benchmarks.calibrate

Each study has six competitors, hence 15 pairs, all declared. A round moves all six alike, as shared
data do, and each by itself; in truth they are equal. Counted are studies with a false verdict after
Holm's correction, and intervals that hold the true difference 0.

Four kinds of values: `normal`; `skewed` (a long tail of bad rounds); `tied` (accuracies of 1,000
test examples, of which few differ); and `unlike` (three competitors normal, three skewed, with
equal means), which breaks the test's assumption that differences are symmetric, and is reported
without being held to a limit.

Three kinds of differences, one a study, show how much more a long tail to one side breaks it:
`exponential`, `lognormal`, and `rare`, of one competitor that loses 5 points in 1 round of 20.

Rounds that are not independent are real ones: two nearest-centroid classifiers, each on five
features of its own that are drawn alike, so that neither is better over all data sets. Each study
draws one set of 200 examples and cross-validates both on the same folds.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import combinations
from math import log
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import scipy

from bakeoff.statistics.dependence import Dependence
from bakeoff.statistics.describe import Array
from bakeoff.statistics.estimate import resampled_estimate
from bakeoff.statistics.holm import holm
from bakeoff.statistics.power import detectable_difference, spread_limit
from bakeoff.statistics.sequential import log_evidence
from bakeoff.statistics.signflip import SignFlip, sign_flip
from bakeoff.tables import REST, Table

KINDS = ("normal", "skewed", "tied", "unlike")
HELD = ("normal", "skewed", "tied")
TAILS = ("exponential", "lognormal", "rare")
PAIRS = tuple(combinations(range(6), 2))
FOLDS = ((10, 1), (10, 10))
EXAMPLES, FEATURES = 200, 5
ROUNDS = (10, 30, 100)
ALPHA = 0.05
MOST_FALSE = 0.063
LEAST_COVERAGE, MOST_COVERAGE = 0.93, 0.97
MOST_FALSE_ANYTIME = 0.05
LOOKS = 400
STUDIES_AT_ONCE = 8
Row = dict[str, Any]


# ---- simulated studies -------------------------------------------------------------------------


def simulate(kind: str, studies: int, rounds: int, rng: np.random.Generator) -> Array:
    """Return accuracies (studies, rounds, 6) of competitors that are equal in truth.

    Args:
        kind: one of `KINDS`.
        studies: how many.
        rounds: of each.
        rng: where the numbers come from.
    """
    shared = rng.normal(0.86, 0.012, (studies, rounds, 1))
    normal = rng.normal(0.0, 0.012, (studies, rounds, 6))
    skewed = 0.012 * (1 - rng.exponential(1.0, (studies, rounds, 6)))
    if kind == "tied":
        return np.rint((shared + normal / 6) * 1000) / 1000
    if kind == "unlike":
        return np.asarray(shared + np.where(np.arange(6) % 2 == 0, normal, skewed))
    return np.asarray(shared + (normal if kind == "normal" else skewed))


def pair_differences(values: Array) -> Array:
    """Return the differences (studies · 15, rounds) of all pairs of (studies, rounds, 6) values."""
    first, second = np.array(PAIRS).T
    differences = values[:, :, second] - values[:, :, first]
    return np.ascontiguousarray(differences.swapaxes(1, 2)).reshape(-1, values.shape[1])


def tailed_differences(kind: str, studies: int, rounds: int, rng: np.random.Generator) -> Array:
    """Return differences (studies, rounds) whose mean is 0 in truth, with a long lower tail.

    Args:
        kind: one of `TAILS`. "rare" are accuracies on 2,000 examples: 99.5 % right, but 5 points
            less in 1 round of 20, minus 99.25 % right in every round.
        studies: how many.
        rounds: of each.
        rng: where the numbers come from.
    """
    if kind == "exponential":
        return 1 - rng.exponential(1.0, (studies, rounds))
    if kind == "lognormal":
        return np.asarray(np.exp(0.5) - rng.lognormal(0.0, 1.0, (studies, rounds)))
    lost = np.where(rng.random((studies, rounds)) < 1 / 20, 0.05, 0.0)
    steady = rng.binomial(2000, 0.9925, (studies, rounds))
    return np.asarray((rng.binomial(2000, 0.995 - lost) - steady) / 2000)


def fold_differences(folds: int, repeats: int, rng: np.random.Generator) -> Array:
    """Return differences (folds · repeats,) of the accuracies of two equally good classifiers.

    Args:
        folds: of the examples, half of which are of either class.
        repeats: how often folds are drawn anew.
        rng: where the numbers come from.
    """
    classes = np.arange(EXAMPLES) % 2
    # (2 classifiers, examples, features), the classes 0.3 deviations apart in each feature
    features = rng.standard_normal((2, EXAMPLES, FEATURES)) + 0.3 * classes[:, None]
    found = []
    for _ in range(repeats):
        fold = rng.permutation(EXAMPLES) % folds
        for tested in (fold == number for number in range(folds)):
            centres = [features[:, ~tested & (classes == c)].mean(axis=1) for c in (0, 1)]
            near = [((features[:, tested] - c[:, None]) ** 2).sum(axis=2) for c in centres]
            right = ((near[1] < near[0]) == classes[tested]).mean(axis=1)
            found.append(right[0] - right[1])
    return np.array(found)


# ---- what the statistics say of them -----------------------------------------------------------


def planned(kind: str, studies: int, rounds: int, resamples: int, seed: int) -> Row:
    """Return how often planned studies of one kind say something false.

    Args:
        kind: of values, one of `KINDS`.
        studies: how many are simulated.
        rounds: of each.
        resamples: sign patterns drawn beyond 20 rounds.
        seed: of values and sign patterns.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), rounds])
    false_studies = covered = 0
    for size, chunk in _chunks(studies):
        differences = pair_differences(simulate(kind, size, rounds, rng))
        flips = sign_flip(differences, seed=seed + chunk, resamples=resamples, largest=1.0)
        corrected = holm(flips.p_value().reshape(size, len(PAIRS)))
        false_studies += int((corrected <= ALPHA).any(axis=1).sum())
        covered += _covering(flips)
    return {
        "values": kind,
        "rounds": rounds,
        "false_verdicts": false_studies / studies,
        "coverage": covered / (studies * len(PAIRS)),
        "held": kind in HELD,
    }


def _covering(flips: SignFlip) -> int:
    """Count the intervals that hold the true difference, 0."""
    low, high = flips.interval(ALPHA).T
    return int(((low <= 0) & (high >= 0)).sum())


def anytime(kind: str, studies: int, seed: int) -> Row:
    """Return how often anytime-valid studies say something false at any of `LOOKS` looks."""
    rng = np.random.default_rng([seed, KINDS.index(kind), LOOKS])
    any_false = single_false = 0
    for size, _ in _chunks(studies):
        differences = pair_differences(simulate(kind, size, LOOKS, rng))
        peak = log_evidence(differences.T).max(axis=0).reshape(size, len(PAIRS))
        # Holm rejects something exactly when the strongest comparison passes its first step.
        any_false += int((peak.max(axis=1) >= log(len(PAIRS) / ALPHA)).sum())
        single_false += int((peak >= log(1 / ALPHA)).sum())
    return {
        "values": kind,
        "looks": LOOKS,
        "false_verdicts": any_false / studies,
        "single_false": single_false / (studies * len(PAIRS)),
        "held": kind in HELD,
    }


def peeking(studies: int, resamples: int, seed: int) -> float:
    """Return the share of false verdicts of one comparison, planned test, looks at 10, 20 to 100.

    What the anytime-valid mode is for.
    """
    rng = np.random.default_rng([seed, 5])
    found = np.zeros(studies, dtype=bool)
    differences = pair_differences(simulate("normal", studies, 100, rng))[:: len(PAIRS)]
    for rounds in range(10, 101, 10):
        for start in range(0, studies, 100):
            part = slice(start, start + 100)
            flips = sign_flip(differences[part, :rounds], seed=seed, resamples=resamples)
            found[part] |= flips.p_value() <= ALPHA
    return float(found.mean())


def tail(kind: str, studies: int, rounds: int, resamples: int, seed: int) -> Row:
    """Return how often one comparison with a long tail is told falsely, planned and anytime-valid.

    Args:
        kind: of differences, one of `TAILS`.
        studies: how many are simulated.
        rounds: of each; the anytime-valid test looks after every one.
        resamples: sign patterns drawn beyond 20 rounds.
        seed: of differences and sign patterns.
    """
    rng = np.random.default_rng([seed, 7, TAILS.index(kind), rounds])
    differences = tailed_differences(kind, studies, rounds, rng)
    found = 0
    for start in range(0, studies, 100):
        part = differences[start : start + 100]
        flips = sign_flip(part, seed=seed + start, resamples=resamples, largest=1.0)
        found += int((flips.p_value() <= ALPHA).sum())
    looks = log_evidence(differences.T).max(axis=0) >= log(1 / ALPHA)
    return {
        "differences": kind,
        "rounds": rounds,
        "false_verdicts": found / studies,
        "anytime_false": float(looks.mean()),
    }


def shared(folds: int, repeats: int, studies: int, resamples: int, seed: int) -> Row:
    """Return how often cross-validation tells falsely: as independent rounds, and corrected."""
    rng = np.random.default_rng([seed, 8, folds, repeats])
    drawn = np.stack([fold_differences(folds, repeats, rng) for _ in range(studies)])
    ratio = Dependence("folds", (folds, repeats)).test_ratio or 0.0
    found = 0
    for start in range(0, studies, 100):
        part = drawn[start : start + 100]
        flips = sign_flip(part, seed=seed + start, resamples=resamples, largest=1.0)
        found += int((flips.p_value() <= ALPHA).sum())
    rows = [resampled_estimate(row, ratio, alpha=ALPHA, margin=None) for row in drawn]
    return {
        "folds": f"{folds}x{repeats}",
        "rounds": folds * repeats,
        "as_independent": found / studies,
        "corrected": sum(row.p_value <= ALPHA for row in rows) / studies,
    }


def power(rounds: int, comparisons: int, studies: int, resamples: int, seed: int) -> Row:
    """Return how often the difference said to be found with 80 % power is found.

    Once where the true spread is known, and once where a study goes by the upper limit of the
    spread that it has seen in as many rounds.
    """
    rng = np.random.default_rng([seed, 6, rounds, comparisons])
    row: Row = {"rounds": rounds, "comparisons": comparisons, "found": None, "found_seen": None}
    difference = detectable_difference(1.0, rounds, alpha=ALPHA, comparisons=comparisons)
    if difference is None:
        return row
    found = {"found": 0, "found_seen": 0}
    for size, chunk in _chunks(studies // STUDIES_AT_ONCE):
        normal = rng.standard_normal((size * STUDIES_AT_ONCE, rounds))
        seen = rng.standard_normal(normal.shape).std(axis=1, ddof=1, keepdims=True)
        for name, spread in (("found", 1.0), ("found_seen", spread_limit(1.0, rounds) * seen)):
            flips = sign_flip(normal + difference * spread, seed=seed + chunk, resamples=resamples)
            found[name] += int((flips.p_value() <= ALPHA / comparisons).sum())
    tried = studies // STUDIES_AT_ONCE * STUDIES_AT_ONCE
    return row | {name: count / tried for name, count in found.items()}


def _chunks(studies: int) -> Iterator[tuple[int, int]]:
    """Yield (studies in the chunk, the chunk's number)."""
    for number, start in enumerate(range(0, studies, STUDIES_AT_ONCE)):
        yield min(STUDIES_AT_ONCE, studies - start), number


def calibrate(studies: int = 2000, resamples: int = 9_999, seed: int = 2021) -> Row:
    """Run the whole calibration and return it as a JSON value.

    Args:
        studies: how many are simulated for each line, at least 1.
        resamples: sign patterns drawn beyond 20 rounds.
        seed: of everything.
    """
    return {
        "studies": studies,
        "comparisons": len(PAIRS),
        "resamples": resamples,
        "seed": seed,
        "alpha": ALPHA,
        "limits": {
            "false_verdicts": MOST_FALSE,
            "coverage": [LEAST_COVERAGE, MOST_COVERAGE],
            "anytime_false_verdicts": MOST_FALSE_ANYTIME,
        },
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "planned": [
            planned(kind, studies, rounds, resamples, seed) for kind in KINDS for rounds in ROUNDS
        ],
        "anytime": [anytime(kind, studies, seed) for kind in KINDS],
        "tails": [
            tail(kind, studies, rounds, resamples, seed) for kind in TAILS for rounds in ROUNDS[:2]
        ],
        "shared": [shared(*folds, studies, resamples, seed) for folds in FOLDS],
        "peeking": peeking(studies, resamples, seed),
        "power": [power(n, m, studies, resamples, seed) for m in (1, len(PAIRS)) for n in ROUNDS],
    }


def misses(result: Row) -> list[str]:
    """Return a sentence for each figure outside its limit."""
    found = []
    for row in result["planned"]:
        where = f"{row['values']}, {row['rounds']} rounds"
        if row["held"] and row["false_verdicts"] > MOST_FALSE:
            found.append(
                f"{where}: {_percent(row['false_verdicts'])} of studies with a false verdict"
            )
        if row["held"] and not LEAST_COVERAGE <= row["coverage"] <= MOST_COVERAGE:
            found.append(f"{where}: {_percent(row['coverage'])} of intervals cover")
    for row in result["anytime"]:
        if row["held"] and row["false_verdicts"] >= MOST_FALSE_ANYTIME:
            found.append(f"{row['values']}, anytime: {_percent(row['false_verdicts'])} false")
    for row in result.get("shared", ()):
        if row["corrected"] > MOST_FALSE:
            found.append(f"{row['folds']} folds: {_percent(row['corrected'])} false, corrected")
    return found


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def tables(result: Row) -> str:
    """Return the calibration as Markdown tables."""
    parts = {
        "planned": (
            ("values", "rounds", "false verdicts", "intervals that cover"),
            ("values", "rounds", "false_verdicts", "coverage"),
        ),
        "anytime": (
            ("values", "looks", "false verdicts", "one comparison alone"),
            ("values", "looks", "false_verdicts", "single_false"),
        ),
        "tails": (
            ("long tail", "rounds", "false verdicts", "anytime-valid"),
            ("differences", "rounds", "false_verdicts", "anytime_false"),
        ),
        "shared": (
            ("folds", "rounds", "false verdicts, as if independent", "corrected"),
            ("folds", "rounds", "as_independent", "corrected"),
        ),
        "power": (
            ("rounds", "comparisons", "found, spread known", "spread seen"),
            ("rounds", "comparisons", "found", "found_seen"),
        ),
    }
    shown = []
    for part, (header, names) in parts.items():
        rows = [
            (*(row[name] for name in names[:2]), *(_percent(row[name]) for name in names[2:]))
            for row in result[part]
            if row[names[2]] is not None
        ]
        shown.append("\n".join(Table.of(header, rows, right=REST).markdown()))
    return "\n\n".join(shown)


def main(arguments: list[str] | None = None) -> int:
    """Calibrate, write the JSON, print the tables; 1 if a figure misses its limit."""
    parser = argparse.ArgumentParser(description="Calibrate the statistics on simulated studies.")
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=9_999)
    parser.add_argument("--seed", type=int, default=2021)
    parser.add_argument("--output", type=Path, default=Path("results/calibration.json"))
    options = parser.parse_args(arguments)
    start = perf_counter()
    result = calibrate(options.studies, options.resamples, options.seed)
    seconds = perf_counter() - start
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(tables(result))
    print(f"\n{options.studies} studies a line, {seconds:.0f} s; written to {options.output}")
    missed = misses(result)
    print("\n".join(missed), file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
