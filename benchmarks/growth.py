"""How cost grows: along batch, width, depth and rounds, with competitors and with kept rounds.

    .venv/bin/python -m benchmarks.growth [--quick] [--output results/growth.json]

Training is measured beside its rivals, as `make bench ARGS="--only growth"` does. What answers from
kept rounds has no rival here: whole commands, from their start to their end, the fastest of two.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.system.processes import cpu_model
from benchmarks.__main__ import measure
from benchmarks.measure import Measured
from benchmarks.problem import SEED
from benchmarks.works import GROWTH

ROOT = Path(__file__).parents[1]
KEPT_ROUNDS = (100, 1000, 10_000, 100_000)
COMPETITORS = (2, 5, 10, 20, 50)

Line = dict[str, Any]


def training(found: Iterable[Measured]) -> list[Line]:
    """Return a line for each contender along each axis: values, and seconds a unit at best."""
    lines: dict[tuple[str, str], Line] = {}
    for one in found:
        title, value = one.work.title.rsplit(" ", 1)
        for name, timing in one.timings.items():
            start = {"title": title, "unit": one.work.unit, "contender": name}
            line = lines.setdefault((title, name), start | {"values": [], "seconds": []})
            line["values"].append(int(value))
            line["seconds"].append(timing.minimum)
    return list(lines.values())


def commands(quick: bool) -> Iterator[Line]:
    """Yield a line for each command along kept rounds, and along competitors."""
    rounds = KEPT_ROUNDS[:-1] if quick else KEPT_ROUNDS
    sizes = {"kept rounds": [(n, 2) for n in rounds], "competitors": [(30, k) for k in COMPETITORS]}
    for place, (title, pairs) in enumerate(sizes.items()):
        found = []
        for n, k in pairs:
            print(f"measuring: {n} rounds of {k} competitors ...", file=sys.stderr, flush=True)
            found.append(answered(n, k))
        for command in found[0]:
            start = {"title": f"answers, {title}", "unit": "command", "contender": command}
            values, seconds = [pair[place] for pair in pairs], [each[command] for each in found]
            yield start | {"values": values, "seconds": seconds}


def answered(rounds: int, competitors: int) -> dict[str, float]:
    """Keep made-up scores of so many rounds, and return the seconds of what answers from them."""
    rng = np.random.default_rng(SEED)
    noise = rng.normal(size=(rounds, 1)) + rng.normal(size=(rounds, competitors))
    scores = 0.9 + 0.01 * noise
    with tempfile.TemporaryDirectory(prefix="bakeoff-bench-") as folder:
        table, store = Path(folder, "scores.csv"), Path(folder, "kept.sqlite")
        names = ",".join(f"c{i}" for i in range(competitors))
        np.savetxt(table, scores, "%.4f", ",", header=names, comments="")
        _timed(["compare", str(table), "--save", str(store)])
        page = str(Path(folder, "page"))
        words = {"show": ["show"], "report": ["report", "--out", page]}
        return {
            command: min(_timed([*asked, "--store", str(store)]) for _ in range(2))
            for command, asked in words.items()
        }


def _timed(words: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "bakeoff", *words], check=True, capture_output=True
    )
    return time.perf_counter() - began


def main(words: list[str] | None = None) -> None:
    """Measure every line and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer samples, fewer kept rounds")
    parser.add_argument("--output", type=Path, default=ROOT / "results" / "growth.json")
    told = parser.parse_args(words)
    found = [one for one, _ in measure(GROWTH, quick=told.quick, full=False)]
    lines = [*training(found), *commands(told.quick)]
    document = {"machine": cpu_model(), "lines": lines}
    told.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
