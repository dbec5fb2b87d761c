"""A study's results as JSON, CSV, Markdown or LaTeX text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from attrs import frozen

from bakeoff.report.paper import as_latex, as_methods
from bakeoff.report.study_tables import all_notes, competitors_table
from bakeoff.statistics.analysis import Analysis
from bakeoff.statistics.describe import Interval
from bakeoff.statistics.looks import Looks
from bakeoff.statistics.verdict import Comparison
from bakeoff.study.document import document, to_json
from bakeoff.study.exchange import exported
from bakeoff.study.machine import Machine
from bakeoff.study.results import StudyResults
from bakeoff.study.verdicts import Verdicts
from bakeoff.tables import markdown_escaped


@frozen
class Content:
    """All that a format may show."""

    results: StudyResults  # the finished rounds
    verdicts: Verdicts  # what they say
    machine: Machine  # whose versions are told
    notes: tuple[str, ...] = ()  # further sentences for the reader


def as_json(content: Content) -> str:
    """Return the document of a run (see `bakeoff.study.document`) with its comparisons.

    Accuracies, differences and interval ends are fractions; an end that is infinite is null.
    """
    told = document(content.results, content.machine)
    told |= _judged(content.verdicts.analysis)
    told["notes"] = list(all_notes(content.results, content.verdicts, content.notes))
    return to_json(told)


def _judged(analysis: Analysis) -> dict[str, Any]:
    """Return all comparisons, who may be the best, each one's ranks, and what tasks say."""
    told: dict[str, Any] = {
        "comparisons": [comparison_record(comparison) for comparison in analysis.comparisons],
        "best": list(analysis.best),
        "ranks": [{"name": s.name, "from": s.first, "to": s.last} for s in analysis.ranks],
    }
    if over := analysis.over_tasks:
        ranks = over.ranks
        told["over_tasks"] = {
            "tasks": list(over.tasks),
            "comparisons": [comparison_record(c) for c in over.comparisons],
            "ranks": ranks and asdict(ranks) | {"f": ranks.f if math.isfinite(ranks.f) else None},
            "sentences": list(over.sentences),
        }
    return told


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
        "left_out": comparison.dropped,
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
        if estimate.apart is not None:
            told["rounds_of_each"] = list(estimate.apart)
        if estimate.student is not None:
            student = estimate.student
            told["welch" if estimate.apart else "student"] = {
                "t": student.statistic,
                "df": student.df,
                "p": student.p_value,
                "interval": _ends(student.interval),
            }
    failures = comparison.failures
    if failures is not None:
        finished = failures.finished
        told["failures"] = {
            "failed": dict(failures.failed),
            "rounds": failures.rounds,
            "corrected_p": failures.corrected_p,
            "counted_as": failures.counted_as,
            "ahead": failures.ahead,
            "where_all_finished": finished
            and {
                "mean": finished.mean,
                "p": finished.p_value,
                "interval": _ends(finished.interval),
            },
        }
    if equivalence is not None:
        told["equivalence"] = {
            "margin": equivalence.margin,
            "p": equivalence.p_value,
            "corrected_p": equivalence.corrected_p,
            "interval": _ends(equivalence.interval),
        }
    if comparison.looks is not None:
        told["looks"] = _looks(comparison.looks)
    return told


def _looks(looks: Looks) -> dict[str, Any]:
    rope = looks.rope and dict(zip(("below", "within", "above"), looks.rope, strict=True))
    return {"rope": rope} | {
        name: look
        and {
            "value": look.value if math.isfinite(look.value) else None,
            "interval": look.interval and _ends(look.interval),
        }
        for name in ("ratio", "median", "win_rate", "probability_of_improvement")
        for look in [getattr(looks, name)]
    }


def comparisons_json(analysis: Analysis, notes: Sequence[str] = ()) -> str:
    """Return what is judged, and what each competitor comes to alone, as JSON, in its unit."""
    told = {
        "competitors": [
            {name: getattr(s, name) for name in ("name", "rounds", "failed", "mean", "std")}
            | {"interval": s.interval and _ends(s.interval)}
            for s in analysis.summaries
        ],
        **_judged(analysis),
        "notes": list(notes),
    }
    return to_json(told)


def _ends(interval: Interval) -> list[float | None]:
    return [end if math.isfinite(end) else None for end in (interval.low, interval.high)]


def as_csv(content: Content) -> str:
    """Return what each round is judged by, and all that `bakeoff compare` needs to judge it.

    An accuracy is a fraction; the value of a round that failed is nan.
    """
    return exported(content.results).csv()


def as_markdown(content: Content) -> str:
    """Return a section: heading, question, table, verdicts and notes."""
    study = content.results.study
    lines = [f"## {study.name}", "", markdown_escaped(study.question), ""]
    analysis = content.verdicts.analysis
    lines += [*competitors_table(content.results, analysis).markdown(), ""]
    lines += ["- " + markdown_escaped(" ".join(sentences)) for sentences in analysis.told]
    for note in all_notes(content.results, content.verdicts, content.notes):
        lines += ["", markdown_escaped(note)]
    return "\n".join(lines).rstrip() + "\n"


WRITERS: MappingProxyType[str, Callable[[Content], str]] = MappingProxyType(
    {
        "json": as_json,
        "csv": as_csv,
        "markdown": as_markdown,
        "latex": as_latex,
        "methods": as_methods,
    }
)
"""The formats by name; plain text for a terminal is the command line's own."""
