"""A study's results as JSON, CSV, Markdown or LaTeX text."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

from attrs import frozen

from bakeoff.errors import visible
from bakeoff.report.cells import Cells, all_notes, competitor_cells
from bakeoff.statistics.describe import Interval, Summary
from bakeoff.statistics.verdict import Comparison
from bakeoff.study.document import document, to_json
from bakeoff.study.machine import Machine
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import Verdicts


@frozen
class Content:
    """All that a format may show.

    Attributes:
        results: the finished rounds.
        verdicts: what they say.
        machine: whose versions are told.
        notes: further sentences for the reader.
    """

    results: StudyResults
    verdicts: Verdicts
    machine: Machine
    notes: tuple[str, ...] = ()


def as_json(content: Content) -> str:
    """Return the document of a run (see `bakeoff.study.document`) with its comparisons.

    Accuracies, differences and interval ends are fractions; an end that is infinite is null.
    """
    told = document(content.results, content.machine)
    comparisons = content.verdicts.analysis.comparisons
    told["comparisons"] = [comparison_record(comparison) for comparison in comparisons]
    told["notes"] = list(all_notes(content.results, content.verdicts, content.notes))
    return to_json(told)


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison with all its figures, ready for JSON."""
    estimate, equivalence = comparison.estimate, comparison.equivalence
    told: dict[str, Any] = {
        "name": comparison.contrast.name,
        "kind": comparison.contrast.kind,
        "weights": dict(comparison.contrast.weights),
        "verdict": str(comparison.verdict),
        "sentence": comparison.sentence,
        "rounds": comparison.rounds,
        "diverged": comparison.dropped,
        "corrected_p": comparison.corrected_p,
        "detectable": comparison.detectable,
    }
    if estimate is not None:
        told |= {
            "mean": estimate.mean,
            "std": estimate.std,
            "effect_size": estimate.effect_size,
            "p": estimate.p_value,
            "interval": _ends(estimate.interval),
            "confidence": estimate.interval.confidence,
            "method": estimate.method,
        }
        if estimate.student is not None:
            student = estimate.student
            told["student"] = {
                "t": student.statistic,
                "df": student.df,
                "p": student.p_value,
                "interval": _ends(student.interval),
            }
    if equivalence is not None:
        told["equivalence"] = {
            "margin": equivalence.margin,
            "p": equivalence.p_value,
            "corrected_p": equivalence.corrected_p,
            "interval": _ends(equivalence.interval),
        }
    return told


def comparisons_json(
    comparisons: Sequence[Comparison],
    summaries: Sequence[Summary] = (),
    notes: Sequence[str] = (),
) -> str:
    """Return comparisons, and what each competitor comes to alone, as JSON, in the values' unit."""
    told = {
        "competitors": [
            {
                "name": summary.name,
                "rounds": summary.rounds,
                "diverged": summary.diverged,
                "mean": summary.mean,
                "std": summary.std,
                "interval": _ends(summary.interval) if summary.interval else None,
            }
            for summary in summaries
        ],
        "comparisons": [comparison_record(comparison) for comparison in comparisons],
        "notes": list(notes),
    }
    return to_json(told)


def _ends(interval: Interval) -> list[float | None]:
    return [end if math.isfinite(end) else None for end in (interval.low, interval.high)]


def as_csv(content: Content) -> str:
    """Return each round's test accuracy or R², in the columns that `bakeoff compare` reads.

    An accuracy is a fraction; the value of a round that diverged is nan.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("round", "competitor", "value"))
    metric = content.results.metric.test
    for result in content.results.results:
        writer.writerow((result.round, result.competitor, repr(result.score(metric))))
    return text.getvalue()


def as_markdown(content: Content) -> str:
    """Return a section: heading, question, table, verdicts and notes."""
    study = content.results.study
    cells = competitor_cells(content.results)
    rule = ("---", *["---:"] * (len(cells.header) - 1))
    rows = (cells.header, rule, *cells.rows)
    lines = [f"## {study.name}", "", _escaped(study.question), ""]
    lines += ["| " + " | ".join(map(_escaped, row)) + " |" for row in rows]
    lines.append("")
    for comparison in content.verdicts.analysis.comparisons:
        lines.append("- " + _escaped(" ".join(comparison.sentences)))
    notes = all_notes(content.results, content.verdicts, content.notes)
    lines += ["", *(line for note in notes for line in (_escaped(note), ""))]
    return "\n".join(lines).rstrip() + "\n"


def _escaped(text: str) -> str:
    """Escape what Markdown would take for its own in a name or sentence."""
    return re.sub(r"([\\`*_<>|~&#\[\]])", r"\\\1", visible(" ".join(text.split())))


LATEX = MappingProxyType(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "−": "$-$",
        "×": r"$\times$",
        "<": "$<$",
        ">": "$>$",
    }
)


def as_latex(content: Content) -> str:
    """Return a tabular and an itemize of the verdicts; neither needs a package."""
    study = content.results.study
    cells = competitor_cells(content.results)
    question = visible(" ".join(study.question.split()))  # a comment ends with its line
    lines = [f"% {study.name}: {question}", *_tabular(cells), "", r"\begin{itemize}"]
    for comparison in content.verdicts.analysis.comparisons:
        lines.append(r"\item " + _latex(" ".join(comparison.sentences)))
    lines.append(r"\end{itemize}")
    if not content.verdicts.analysis.comparisons:
        del lines[-2:]  # LaTeX refuses a list without items
    for note in all_notes(content.results, content.verdicts, content.notes):
        lines += ["", _latex(note)]
    return "\n".join(lines).rstrip() + "\n"


def _tabular(cells: Cells) -> list[str]:
    columns = "l" + "r" * (len(cells.header) - 1)
    rows = [" & ".join(map(_latex, row)) + r" \\" for row in (cells.header, *cells.rows)]
    return [rf"\begin{{tabular}}{{{columns}}}", rows[0], r"\hline", *rows[1:], r"\end{tabular}"]


def _latex(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in visible(text))


FORMATS: MappingProxyType[str, Callable[[Content], str]] = MappingProxyType(
    {"json": as_json, "csv": as_csv, "markdown": as_markdown, "latex": as_latex}
)
"""The formats by name; plain text for a terminal is the command line's own."""
