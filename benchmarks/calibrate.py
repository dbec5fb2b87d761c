"""Calibration: simulated studies in which nothing differs, and how often a verdict says otherwise.

    python -m benchmarks.calibrate

Each study has six competitors, hence 15 pairs, all declared. A round moves all six alike, as shared
data do, and each by itself; in truth they are equal. Counted are studies with a false verdict after
Holm's correction, and intervals that hold the true difference 0.

Four kinds of values: `normal`; `skewed` (a long tail of bad rounds); `tied` (accuracies of 1,000
test examples, of which few differ); and `unlike` (three competitors normal, three skewed, with
equal means), which breaks the test's assumption that differences are symmetric, and is reported
without being held to a limit.

The other kinds (`KINDS_OF_PAIRS`) have one comparison a study, whose competitors are equal on the
average. They show what a test's assumptions are worth: differences with a long tail to one side,
failures, rounds that are not independent. Where a test promises nothing (`PROMISED`) its line
is held to no limit, and of its false verdicts it is counted how many carried a note that warns.

Folds are real ones: two nearest-centroid classifiers, each on five features of its own that are
drawn alike, so that neither is better over all data sets. Each study draws one set of 200 examples
and cross-validates both on the same folds.
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
from scipy.signal import lfilter
from scipy.special import ndtri

from bakeoff.statistics.analysis import analyse
from bakeoff.statistics.betting import log_wealth
from bakeoff.statistics.dependence import FIXED_TEST, Dependence, Mode
from bakeoff.statistics.describe import Array
from bakeoff.statistics.estimate import resampled_estimate
from bakeoff.statistics.failures import won
from bakeoff.statistics.holm import holm
from bakeoff.statistics.power import detectable_difference, spread_limit
from bakeoff.statistics.sequential import log_evidence
from bakeoff.statistics.signflip import SignFlip, sign_flip
from bakeoff.tables import REST, Table

KINDS = ("normal", "skewed", "tied", "unlike")
HELD = ("normal", "skewed", "tied")
SYMMETRIC = ("normal", "tied", "failing, lost", "10 tasks, their means")
SKEWED = ("exponential", "lognormal", "rare failures", "failing, counts as 0")
DEPENDENT = ("10x1 folds", "10x10 folds", "one test set", "following", "10 tasks as rounds")
KINDS_OF_PAIRS = (*SYMMETRIC, *SKEWED, *DEPENDENT)
PROMISED = {
    "planned": SYMMETRIC,
    "anytime": SYMMETRIC,
    "careful": (*SYMMETRIC, *SKEWED),
    "resampled": ("10x1 folds", "10x10 folds"),
}
PAIRS = tuple(combinations(range(6), 2))
FOLDS = {"10x1 folds": 1, "10x10 folds": 10}  # how often ten of them are drawn
TASKS = 10
CASES = (
    *((kind, n) for kind in (*SYMMETRIC[:3], *SKEWED) for n in (10, 30, 300)),
    *(("10x1 folds", 10), ("10x10 folds", 100), ("one test set", 30), ("following", 30)),
    *(("following", 300), ("10 tasks as rounds", 100), ("10 tasks, their means", 10)),
)
WARNED = 100  # false verdicts whose notes are looked at
NAMES = ("first", "second")
EXAMPLES, FEATURES = 200, 5
ROUNDS = (10, 30, 100)
ALPHA = 0.05
MOST_FALSE = 0.063
LAST = ("careful", "resampled")
FALSE = ("false_verdicts", "single_false", "planned", "anytime", *LAST)
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


def simulate_pairs(kind: str, studies: int, rounds: int, rng: np.random.Generator) -> Array:
    """Return values (studies, rounds, 2) of two competitors that are equal in truth, NaN: failed.

    Args:
        kind: one of `KINDS_OF_PAIRS`. The second of "rare failures" is right on 99.5 % of 2,000
            examples, but 5 points less in 1 round of 20, the first on 99.25 %. Of those failing,
            the second fails in 1 round of 20, which counts as 0, or in 1 of 5, which it loses, and
            is better in the rest. "One test set" has 1,000 examples, which either gets right with a
            chance of its own. Differences following one another correlate by 0.5 from each round to
            the next. Tasks have a difference each, of mean 0.
        studies: how many.
        rounds: of each.
        rng: where the numbers come from.
    """
    if kind in FOLDS:
        return np.stack([fold_accuracies(TASKS, FOLDS[kind], rng) for _ in range(studies)])
    size = (studies, rounds)
    if kind == "rare failures":
        chance = 0.995 - np.where(rng.random(size) < 1 / 20, 0.05, 0.0)
        counts = (rng.binomial(2000, 0.9925, size), rng.binomial(2000, chance))
        return np.stack(counts, axis=2) / 2000
    if kind == "one test set":
        chances = rng.beta(6, 1, (studies, 1, 2, 1000))
        spread = ((chances * (1 - chances)).mean(axis=3) / 1000) ** 0.5
        return np.asarray(rng.normal(chances.mean(axis=3), spread, (*size, 2)).round(3))
    values = rng.normal(0.86, 0.012, (*size, 1)) + rng.normal(0, 0.012, (*size, 2))
    first, second = values[..., 0], values[..., 1]
    if kind == "tied":
        values = simulate("tied", studies, rounds, rng)[..., :2]
    elif kind == "exponential":
        second[:] = first + 0.012 * (1 - rng.exponential(1.0, size))
    elif kind == "lognormal":
        second[:] = first + 0.005 * (np.exp(0.5) - rng.lognormal(0.0, 1.0, size))
    elif kind == "failing, counts as 0":
        first *= 1 - 1 / 20
        second[rng.random(size) < 1 / 20] = np.nan
    elif kind == "failing, lost":  # ahead in 5 of 8 rounds, and so in 1 of 2 of all
        second += 0.012 * 2**0.5 * ndtri(5 / 8)
        second[rng.random(size) < 1 / 5] = np.nan
    elif kind == "following":
        normal = rng.normal(0, 0.012, (studies, rounds + 100))
        second[:] = first + lfilter([1], [1, -0.5], normal)[:, 100:]
    elif "tasks" in kind:
        seeds = 100 // TASKS
        values = rng.normal(0.86, 0.012, (studies, TASKS, seeds, 2))
        values += rng.normal(0, 0.012, (studies, TASKS, 1, 2))
        values = values.mean(axis=2) if rounds == TASKS else values.reshape(studies, 100, 2)
    return values


def fold_accuracies(folds: int, repeats: int, rng: np.random.Generator) -> Array:
    """Return the accuracies (folds · repeats, 2) of two equally good classifiers.

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
            found.append(((near[1] < near[0]) == classes[tested]).mean(axis=1))
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
    any_false = single_false = careful = 0
    for size, _ in _chunks(studies):
        differences = pair_differences(simulate(kind, size, LOOKS, rng))
        peak = log_evidence(differences.T).max(axis=0).reshape(size, len(PAIRS))
        # Holm rejects something exactly when the strongest comparison passes its first step.
        any_false += int((peak.max(axis=1) >= log(len(PAIRS) / ALPHA)).sum())
        single_false += int((peak >= log(1 / ALPHA)).sum())
        sides = (log_wealth(1 + side * differences.T).max(axis=0) for side in (1, -1))
        peak = np.maximum(*sides).reshape(size, len(PAIRS)).max(axis=1)
        careful += int((peak >= log(2 * len(PAIRS) / ALPHA)).sum())
    return {
        "values": kind,
        "looks": LOOKS,
        "false_verdicts": any_false / studies,
        "single_false": single_false / (studies * len(PAIRS)),
        "careful": careful / studies,
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


def pair(kind: str, rounds: int, studies: int, resamples: int, seed: int) -> Row:
    """Return how often one comparison is told falsely by each test, and how often with a warning.

    Args:
        kind: one of `KINDS_OF_PAIRS`.
        rounds: of each; the anytime-valid and the careful test look after every one.
        studies: how many are simulated.
        resamples: sign patterns drawn beyond 20 rounds.
        seed: of values and sign patterns.
    """
    rng = np.random.default_rng([seed, 7, KINDS_OF_PAIRS.index(kind), rounds])
    values = simulate_pairs(kind, studies, rounds, rng)
    counts_as = 0.0 if kind == "failing, counts as 0" else np.nan
    first, second = np.moveaxis(np.where(np.isnan(values), counts_as, values), 2, 0)
    lost = kind == "failing, lost"
    rows = won(second, first, larger_is_better=True) if lost else second - first
    p_values = [
        sign_flip(
            rows[start : start + 100], seed=seed + start, resamples=resamples, largest=1.0
        ).p_value()
        for start in range(0, studies, 100)
    ]
    tickets = np.maximum(log_wealth(1 + rows.T).max(axis=0), log_wealth(1 - rows.T).max(axis=0))
    found: dict[Mode, Any] = {
        "planned": np.concatenate(p_values) <= ALPHA,
        "anytime": log_evidence(rows.T).max(axis=0) >= log(1 / ALPHA),
        "careful": tickets >= log(2 / ALPHA),
    }
    row: Row = {"values": kind, "rounds": rounds, "resampled": None}
    for mode, false in found.items():
        told = [
            _warns(values[study], kind, mode, None if np.isnan(counts_as) else counts_as)
            for study in np.flatnonzero(false)[:WARNED]
        ]
        row |= {
            mode: float(false.mean()),
            f"{mode}_warned": sum(told) / len(told) if told else None,
        }
    if kind in FOLDS:
        ratio = Dependence("folds", (10, FOLDS[kind])).test_ratio or 0.0
        corrected = [resampled_estimate(r, ratio, alpha=ALPHA, margin=None) for r in rows]
        row["resampled"] = sum(found.p_value <= ALPHA for found in corrected) / studies
    row["promised"] = [mode for mode, kinds in PROMISED.items() if kind in kinds]
    return row


def _warns(values: Array, kind: str, mode: Mode, counts_as: float | None) -> bool:
    """Tell whether the analysis of a study's values carries a note that warns.

    That its rounds share a test set is known to the user of "one test set", and told.
    """
    pairs = [(NAMES[1], NAMES[0])]
    analysis = analyse(values, NAMES, pairs, mode=mode, resamples=999, failure_counts_as=counts_as)
    shared = FIXED_TEST.notes if kind == "one test set" else ()
    return bool(analysis.notes or analysis.comparisons[0].notes or shared)


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
        "pairs": [pair(*case, studies, resamples // 4, seed) for case in CASES],
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
    for row in result.get("pairs", ()):
        for mode in row["promised"]:
            if row[mode] > MOST_FALSE:
                where = f"{row['values']}, {row['rounds']} rounds, {mode}"
                found.append(f"{where}: {_percent(row[mode])} false")
    return found


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _cell(name: str, share: float | None) -> str:
    """Return a share as a table shows it, a share of false verdicts over its promise in red."""
    red = name in FALSE and share is not None and share > MOST_FALSE
    return f"{'🔴 ' * red}{_percent(share)}"


def tables(result: Row) -> str:
    """Return the calibration as Markdown tables."""
    parts = {
        "planned": (
            ("values", "rounds", "false verdicts", "intervals that cover"),
            ("values", "rounds", "false_verdicts", "coverage"),
        ),
        "anytime": (
            ("values", "looks", "false verdicts", "one comparison alone", "careful"),
            ("values", "looks", "false_verdicts", "single_false", "careful"),
        ),
        "pairs": (
            ("one comparison", "rounds", *("planned", "warned", "anytime", "warned"), *LAST),
            ("values", "rounds", "planned", "planned_warned", "anytime", "anytime_warned", *LAST),
        ),
        "power": (
            ("rounds", "comparisons", "found, spread known", "spread seen"),
            ("rounds", "comparisons", "found", "found_seen"),
        ),
    }
    shown = []
    for part, (header, names) in parts.items():
        rows = [
            (*(row[name] for name in names[:2]), *(_cell(name, row[name]) for name in names[2:]))
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
