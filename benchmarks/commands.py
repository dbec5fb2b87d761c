"""Whole commands beside each other: `bakeoff run` against a PyTorch script of the same rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.contender import BenchError
from benchmarks.interleave import check_agreement
from benchmarks.measure import Measured, Timing, title_of
from benchmarks.works import OURS, Work

STUDY = """\
name = "bench"
question = "How long does it take?"
rounds = {rounds}
seed = 0
comparisons = [["model2", "model1"]]

[[competitors]]
name = "model1"
network = "model1"

[[competitors]]
name = "model2"
network = "model2"
"""
RIVAL = ("-m", "benchmarks.rivals.ablation")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Scale:
    """How much of the study to run.

    Attributes:
        rounds: of each network, 25 epochs each. Few rounds understate us where starting the
            workers counts, so promises are about the full 30.
        repeats: how often, in turn with the rivals.
    """

    rounds: int
    repeats: int


FULL = Scale(rounds=30, repeats=1)
SCALED = Scale(rounds=6, repeats=2)
QUICK_SCALE = Scale(rounds=2, repeats=1)


def measure_commands(work: Work, scale: Scale) -> Measured:
    """Run ours and the rivals' commands in turn, from start to end.

    Every process may use all cores that this one may; the rivals' threads are PyTorch's choice.

    Raises:
        BenchError: if a command fails, or a rival trains something else than we do.
    """
    samples: dict[str, list[float]] = {name: [] for name in (OURS, *work.rivals)}
    with tempfile.TemporaryDirectory(prefix="bakeoff-bench-") as folder:
        for repeat in range(scale.repeats):
            losses: dict[str, list[float]] = {}
            for name, times in samples.items():
                place = Path(folder, f"{repeat}-{name}")
                place.mkdir()
                times.append(_timed(name, command(name, scale, place), place))
                losses[name] = first_losses(place / "out.json")
            check_agreement(work, losses)
    title = work.title.replace("25 epochs", f"{scale.rounds} rounds × 25 epochs")
    timings = {name: Timing(tuple(times), 0.0) for name, times in samples.items()}
    return Measured(replace(work, title=title), timings, {})


def command(name: str, scale: Scale, place: Path) -> list[str]:
    """Return a contender's command; it writes `out.json` in the folder `place`.

    Raises:
        BenchError: for a contender that has no command.
    """
    out, rounds = str(place / "out.json"), str(scale.rounds)
    if name == OURS:
        study = place / "study.toml"
        study.write_text(STUDY.format(rounds=rounds), encoding="utf-8")
        run = ["run", str(study), "--store", str(place / "store.sqlite"), "--json", out]
        return [sys.executable, "-c", "from bakeoff.cli import main; main()", *run]
    if name == "pytorch-loop":
        return [sys.executable, *RIVAL, "--rounds", rounds, "--json", out]
    if name == "pytorch-two-workers":
        return [sys.executable, *RIVAL, "--rounds", rounds, "--json", out, "--workers", "2"]
    raise BenchError(f"bench: {name} is no whole command")


def _timed(name: str, words: list[str], place: Path) -> float:
    environment = {k: v for k, v in os.environ.items() if k not in THREAD_VARIABLES}
    environment["PYTHONPATH"] = str(Path(__file__).parents[1])  # where the rival's script is
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - the words are written above
        words, cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise BenchError(f"bench: {title_of(name)} ended with code {done.returncode}: {last}")
    return seconds


def first_losses(path: Path) -> list[float]:
    """Return the mean loss of the first epoch, network by network and round by round.

    Args:
        path: JSON of `bakeoff run`, or of the rival's script.
    """
    document = json.loads(path.read_text(encoding="utf-8"))
    if "competitors" not in document:
        return [curve[0] for network in sorted(document) for curve in document[network]]
    competitors = sorted(document["competitors"], key=lambda competitor: competitor["name"])
    return [
        round_["curves"]["train_loss"][0]
        for competitor in competitors
        for round_ in sorted(competitor["rounds"], key=lambda one: one["round"])
    ]
