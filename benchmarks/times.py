"""Time the networks behind the report's claims on time, in turn; writes results/times.json.

    .venv/bin/python -m benchmarks.times [--repeats 9] [--output results/times.json]

One process on one core trains short rounds, the two networks of a claim one right after the other,
and in the other order next time, so that what disturbs one disturbs the other alike. A claim's
ratio is the geometric mean of the repeats' ratios, with Student's t interval of their logarithms.
Seconds are those of a study: training and evaluation, without the making of data and plans. It
wants a quiet machine and takes half an hour.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tomllib
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import attrs
import torch

from bakeoff.statistics.describe import t_interval
from bakeoff.study.machine import this_machine
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.studies import find_study
from bakeoff.training.trainer import train_group

ROOT = Path(__file__).parents[1]
EPOCHS = {"deep": 2, "published-deep": 2}
SIMPLE_EPOCHS = 10


def timed(study: NetworkStudy, competitor: str, round_: int) -> float:
    """Train one round of one competitor and return its seconds."""
    (result,) = train_group(study, study.network(competitor), round_)
    return result.seconds


def time_pair(name: str, a: str, b: str, repeats: int, epochs: int) -> dict[str, Any]:
    """Time two competitors of a study in turn.

    Args:
        name: the study.
        a: a competitor of it.
        b: another.
        repeats: how often each is timed, at least 2.
        epochs: of each timing.

    Returns:
        Their seconds an epoch, and the ratio of a to b.
    """
    study = find_study(name).with_recipe(epochs=epochs)
    seconds: dict[str, list[float]] = {a: [], b: []}
    for repeat in range(repeats):
        for one in (a, b) if repeat % 2 == 0 else (b, a):
            seconds[one].append(timed(study, one, repeat) / epochs)
    logs = [math.log(x / y) for x, y in zip(seconds[a], seconds[b], strict=True)]
    mean = fmean(logs)
    interval = t_interval(mean, stdev(logs) / math.sqrt(repeats), repeats - 1, 0.95)
    told = {"study": name, "a": a, "b": b, "epochs": epochs}
    told |= {"seconds_a": seconds[a], "seconds_b": seconds[b]}
    ends = {"ratio": mean, "low": interval.low, "high": interval.high}
    return told | {name: math.exp(logarithm) for name, logarithm in ends.items()}


def main(words: list[str] | None = None) -> None:
    """Time every claim and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "times.json")
    told = parser.parse_args(words)
    if told.repeats < 2:
        parser.error(f"--repeats: got {told.repeats}, expected at least 2")
    torch.set_num_threads(1)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-1:])
    claims = tomllib.loads((ROOT / "tools" / "report.toml").read_text(encoding="utf-8"))["times"]
    pairs = []
    for _, _, study, a, b in claims:
        pairs.append(time_pair(study, a, b, told.repeats, EPOCHS.get(study, SIMPLE_EPOCHS)))
        print(f"{a} / {b}: {pairs[-1]['ratio']:.3f}", flush=True)
    document = {"machine": attrs.asdict(this_machine()), "pairs": pairs}
    told.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
