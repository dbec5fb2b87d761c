"""Fill the tables of docs/ and README.md that are made from results/.

    .venv/bin/python tools/pages.py [PAGE ...]

A page's prose is written by hand, its numbers never: each table stands between two comments that
name it, and this tool replaces what is between them. A test compares. What writes the results:

    cluster    python -m benchmarks.cluster
    faults     make faults
    fuzz       make fuzz
    mutants    make mutants
    record     bakeoff run record --json results/record.json
    report     bakeoff run STUDY --json results/STUDY.json; make times
    speed      make bench ARGS="--full --json results/bench.json"
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attrs import frozen

import report_tables
from report_tables import table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results"
MARK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
Told = dict[str, Any]

# ---- docs/speed.md and README.md ---------------------------------------------------------------


def floors(rows: list[Told]) -> str:
    """Return the ratios that something is promised about."""
    from benchmarks.measure import floor_of, title_of

    lines = ["| work | beside | times faster | promised |", "| --- | --- | ---: | ---: |"]
    for row in rows:
        floor = floor_of(row["work"], row["rival"])
        if floor is not None:
            ratio, least = row["ratio_of_minima"], f"{floor.least:g}"
            lines.append(f"| {_work(row)} | {title_of(row['rival'])} | {ratio:.2f} | {least} |")
    return "\n".join(lines)


def everything(rows: list[Told]) -> str:
    """Return every ratio, with both times."""
    from benchmarks.measure import duration, title_of

    lines = [
        "| work | beside | its minimum | ours | ratio of minima | of medians |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {_work(row)} | {title_of(row['rival'])} | {duration(row['rival_seconds'])}"
        f" | {duration(row['ours_seconds'])} | {row['ratio_of_minima']:.2f}"
        f" | {row['ratio_of_medians']:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _work(row: Told) -> str:
    from benchmarks.works import WORKS

    return next(work.title for work in WORKS if work.name == row["work"])


# ---- docs/faults.md ----------------------------------------------------------------------------


def promised(told: Told) -> str:
    """Return what is promised under each fault."""
    pairs = dict.fromkeys((case["fault"], case["promised"]) for case in told["cases"])
    lines = [f"| {fault} | {promise} |" for fault, promise in pairs]
    return "\n".join(["| fault | promised |", "| --- | --- |", *lines])


def happened(told: Told) -> str:
    """Return what happened in each case, and on what machine."""
    lines = [
        "| fault | when | how the run ended | kept | lost | in flight | bits |",
        "| --- | --- | --- | ---: | ---: | ---: | --- |",
        *map(_line, told["cases"]),
    ]
    versions = ", ".join(f"{name} {number}" for name, number in told["versions"].items())
    where = f"{told['machine']}; {versions}; {told['date']}."
    made_up = " Rounds were made up rather than trained." * told["made_up"]
    return "\n".join([*lines, "", f"{verdict(told)} {where}{made_up}"])


def _line(case: Told) -> str:
    start = f"| {case['fault']} | {case['moment']} |"
    if case["not_here"]:
        return f"{start} not possible on this machine: {case['not_here']} | | | | |"
    ended = "; ".join([case["happened"], *(f"BROKEN: {words}" for words in case["broken"])])
    bits = "same" if case["same"] else "OTHER"
    return f"{start} {ended} | {case['kept']} | {case['lost']} | {case['in_flight']} | {bits} |"


def verdict(told: Told) -> str:
    """Return how many cases passed."""
    failed = sum(bool(case["broken"]) for case in told["cases"])
    elsewhere = sum(bool(case["not_here"]) for case in told["cases"])
    passed = len(told["cases"]) - failed - elsewhere
    return f"{passed} passed, {failed} failed{f', {elsewhere} not possible' * bool(elsewhere)}."


# ---- docs/security.md --------------------------------------------------------------------------


def doors(rows: list[dict[str, Any]]) -> str:
    """Return a line for each door."""
    return table(
        ("what comes in", "cases", "taken", "refused", "slowest", "memory"),
        (
            (
                row["title"],
                *(f"{row[name]:,}" for name in ("cases", "accepted", "refused")),
                f"{1000 * row['worst_seconds']:.0f} ms",
                f"{row['grown_mib']} MiB",
            )
            for row in rows
        ),
    )


# ---- docs/mutants.md ---------------------------------------------------------------------------


def reasons() -> dict[str, str]:
    """Return why mutants may survive, by their keys; many mutants may share a reason."""
    groups = tomllib.loads((ROOT / "tools" / "mutants.toml").read_text(encoding="utf-8"))["reason"]
    return {key: group["why"] for group in groups for key in group["mutants"]}


def mutants(told: Told) -> str:
    """Return how many mutants the tests caught, and why the others got past them."""
    verdicts, rows = told["verdicts"], []
    packages = sorted({one["file"].split("/")[2] for one in verdicts})
    for package in (*packages, ""):
        prefix = f"src/bakeoff/{package}/" if package else ""
        found = [one["killed"] for one in verdicts if one["file"].startswith(prefix)]
        counts = (len(found), sum(found), len(found) - sum(found))
        share = f"{100 * sum(found) / len(found):.1f} %"
        rows.append((f"`{package}`" if package else "all", *map(str, counts), share))
    summary = table(("package", "mutants", "killed", "survived", "killed, %"), rows)
    drawn = (
        f"{len(verdicts)} of {told['mutants']:,} mutants, drawn with seed {told['seed']}; "
        f"{told['seconds'] / 60:.0f} minutes with two processes."
    )
    return "\n\n".join([summary, drawn, survivors(verdicts, reasons())])


def mutant_key(one: Told) -> str:
    """Return what a mutant is told by while the lines around it change."""
    return f"{one['file']} {one['function']}: {one['before']} -> {one['after']}"


def survivors(verdicts: list[Told], why: Mapping[str, str]) -> str:
    """Return the mutants that no test noticed."""
    rows = []
    for one in (one for one in verdicts if not one["killed"]):
        before, after = map(_code, differing(one["before"], one["after"]))
        place = f"`{one['file'].removeprefix('src/bakeoff/')}:{one['line']}` {one['function']}"
        rows.append((place, f"{before} → {after}", why.get(mutant_key(one), "not known yet")))
    header = ("where", "mistake", "why no test fails")
    return table(header, rows) if rows else "No mutant survived."


def differing(before: str, after: str, around: int = 24) -> tuple[str, str]:
    """Return two texts without most of what they begin and end with alike."""
    if max(len(before), len(after)) <= 60:
        return before, after
    start = _alike(before, after)
    end = min(_alike(before[::-1], after[::-1]), len(before) - start, len(after) - start)

    def cut(text: str) -> str:
        low, high = max(start - around, 0), min(len(text) - end + around, len(text))
        return ("…" if low else "") + text[low:high] + ("…" if high < len(text) else "")

    return cut(before), cut(after)


def _alike(a: str, b: str) -> int:
    """Return how many characters two texts begin with alike."""
    return next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def _code(text: str) -> str:
    return "`" + " ".join(text.split()).replace("|", "\\|") + "`"


# ---- docs/cluster.md ---------------------------------------------------------------------------


@frozen
class Costs:
    """What was measured, in seconds; see benchmarks/cluster.py.

    Attributes:
        machine: the CPU.
        versions: of what shapes the costs.
        competitors: of the study that is reckoned with.
        rounds: of each of them, one task a round.
        round_seconds: of a round of the ablation.
        attach: for the parent to attach.
        keep: to write a result to the store.
        parent: of the parent a task, by the number of workers, without the cluster.
        client: of the parent a task, to send it and receive its result.
        scheduler: of the scheduler a task.
    """

    machine: str
    versions: dict[str, str]
    competitors: int
    rounds: int
    round_seconds: float
    attach: float
    keep: float
    parent: dict[int, float]
    client: float
    scheduler: float

    @property
    def tasks(self) -> int:
        """How many tasks the study has."""
        return self.competitors * self.rounds

    def parents(self, workers: int) -> float:
        """Return the parent's seconds a task in all."""
        return self.parent[workers] + self.client

    def whole(self, workers: int, seconds: float) -> float:
        """Return the seconds that the study takes: all go on at once, the slowest decides."""
        slowest = max(seconds / workers, self.parents(workers), self.scheduler)
        return self.attach + self.tasks * slowest


def costs_of(told: Told) -> Costs:
    """Return what a file of measurements says."""
    return Costs(
        machine=told["machine"],
        versions=told["versions"],
        competitors=told["competitors"],
        rounds=told["rounds"],
        round_seconds=told["round_seconds"],
        attach=told["cluster"]["attach_cpu_seconds"],
        keep=told["store_seconds_a_result"],
        parent={int(n): value for n, value in told["parent_seconds_a_task"].items()},
        client=told["cluster"]["parent_seconds_a_task"],
        scheduler=told["cluster"]["scheduler_seconds_a_task"],
    )


def measured(costs: Costs) -> str:
    """Return what was measured."""
    rows = [
        ("the parent: to attach to two workers, once", f"{1000 * costs.attach:.0f} ms"),
        ("the parent: to send a task and receive its result", _ms(costs.client)),
        ("the scheduler: to hand a task on", _ms(costs.scheduler)),
    ]
    rows += [
        (f"the parent: to choose, keep and watch a task of {workers:,} in flight", _ms(seconds))
        for workers, seconds in costs.parent.items()
    ]
    rows.append(("of that, to write a result to the store", _ms(costs.keep)))
    told = ", ".join(f"{name} {number}" for name, number in costs.versions.items())
    return f"{table(('what', 'processor time'), rows)}\n\n{costs.machine}; {told}."


def reckoned(costs: Costs) -> str:
    """Return how long the study takes."""
    rows = []
    for seconds in (costs.round_seconds, 10.0, 60.0):
        for workers in costs.parent:
            training = costs.tasks * seconds / workers
            whole = costs.whole(workers, seconds)
            rows.append(
                (
                    f"{seconds:.3g} s",
                    f"{workers:,}",
                    _time(training),
                    _time(costs.tasks * costs.parents(workers)),
                    _time(costs.tasks * costs.scheduler),
                    _time(whole),
                    f"{100 * training / whole:.0f} %",
                )
            )
    header = ("a round", "workers", "training", "parent", "scheduler", "whole", "workers busy")
    return table(header, rows)


def limits(costs: Costs) -> str:
    """Return where the parent becomes the bottleneck."""
    rows = [
        (
            f"{workers:,}",
            f"{1 / costs.parents(workers):.0f}",
            f"{workers * costs.parents(workers):.2g} s",
        )
        for workers in costs.parent
    ]
    header = ("workers", "tasks a second, at most", "the parent decides if a round is shorter than")
    return table(header, rows)


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


# ---- all ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A page, and what its tables are made of.

    Attributes:
        paths: of the texts, from the root.
        source: a file in results/, or "" for the whole folder.
        tables: what makes each table, by its name.
        read: makes of the file's JSON, or of the folder, what the tables are made of.
    """

    paths: tuple[str, ...]
    source: str
    tables: Mapping[str, Callable[[Any], str]]
    read: Callable[[Any], Any] = lambda told: told


PAGES = {
    "cluster": Page(
        ("docs/cluster.md",),
        "cluster.json",
        {"measured": measured, "reckoned": reckoned, "limits": limits},
        costs_of,
    ),
    "faults": Page(
        ("docs/faults.md",), "faults.json", {"promised": promised, "happened": happened}
    ),
    "fuzz": Page(("docs/security.md",), "fuzz.json", {"doors": doors}),
    "mutants": Page(("docs/mutants.md",), "mutants.json", {"results": mutants}),
    "record": Page(("docs/record.md",), "", report_tables.RECORD_PAGE, report_tables.Runs),
    "report": Page(("docs/report.md",), "", report_tables.REPORT_PAGE, report_tables.Runs),
    "speed": Page(
        ("README.md", "docs/speed.md"),
        "bench.json",
        {"promised": floors, "everything": everything},
    ),
}


def filled(name: str, text: str, folder: Path = RESULTS) -> str:
    """Return a page's text with its tables made anew from what is in a folder."""
    page = PAGES[name]
    path = folder / page.source
    told = json.loads(path.read_text(encoding="utf-8")) if page.source else folder
    made = page.read(told)
    return MARK.sub(lambda mark: f"{mark[1]}\n{page.tables[mark[2]](made)}\n\n{mark[3]}", text)


def main() -> None:
    """Write the pages."""
    sys.path.insert(0, str(ROOT))  # for benchmarks
    parser = argparse.ArgumentParser(description="Fill the tables of docs/ from results/.")
    parser.add_argument("pages", nargs="*", choices=[[], *PAGES], metavar="PAGE")
    for name in parser.parse_args().pages or PAGES:
        for path in map(ROOT.joinpath, PAGES[name].paths):
            path.write_text(filled(name, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
