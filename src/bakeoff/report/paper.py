"""What a paper takes of a verdict: a table, a paragraph that says how it was found, references."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.errors import visible
from bakeoff.report.study_tables import all_notes, competitors_table, heading
from bakeoff.statistics.analysis import Analysis
from bakeoff.statistics.estimate import Method
from bakeoff.statistics.sentence import ends_of
from bakeoff.statistics.signflip import EXACT_ROUNDS, RESAMPLES
from bakeoff.statistics.units import Ratio, count, mean_decimals, p_text, percent
from bakeoff.statistics.verdict import Verdict
from bakeoff.study.results import StudyResults
from bakeoff.tables import Table, latex_escaped

if TYPE_CHECKING:
    from bakeoff.report.formats import Content

REFERENCES = Path(__file__).with_name("templates") / "references.bib"

# ---- the table ---------------------------------------------------------------------------------


def as_latex(content: Content) -> str:
    """Return a table of one column's width; sentences and notes stand behind it as comments."""
    results, analysis = content.results, content.verdicts.analysis
    study, metric = results.study, results.metric
    bold = best(results, analysis)
    compared = _differences(analysis).latex() if analysis.comparisons else []
    told = [
        *(" ".join(c.sentences) for c in analysis.comparisons),
        *all_notes(results, content.verdicts, content.notes),
    ]
    lines = [
        r"\begin{table}[tb]",
        r"\centering\footnotesize\setlength{\tabcolsep}{3pt}",
        rf"\caption{{{_caption(results, analysis, bold)}}}",
        rf"\label{{tab:{re.sub('[^A-Za-z0-9.+-]', '-', study.name)}}}",
        r"\smallskip",
        *competitors_table(results, narrow=True).latex((bold, heading(metric))),
        *([r"\par\medskip", *compared] if compared else []),
        r"\end{table}",
    ]
    above = [
        rf"by bakeoff {content.machine.bakeoff}; needs \usepackage{{booktabs,tabularx}}",
        f"{study.name}: {study.question}",
    ]
    comments, after = (
        ["% " + visible(" ".join(t.split())) for t in part] for part in (above, told)
    )
    return "\n".join([*comments, *lines, *after]) + "\n"


def best(results: StudyResults, analysis: Analysis) -> str:
    """Return who has the best mean, better than each one it was compared with; or ""."""
    metric = results.metric
    means = {s.name: s.test.mean for s in results.summaries() if s.test.mean is not None}
    first = (max if metric.larger_is_better else min)(means.values(), default=None)
    names = [name for name, mean in means.items() if mean == first]
    if len(names) != 1:
        return ""
    told = [
        c.verdict is (Verdict.BETTER if c.contrast.upper == names[0] else Verdict.WORSE)
        for c in analysis.comparisons
        if c.contrast.kind == "pair" and names[0] in dict(c.contrast.weights)
    ]
    return names[0] if told and all(told) else ""


def _caption(results: StudyResults, analysis: Analysis, bold: str) -> str:
    metric, unit = results.metric, analysis.unit
    rounds = {summary.test.rounds for summary in results.summaries()}
    of = f" of {count(rounds.pop(), 'round')}" if len(rounds) == 1 else ""
    better = "higher" if metric.larger_is_better else "lower"
    name = metric.name[:1].upper() + metric.name[1:]
    title = f"{name}, mean ± standard deviation{of} ({better} is better)."
    told = [latex_escaped(title)]
    if bold:
        told.append("Bold: the best mean, better than each other one that it was compared with.")
    if analysis.comparisons:
        in_unit = f" in {latex_escaped(unit.name)}" if unit.name else ""
        means = "differences of means" if analysis.mode == "unpaired" else "mean paired differences"
        what = "ratios" if isinstance(unit, Ratio) else f"{means}{in_unit}"
        kind = "anytime-valid " * (analysis.mode == "anytime") + "intervals"
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
    """Return a paragraph on how the verdicts were found, citing `REFERENCES`."""
    results, analysis = content.results, content.verdicts.analysis
    told = [
        *_rounds(results, analysis, len(content.verdicts.rounds)),
        _test(analysis),
        _claims(analysis),
        _failures(results),
        rf"All figures are by bakeoff {latex_escaped(content.machine.bakeoff)} \citep{{bakeoff}}.",
    ]
    text = textwrap.fill(" ".join(told), 80, break_long_words=False, break_on_hyphens=False)
    return f"% needs \\usepackage{{natbib}}; bakeoff cite writes the references\n{text}\n"


def _rounds(results: StudyResults, analysis: Analysis, rounds: int) -> list[str]:
    """Say who was compared, by what, in how many rounds, and what a round shares."""
    metric, study = results.metric, results.study
    apart = analysis.mode == "unpaired"  # a published competitor has no rounds in the results
    *names, last = (s.name for s in (analysis.summaries if apart else results.summaries()))
    better = "higher" if metric.larger_is_better else "lower"
    planned = study.makes_rounds and analysis.mode == "planned"
    fixed = ", as many as were planned before the first look" * planned
    who = " and ".join(filter(None, (", ".join(names), last)))
    ratios = ", as ratios" * isinstance(analysis.unit, Ratio)
    many = count(rounds, "round")
    shared = f"The competitors of a round share its {study.paired_by}; differences are taken within"
    shared = f"{shared} rounds{ratios}."
    if apart:
        many = ", ".join(str(s.rounds + s.diverged) for s in analysis.summaries) + " rounds"
        shared = "Rounds of different competitors are not pairs."
    told = [f"We compared {who} by {metric.name} ({better} is better) in {many}{fixed}.", shared]
    if left := len(results.rounds) - rounds:
        told.append(f"{count(left, 'round')} that not every competitor has are left out.")
    if further := [metric.name for metric in results.judging.metrics[1:]]:
        told.append(f"Verdicts by {', '.join(further)} are secondary, and corrected apart.")
    shares = [note[:1].upper() + note[1:] for note in results.judging.dependence.notes]
    cited = r"\citep{nadeau2003inference}"
    return [
        latex_escaped(sentence).replace("(Nadeau and Bengio 2003)", cited)
        for sentence in (*told, *shares)
    ]


def _test(analysis: Analysis) -> str:
    """Say which test gave p-values and intervals, and what it assumes."""
    level = rf"{percent(1 - analysis.alpha)} intervals".replace(" %", r"\,\%")
    if analysis.mode == "resampled":  # as what the rounds share says
        return f"Each of the {level} is for its own comparison."
    methods = {c.estimate.method for c in analysis.comparisons if c.estimate is not None}
    if analysis.mode == "unpaired":
        return _unpaired_test(methods, level)
    symmetry = "It assumes that without a difference either sign is as likely."
    if analysis.mode == "anytime":
        return (
            "The rounds are not as many as were fixed before the first look, so $p$-values and"
            rf" {level} are anytime-valid: they are by a mixture of exponential supermartingales"
            r" under sign symmetry \citep{delapena1999general,howard2021time}, and hold at every"
            f" number of rounds at once. {symmetry}"
        )
    exact, drawn = "over all patterns of signs", rf"over {RESAMPLES:,} drawn patterns of signs"
    how = drawn if methods == {"sign-flip, drawn"} else exact
    if len(methods) > 1:
        how = f"{exact}, {drawn} beyond {EXACT_ROUNDS} rounds"
    return (
        "Mean differences are tested two-sided by the sign-flip permutation test"
        rf" \citep{{fisher1935design,pitman1937significance}} {how}; {level}, each for its own"
        f" comparison, invert it. {symmetry}"
    )


def _unpaired_test(methods: set[Method], level: str) -> str:
    told = []
    if permuted := methods - {"Welch's t"}:
        how = "all relabellings" if "permutation of labels, exact" in permuted else ""
        if "permutation of labels, drawn" in permuted:
            how += f"{', or ' * bool(how)}{RESAMPLES:,} drawn relabellings{' of more' * bool(how)}"
        told.append(
            "Differences of means are tested two-sided by permuting the labels of rounds"
            rf" \citep{{fisher1935design,pitman1937significance}}, over {how}; {level}, each for"
            " its own comparison, invert it. It assumes that both sides spread alike."
        )
    if "Welch's t" in methods:
        told.append(
            "A published mean, of which the rounds are not known, is compared by Welch's $t$ test"
            r" \citep{welch1947generalization}, which assumes normal values."
        )
    return " ".join(told)


def _claims(analysis: Analysis) -> str:
    """Say what counts as a verdict: alpha, the margin, and the correction."""
    level, several = rf"$p \leq {analysis.alpha:g}$", analysis.asked > 1
    over = f"of all {analysis.asked} comparisons asked for" if several else "of the comparison"
    if analysis.margin is None:
        told = (
            rf"The $p$-values {over} are corrected together \citep{{holm1979simple}}"
            if several
            else "One comparison was asked for, so $p$ is not corrected"
        )
        return f"{told}; {level} counts as a verdict."
    tests = r"two one-sided tests of the same kind \citep{schuirmann1987comparison} put"
    tests = "it puts" if analysis.mode == "anytime" else tests
    within = latex_escaped(analysis.unit.plain(analysis.margin))
    return (
        f"Two competitors are equivalent if {tests} their difference within a margin of {within}."
        rf" The $p$-values of difference and equivalence {over} are corrected together"
        rf" \citep{{shaffer1986modified}}; {level} counts as a verdict."
    )


def _failures(results: StudyResults) -> str:
    """Say who failed how often, and what that counts as."""
    failed = {
        name: sum(not record.finished for record in results.of(name))
        for name in results.study.competitor_names
    }
    if not any(failed.values()):
        return "No round failed."
    told = ", ".join(f"{n} of {len(results.of(name))} of {name}" for name, n in failed.items() if n)
    value = results.failed_value()
    counts = (
        "are left out of comparisons" if value is None else f"count as {results.metric.show(value)}"
    )
    worst = ", the worst of any round" * (results.study.failed_counts_as == "worst")
    return latex_escaped(f"Rounds failed: {told}; they {counts}{worst}.")


def references(version: str) -> str:
    """Return all that the paragraphs cite as BibTeX, and bakeoff of that version."""
    return REFERENCES.read_text(encoding="utf-8").replace("VERSION", version)
