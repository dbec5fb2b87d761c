"""docs/mutants.md: how many mutants the tests caught, and why the others got past them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from generated import fill, table

from .choice import PACKAGES
from .slots import ROOT

RESULTS = ROOT / "results" / "mutants.json"
PAGE = ROOT / "docs" / "mutants.md"
REASONS = Path(__file__).with_name("reasons.toml")
ENOUGH = 0.9


@frozen
class Verdict:
    """What became of a mutant.

    Attributes:
        file: its path.
        line: the mistake's.
        function: around it.
        before: what stood there.
        after: what stood there instead.
        killed: whether a test noticed.
        by: the first test that did, or what else ended it; how many passed, if none did.
        seconds: that it took.
    """

    file: str
    line: int
    function: str
    before: str
    after: str
    killed: bool
    by: str
    seconds: float

    @property
    def key(self) -> str:
        """What it is told by while the lines around it change."""
        return f"{self.file} {self.function}: {self.before} -> {self.after}"


@frozen
class Results:
    """What a whole run found.

    Attributes:
        seed: of the sample.
        mutants: from how many the sample was drawn.
        seconds: that the run took.
        verdicts: in the order of the sources.
    """

    seed: int
    mutants: int
    seconds: float
    verdicts: tuple[Verdict, ...]

    @property
    def killed(self) -> int:
        """How many mutants the tests noticed."""
        return sum(verdict.killed for verdict in self.verdicts)

    @property
    def enough(self) -> bool:
        """Whether that is as many as it should be."""
        return self.killed >= ENOUGH * len(self.verdicts)

    def write(self, path: Path = RESULTS) -> None:
        """Write them as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", "utf-8")

    @staticmethod
    def read(path: Path = RESULTS) -> Results:
        """Read what `write` wrote."""
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Results(**told | {"verdicts": tuple(Verdict(**one) for one in told["verdicts"])})


def read_reasons(path: Path = REASONS) -> dict[str, str]:
    """Return why mutants may survive, by their keys; many mutants may share a reason."""
    groups = tomllib.loads(path.read_text(encoding="utf-8"))["reason"]
    return {key: group["why"] for group in groups for key in group["mutants"]}


def filled(page: str, results: Results, reasons: dict[str, str]) -> str:
    """Return the page's text with its results made anew."""

    def tables(results: Results) -> str:
        return "\n\n".join([_summary(results), _survivors(results, reasons)])

    return fill(page, {"results": tables}, results)


def write_page(results: Results, path: Path = PAGE) -> None:
    """Fill the page."""
    page = filled(path.read_text(encoding="utf-8"), results, read_reasons())
    path.write_text(page, encoding="utf-8")


def _summary(results: Results) -> str:
    rows = []
    for package in (*PACKAGES, ""):
        prefix = f"src/bakeoff/{package}/" if package else ""
        verdicts = [one for one in results.verdicts if one.file.startswith(prefix)]
        killed = sum(one.killed for one in verdicts)
        share = f"{100 * killed / len(verdicts):.1f} %" if verdicts else "–"
        name = f"`{package}`" if package else "all"
        rows.append((name, f"{len(verdicts)}", f"{killed}", f"{len(verdicts) - killed}", share))
    told = (
        f"{len(results.verdicts)} of {results.mutants:,} mutants, drawn with seed {results.seed}; "
        f"{results.seconds / 60:.0f} minutes with two processes."
    )
    return f"{table(('package', 'mutants', 'killed', 'survived', 'killed, %'), rows)}\n\n{told}"


def _survivors(results: Results, reasons: dict[str, str]) -> str:
    rows = []
    for one in results.verdicts:
        if not one.killed:
            before, after = differing(one.before, one.after)
            why = reasons.get(one.key, "not known yet")
            place = f"`{one.file.removeprefix('src/bakeoff/')}:{one.line}` {one.function}"
            rows.append((place, f"{_code(before)} → {_code(after)}", why))
    if not rows:
        return "No mutant survived."
    return table(("where", "mistake", "why no test fails"), rows)


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
