"""What a paper takes of a verdict: a table, a paragraph that says how it was found, references."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from bakeoff.checks import check_installed
from bakeoff.errors import visible
from bakeoff.report.page import TEMPLATES
from bakeoff.report.study_tables import all_notes, competitors_table, heading
from bakeoff.statistics.analysis import Analysis
from bakeoff.statistics.sentence import ends_of
from bakeoff.statistics.signflip import EXACT_ROUNDS, RESAMPLES
from bakeoff.statistics.units import Ratio, count, mean_decimals, p_text, percent
from bakeoff.statistics.verdict import Verdict
from bakeoff.study.results import StudyResults
from bakeoff.tables import Table, latex_escaped

if TYPE_CHECKING:
    from bakeoff.report.formats import Content


# ---- the table ---------------------------------------------------------------------------------


def as_latex(content: Content) -> str:
    """Return a table of one column's width; sentences and notes stand behind it as comments."""
    results, analysis = content.results, content.verdicts.analysis
    study, bold = results.study, best(results, analysis)
    lines = [
        r"\begin{table}[tb]",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{_caption(results, analysis, bold)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9.+-]', '-', study.name)}}}",
        r"\smallskip",
        *competitors_table(results, analysis, narrow=True).latex((bold, heading(results.metric))),
    ]
    if analysis.comparisons and not analysis.is_ranking:
        lines += [r"\par\medskip", *_differences(analysis).latex()]
    needs = rf"by bakeoff {content.machine.bakeoff}; needs \usepackage{{booktabs,tabularx}}"
    told = [" ".join(sentences) for sentences in analysis.told]
    told += all_notes(results, content.verdicts, content.notes)
    above, below = _comments(needs, f"{study.name}: {study.question}"), _comments(*told)
    return "\n".join([*above, *lines, r"\end{table}", *below]) + "\n"


def _comments(*told: str) -> list[str]:
    return ["% " + visible(" ".join(text.split())) for text in told]


def best(results: StudyResults, analysis: Analysis) -> str:
    """Return who has the best mean, better than each one it was compared with; or ""."""
    metric = results.metric
    if results.study.tasks:
        return ""
    means = {s.name: s.test.mean for s in results.summaries() if s.test.mean is not None}
    first = (max if metric.larger_is_better else min)(means.values(), default=None)
    names = [name for name, mean in means.items() if mean == first]
    if len(names) != 1:
        return ""
    told = [
        c.verdict is (Verdict.BETTER if c.contrast.upper == names[0] else Verdict.WORSE)
        for c in analysis.comparisons
        if c.contrast.is_pair and names[0] in dict(c.contrast.weights)
    ]
    return names[0] if told and all(told) else ""


def _caption(results: StudyResults, analysis: Analysis, bold: str) -> str:
    metric, unit = results.metric, analysis.unit
    rounds = {summary.test.rounds for summary in results.summaries()}
    within = f" in {count(rounds.pop(), 'round')}" if len(rounds) == 1 else ""
    better = "higher" if metric.larger_is_better else "lower"
    means = f"Mean ± standard deviation of {metric.name}{within} ({better} is better)."
    told = [latex_escaped(means)]
    if bold:
        told.append("Bold: the best mean, better than each other one that it was compared with.")
    if analysis.is_ranking:
        told.append(
            f"Ranks hold for all at once, and one of those that may be best is, with"
            f" {latex_escaped(percent(1 - analysis.alpha))} confidence each."
        )
    elif analysis.comparisons:
        in_unit = f" in {latex_escaped(unit.name)}" if unit.name else ""
        means = "differences of means" if analysis.mode == "unpaired" else "mean paired differences"
        what = "ratios" if isinstance(unit, Ratio) else f"{means}{in_unit}"
        kind = "anytime-valid " * (analysis.mode in ("anytime", "careful")) + "intervals"
        over = f", corrected for {analysis.asked} comparisons" if analysis.asked > 1 else ""
        level = latex_escaped(percent(1 - analysis.alpha))
        told.append(
            f"Below: {what} with {level} {kind} and $p${over}; verdicts on the first named."
        )
    if analysis.margin is not None:
        within = latex_escaped(unit.plain(analysis.margin))
        told.append(f"Equivalent: within {within}, with interval and $p$ of that.")
    return " ".join(told)


def _differences(analysis: Analysis) -> Table:
    """Return each comparison's figures; of an equivalence those which it stands on."""
    unit, rows = analysis.unit, []
    for c in analysis.comparisons:
        name, figures = c.contrast.name.replace(" - ", " − "), ("–", "–", "–")
        if c.estimate is not None:
            interval, p = c.estimate.interval, c.corrected_p
            if c.verdict is Verdict.EQUIVALENT and c.equivalence is not None:
                interval, p = c.equivalence.interval, c.equivalence.corrected_p
            decimals = mean_decimals(unit.decimals(interval, c.estimate.mean))
            mean = unit.digits(c.estimate.mean, decimals)
            figures = mean, ends_of(c, interval, unit), p_text(p, analysis.alpha).removeprefix("= ")
        rows.append((name, *figures, str(c.verdict)))
    mean = "ratio" if isinstance(unit, Ratio) else "difference"
    return Table.of(("", mean, "interval", "p", "verdict"), rows, right=range(1, 4))


# ---- the methods -------------------------------------------------------------------------------


def as_methods(content: Content) -> str:
    """Return a paragraph on how the verdicts were found, citing `references`.

    Raises:
        MissingExtraError: without jinja2.
    """
    check_installed("methods", "the paragraph", "report", "jinja2")
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    results, verdicts = content.results, content.verdicts
    study, analysis = results.study, verdicts.analysis
    apart = analysis.mode == "unpaired"  # a published competitor has no rounds in the results
    names = [s.name for s in (analysis.summaries if apart else results.summaries())]
    names = [*study.bases] if study.tasks else names
    lengths = [str(s.rounds + s.failed) for s in analysis.summaries]
    each = ", ".join(lengths if len(set(lengths)) > 1 else lengths[:1])
    rounds = {name: results.of(name) for name in study.competitor_names}
    failed = {name: sum(not r.finished for r in made) for name, made in rounds.items()}
    environment = Environment(  # noqa: S701 - what is told is escaped for LaTeX
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=lambda told: latex_escaped(str(told)),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
    )
    text = environment.get_template("methods.tex").render(
        analysis=analysis,
        study=study,
        metric=results.metric,
        who=" and ".join(filter(None, (", ".join(names[:-1]), names[-1]))),
        rounds=each if apart else len(verdicts.rounds),
        planned=study.makes_rounds and analysis.mode == "planned",
        ratios=isinstance(analysis.unit, Ratio),
        left=len(results.rounds) - len(verdicts.rounds),
        secondary=", ".join(metric.name for metric in results.judging.metrics[1:]),
        shared=[note[:1].upper() + note[1:] for note in results.judging.dependence.notes],
        methods={c.estimate.method for c in analysis.comparisons if c.estimate is not None},
        drawn=f"{RESAMPLES:,}",
        most_listed=EXACT_ROUNDS,
        level=percent(1 - analysis.alpha),
        margin=analysis.margin and analysis.unit.plain(analysis.margin),
        failed=", ".join(f"{n} of {len(rounds[k])} of {k}" for k, n in failed.items() if n),
        counts_as=results.failed_value(bounded=analysis.mode == "careful"),
        version=content.machine.bakeoff,
    )
    text = text.replace("(Nadeau and Bengio 2003)", r"\citep{nadeau2003inference}")
    filled = textwrap.fill(
        " ".join(text.split()), 80, break_long_words=False, break_on_hyphens=False
    )
    return f"% needs \\usepackage{{natbib}}; bakeoff cite writes the references\n{filled}\n"


def references(version: str) -> str:
    """Return all that the paragraphs cite as BibTeX, and bakeoff of that version."""
    found = (TEMPLATES / "references.bib").read_text(encoding="utf-8")
    return found.replace("VERSION", version)
