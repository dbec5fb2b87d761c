"""Fill the tables of docs/ and README.md that are made from results/.

    .venv/bin/python tools/pages.py [PAGE ...]

A page's prose is written by hand, its numbers never: each table stands between two comments that
name it, and this tool replaces what is between them. A test compares. What writes the results:

    cluster    python -m benchmarks.cluster
    faults     make faults
    fuzz       make fuzz
    mutants    make mutants
    noise      bakeoff noise ablation --only model1 --only model2 --format json
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
from math import log
from os.path import commonprefix
from pathlib import Path
from statistics import linear_regression
from typing import Any, NamedTuple

import report_tables
from report_tables import table, versions

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from benchmarks.measure import FLOORS, duration, title_of  # noqa: E402
from benchmarks.works import CONTENDERS, OURS, WORKS  # noqa: E402

RESULTS = ROOT / "results"
MARK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
Told = dict[str, Any]

# ---- docs/speed.md and README.md ---------------------------------------------------------------


def floors(rows: list[Told]) -> str:
    """Return the ratios that something is promised about, on each machine that was measured."""
    machines = list(dict.fromkeys(row["machine"] for row in rows))
    found = {(row["machine"], row["work"], row["rival"]): row for row in rows}
    cells = []
    for promised, floor in FLOORS.items():
        on = [found.get((machine, *promised)) for machine in machines]
        ratios = (_ratio(row, "minima") if row else "–" for row in on)
        cells.append((*_titles(next(filter(None, on))), *ratios, f"{floor.least:g}"))
    return table(("work", "beside", *(f"{m}:" for m in machines), "promised:"), cells)


def everything(rows: list[Told]) -> str:
    """Return every ratio, with both times."""
    times = [map(duration, (row["rival_seconds"], row["ours_seconds"])) for row in rows]
    cells = (
        (*_titles(row), row["machine"], *both, _ratio(row, "minima"), _ratio(row, "medians"))
        for row, both in zip(rows, times, strict=True)
    )
    heads = ("work", "beside", "on", "its minimum:", "ours:", "ratio of minima:", "of medians:")
    return table(heads, cells)


def _titles(row: Told) -> tuple[str, ...]:
    return next(w.title for w in WORKS if w.name == row["work"]), title_of(row["rival"])


def _ratio(row: Told, of: str) -> str:
    return f"{row[f'ratio_of_{of}']:.2f}"


def growth(told: Told) -> str:
    """Return how each line of growth rises, and where a rival's lies below ours."""
    lines = told["lines"]
    ours = {line["title"]: line for line in lines if line["contender"] in (OURS, "show")}
    rows = []
    for line in lines:
        with_ours = zip(line["seconds"], ours[line["title"]]["seconds"], strict=True)
        ratios = [theirs / our for theirs, our in with_ours]
        faster = [str(n) for n, r in zip(line["values"], ratios, strict=True) if r < 1]
        rival = line["contender"] in CONTENDERS and line["contender"] != OURS
        first, last = (f"{duration(line['seconds'][i])} at {line['values'][i]}" for i in (0, -1))
        name = (
            title_of(line["contender"])
            if line["contender"] in CONTENDERS
            else f"`{line['contender']}`"
        )
        ends = (f"{ratios[0]:.2f}, {ratios[-1]:.2f}", ", ".join(faster) or "nowhere")
        rows.append(
            (line["title"], name, first, last, f"{slope(line):.2f}", *(ends if rival else ("", "")))
        )
    heads = (
        "along",
        "who",
        "first",
        "last",
        "slope:",
        "times ours, first and last",
        "faster than ours at",
    )
    return f"{table(heads, rows)}\n\nOne core of {told['machine']}."


def slope(line: Told) -> float:
    """Return the exponent of cost in what grows: of seconds' logarithm, by least squares."""
    return linear_regression(*(list(map(log, line[of])) for of in ("values", "seconds"))).slope


# ---- docs/faults.md ----------------------------------------------------------------------------


def promised(told: Told) -> str:
    """Return what is promised under each fault."""
    pairs = dict.fromkeys((case["fault"], case["promised"]) for case in told["cases"])
    return table(("fault", "promised"), pairs)


def happened(told: Told) -> str:
    """Return what happened in each case, and on what machine."""
    header = ("fault", "when", "how the run ended", "kept:", "lost:", "in flight:", "bits")
    made_up = " Rounds were made up rather than trained." * told["made_up"]
    where = f"{told['machine']}; {versions(told['versions'])}; {told['date']}."
    return f"{table(header, map(_case, told['cases']))}\n\n{verdict(told)} {where}{made_up}"


def _case(case: Told) -> tuple[str, ...]:
    start = case["fault"], case["moment"]
    if case["not_here"]:
        return (*start, f"not possible on this machine: {case['not_here']}", "", "", "", "")
    ended = "; ".join([case["happened"], *(f"BROKEN: {words}" for words in case["broken"])])
    numbers = (str(case[name]) for name in ("kept", "lost", "in_flight"))
    return (*start, ended, *numbers, "same" if case["same"] else "OTHER")


def verdict(told: Told) -> str:
    """Return how many cases passed."""
    failed = sum(bool(case["broken"]) for case in told["cases"])
    elsewhere = sum(bool(case["not_here"]) for case in told["cases"])
    passed = len(told["cases"]) - failed - elsewhere
    return f"{passed} passed, {failed} failed{f', {elsewhere} not possible' * bool(elsewhere)}."


# ---- docs/security.md --------------------------------------------------------------------------


def doors(rows: list[Told]) -> str:
    """Return a line for each door."""
    lines = []
    for row in rows:
        counts = (f"{row[name]:,}" for name in ("cases", "accepted", "refused"))
        slowest, memory = f"{1000 * row['worst_seconds']:.0f} ms", f"{row['grown_mib']} MiB"
        lines.append((row["title"], *counts, slowest, memory))
    return table(("what comes in", "cases", "taken", "refused", "slowest", "memory"), lines)


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
    start = len(commonprefix([before, after]))  # noqa: RUF071 - of characters
    end = len(commonprefix([before[start:][::-1], after[start:][::-1]]))  # noqa: RUF071

    def cut(text: str) -> str:
        low, high = max(start - around, 0), min(len(text) - end + around, len(text))
        return ("…" if low else "") + text[low:high] + ("…" if high < len(text) else "")

    return cut(before), cut(after)


def _code(text: str) -> str:
    return "`" + " ".join(text.split()).replace("|", "\\|") + "`"


# ---- docs/cluster.md ---------------------------------------------------------------------------


def parents(told: Told, workers: str) -> float:
    """Return the seconds a task that the parent has to do, for so many workers."""
    alone: float = told["parent_seconds_a_task"][workers]
    return alone + told["cluster"]["parent_seconds_a_task"]


def whole(told: Told, workers: str, seconds: float) -> float:
    """Return the seconds that the study takes: all go on at once, the slowest decides."""
    scheduler = told["cluster"]["scheduler_seconds_a_task"]
    slowest = max(seconds / int(workers), parents(told, workers), scheduler)
    attach: float = told["cluster"]["attach_cpu_seconds"]
    return attach + told["competitors"] * told["rounds"] * slowest


def measured(told: Told) -> str:
    """Return what was measured."""
    cluster = told["cluster"]
    in_flight = "the parent: to choose, keep and watch a task of {:,} in flight"
    costs = {
        "the parent: to send a task and receive its result": cluster["parent_seconds_a_task"],
        "the scheduler: to hand a task on": cluster["scheduler_seconds_a_task"],
        **{in_flight.format(int(n)): s for n, s in told["parent_seconds_a_task"].items()},
        "of that, to write a result to the store": told["store_seconds_a_result"],
    }
    attach = f"{1000 * cluster['attach_cpu_seconds']:.0f} ms"
    rows = [("the parent: to attach to two workers, once", attach)]
    rows += [(what, f"{1000 * seconds:.2g} ms") for what, seconds in costs.items()]
    where = f"{told['machine']}; {versions(told['versions'])}."
    return f"{table(('what', 'processor time'), rows)}\n\n{where}"


def reckoned(told: Told) -> str:
    """Return how long the study takes."""
    rows, tasks = [], told["competitors"] * told["rounds"]
    for seconds in (told["round_seconds"], 10.0, 60.0):
        for workers in told["parent_seconds_a_task"]:
            training, all_in_all = tasks * seconds / int(workers), whole(told, workers, seconds)
            scheduler = tasks * told["cluster"]["scheduler_seconds_a_task"]
            spent = (training, tasks * parents(told, workers), scheduler, all_in_all)
            busy = f"{100 * training / all_in_all:.0f} %"
            rows.append((f"{seconds:.3g} s", f"{int(workers):,}", *map(_time, spent), busy))
    header = ("a round", "workers", "training", "parent", "scheduler", "whole", "workers busy")
    return table(header, rows)


def limits(told: Told) -> str:
    """Return where the parent becomes the bottleneck."""
    header = ("workers", "tasks a second, at most", "the parent decides if a round is shorter than")
    rows = []
    for workers in told["parent_seconds_a_task"]:
        seconds = parents(told, workers)
        rows.append((f"{int(workers):,}", f"{1 / seconds:.0f}", f"{int(workers) * seconds:.2g} s"))
    return table(header, rows)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


# ---- docs/verdicts.md --------------------------------------------------------------------------


def noise(told: Told) -> str:
    """Return what each source of chance brings, and what that says."""
    header = ("of", "redrawn", "std, points:", "95 % interval:", "share of the variance:")
    rows = (
        (
            *(row["of"], row["redrawn"], f"{row['std, points']:.2f}"),
            *(f"{row['from']:.2f} to {row['to']:.2f}", f"{row['share, %']:.0f} %"),
        )
        for row in told["noise"]
    )
    return "\n\n".join((table(header, rows), *told["advice"]))


# ---- all ---------------------------------------------------------------------------------------


class Page(NamedTuple):
    """The texts from the root, what makes each table, and of which file; "" of all runs."""

    paths: tuple[str, ...]
    tables: Mapping[str, Callable[[Any], str]]
    source: str = ""


CLUSTER = {"measured": measured, "reckoned": reckoned, "limits": limits}
FAULTS = {"promised": promised, "happened": happened}
SPEED = {"promised": floors, "everything": everything}
PAGES = {
    "cluster": Page(("docs/cluster.md",), CLUSTER, "cluster.json"),
    "faults": Page(("docs/faults.md",), FAULTS, "faults.json"),
    "fuzz": Page(("docs/security.md",), {"doors": doors}, "fuzz.json"),
    "growth": Page(("docs/speed.md",), {"growth": growth}, "growth.json"),
    "mutants": Page(("docs/mutants.md",), {"results": mutants}, "mutants.json"),
    "noise": Page(("docs/verdicts.md",), {"noise": noise}, "noise.json"),
    "record": Page(("docs/record.md",), report_tables.RECORD_PAGE),
    "report": Page(("docs/report.md",), report_tables.REPORT_PAGE),
    "speed": Page(("README.md", "docs/speed.md"), SPEED, "bench.json"),
}


def filled(name: str, text: str, folder: Path = RESULTS) -> str:
    """Return a page's text with its tables made anew from what is in a folder."""
    page = PAGES[name]
    runs = report_tables.Runs(folder)
    made = json.loads((folder / page.source).read_text("utf-8")) if page.source else runs

    def table_of(mark: re.Match[str]) -> str:
        if mark[2] not in page.tables:  # another page's, of the same text
            return mark[0]
        return f"{mark[1]}\n{page.tables[mark[2]](made)}\n\n{mark[3]}"

    return MARK.sub(table_of, text)


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description="Fill the tables of docs/ from results/.")
    parser.add_argument("pages", nargs="*", choices=[[], *PAGES], metavar="PAGE")
    for name in parser.parse_args().pages or PAGES:
        for path in map(ROOT.joinpath, PAGES[name].paths):
            path.write_text(filled(name, path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
