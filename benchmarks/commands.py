"""Whole commands beside each other: `bakeoff run` against a PyTorch script of the same rounds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.interleave import check_agreement
from benchmarks.measure import Measured, Timing, title_of
from benchmarks.works import OURS, BenchError, Work

STUDY = """\
name = "bench"
question = "How long does it take?"
rounds = {rounds}
seed = 0
comparisons = [["model2", "model1"]]
competitors = [{{ name = "model1" }}, {{ name = "model2" }}]
"""
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def measure_commands(work: Work, rounds: int, repeats: int) -> Measured:
    """Run ours and the rivals' commands in turn, from start to end.

    Every process may use all cores that this one may; the rivals' threads are PyTorch's choice.

    Args:
        work: the commands.
        rounds: of each network, 25 epochs each. Few rounds understate us where starting the
            workers counts, so promises are about the full 30.
        repeats: how often each is run.

    Raises:
        BenchError: if a command fails, or a rival trains something else than we do.
    """
    samples: dict[str, list[float]] = {name: [] for name in (OURS, *work.rivals)}
    for _ in range(repeats):
        losses: dict[str, list[float]] = {}
        for name, times in samples.items():
            with tempfile.TemporaryDirectory(prefix="bakeoff-bench-") as folder:
                place = Path(folder)
                times.append(_timed(name, command(name, rounds, place), place))
                losses[name] = first_losses((place / "out.json").read_text(encoding="utf-8"))
        check_agreement(work, losses)
    title = work.title.replace("25 epochs", f"{rounds} rounds × 25 epochs")
    timings = {name: Timing(times, 0.0) for name, times in samples.items()}
    return Measured(replace(work, title=title), timings, {})


def command(name: str, rounds: int, place: Path) -> list[str]:
    """Return a contender's command; it writes `out.json` in the folder `place`.

    Raises:
        BenchError: for a contender that has no command.
    """
    words = ["-m", "benchmarks.rivals.ablation", "--rounds", str(rounds)]
    if name == OURS:
        study, store = place / "study.toml", place / "store.sqlite"
        study.write_text(STUDY.format(rounds=rounds), encoding="utf-8")
        words = ["-m", "bakeoff", "run", str(study), "--store", str(store)]
    elif name == "pytorch-two-workers":
        words += ["--workers", "2"]
    elif name != "pytorch-loop":
        raise BenchError(f"bench: {name} is no whole command")
    return [sys.executable, *words, "--json", str(place / "out.json")]


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


def first_losses(document: str) -> list[float]:
    """Return the mean loss of the first epoch, network by network and round by round.

    Args:
        document: JSON of `bakeoff run`, or of the rival's script.
    """
    told = [
        (competitor["name"], round_["round"], round_["curves"]["train_loss"][0])
        for competitor in json.loads(document)["competitors"]
        for round_ in competitor["rounds"]
    ]
    return [loss for _, _, loss in sorted(told)]
