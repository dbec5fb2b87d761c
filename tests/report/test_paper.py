"""What goes into a paper: the table and the paragraph say what was done, and LaTeX takes them."""

import re
import shutil
import subprocess
from pathlib import Path

import attrs
import pytest

from bakeoff.errors import ArgumentError, OutputError
from bakeoff.report.figures.style import check_file
from bakeoff.report.formats import Content
from bakeoff.report.paper import as_latex, as_methods, best, references
from bakeoff.report.sections.outcome import write_differences
from bakeoff.statistics.contrast import pair
from bakeoff.statistics.dependence import FIXED_TEST, Dependence
from bakeoff.statistics.unpaired import Published, analyse_unpaired
from bakeoff.study.machine import Machine
from bakeoff.study.metric import Judging, Metric
from bakeoff.study.record import Record
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.verdicts import judge

MACHINE = Machine(cpu="c", torch="2", python="3", bakeoff="0.1.0")
NAMES = ("plain", "shared_weights", "model3-with-shared_weights+target")
LOSS = Metric("validation loss", "lower")


def results(
    rounds=12, *, gains=(0.0, 0.1, 0.1003), metrics=(LOSS,), pairs=None, failed=(), planned=None
):
    """Rounds whose loss falls by each competitor's gain, but for a little that differs."""
    asked = [(NAMES[1], NAMES[0]), (NAMES[2], NAMES[1])] if pairs is None else pairs
    study = Study("s_1", "Which & why?", [Competitor(n) for n in NAMES], asked, metrics=metrics)
    made = [
        Record(
            competitor=name,
            round=r,
            seed=0,
            status="failed" if (name, r) in failed else "finished",
            scores={m.score: 1.0 - gain + 0.001 * ((7 * r + 3 * i * r) % 11) for m in metrics},
            seconds=1.5,
        )
        for i, (name, gain) in enumerate(zip(NAMES, gains, strict=True))
        for r in range(rounds)
    ]
    return StudyResults.of_rounds(study, made, planned=planned)


def content(found=None, **judging):
    found = results() if found is None else found
    return Content(found, judge(found, **judging), MACHINE, ("mind this.",))


def methods(found=None, **judging):
    """The paragraph in one line, and the keys that it cites."""
    text = " ".join(as_methods(content(found, **judging)).split())
    keys = {k for keys in re.findall(r"\\citep\{([^}]*)\}", text) for k in keys.split(",")}
    assert keys <= set(re.findall(r"^@\w+\{(\w+),", references("1"), re.MULTILINE))
    assert re.search(r"(?<!\\)[%_#]", text.partition("references ")[2]) is None
    return text, keys - {"bakeoff"}


# ---- the table ---------------------------------------------------------------------------------


def test_the_table_tells_means_differences_verdicts_unit_and_direction():
    text = as_latex(content())
    assert r"needs \usepackage{booktabs,tabularx}" in text.splitlines()[0]
    assert text.splitlines()[1] == "% s_1: Which & why?"
    assert r"\label{tab:s-1}" in text
    assert (
        r"\caption{Mean $\pm$ standard deviation of validation loss in 12 rounds (lower is" in text
    )
    assert r"validation\\loss $\downarrow$" in text
    assert "Bold" not in text  # the last two are undecided
    assert "corrected for 2 comparisons" in text
    (better,) = (line for line in text.splitlines() if line.endswith(r"better \\"))
    assert better.startswith(" & $-$0.1")
    assert r"{\raggedright shared\_weights $-$ plain} \\" in text
    assert re.search(r"& 0\.0\d+ & better", better)
    assert text.count(r"undecided \\") == 1
    assert text.count(r"\begin{") == text.count(r"\end{") == 3
    for line in text.split(r"\end{table}")[1].strip().splitlines():
        assert line.startswith("% ")
    assert text.endswith("% Note: mind this.\n")


def test_a_question_of_several_lines_stays_a_comment():
    found = results()
    found = attrs.evolve(found, study=attrs.evolve(found.study, question="Which\nis 50 % better?"))
    assert as_latex(content(found)).splitlines()[1] == "% s_1: Which is 50 % better?"


def test_without_comparisons_there_are_the_means_alone():
    text = as_latex(content(results(pairs=[])))
    assert text.count(r"\begin{tabularx}") == 1
    assert "Below" not in text


def test_an_equivalence_is_told_by_its_own_interval_and_p():
    shown = content(margin=0.05)
    text = as_latex(shown)
    equivalence = shown.verdicts.analysis.comparisons[1].equivalence
    (line,) = (line for line in text.splitlines() if line.endswith(r"equivalent \\"))
    assert f"& {equivalence.corrected_p:.2g} &" in line
    assert "Equivalent: within 0.05, with interval and $p$ of that" in text


@pytest.mark.parametrize(
    ("gains", "pairs", "expected"),
    [
        ((0.0, 0.1, 0.1003), [(1, 0), (2, 1)], ""),  # the best mean is undecided
        ((0.0, 0.1, 0.1003), [(2, 0), (2, 1)], ""),  # or so against one of two
        ((0.0, 0.1, 0.2), [(1, 0), (2, 1)], NAMES[2]),
        ((0.0, 0.1, 0.2), [(0, 2)], NAMES[2]),  # as the other one is worse
        ((0.0, 0.1, 0.2), [(1, 0)], ""),  # the best mean was not compared
        ((0.0, 0.1, 0.2), [], ""),
        ((0.3, 0.1, 0.2), [(1, 0), (2, 0)], NAMES[0]),
        ((-0.3, 0.1, 0.1), [(1, 0)], ""),  # two have the best mean
    ],
)
def test_bold_is_the_best_mean_with_a_verdict_over_all_it_was_compared_with(gains, pairs, expected):
    found = results(gains=gains, pairs=[(NAMES[a], NAMES[b]) for a, b in pairs])
    if gains[1] == gains[2]:
        same = [attrs.evolve(r, competitor=NAMES[2]) for r in found.of(NAMES[1])]
        kept = [r for r in found.results if r.competitor != NAMES[2]]
        found = StudyResults.of_rounds(found.study, [*kept, *same])
    shown = content(found)
    assert best(found, shown.verdicts.analysis) == expected
    bold = [line for line in as_latex(shown).splitlines() if r"\textbf" in line]
    assert len(bold) == bool(expected)
    if bold:
        assert bold[0].startswith(re.escape(expected[:5]))


def test_higher_is_better_turns_the_best_round():
    found = results(gains=(0.0, 0.1, 0.2), metrics=[Metric("accuracy", unit="points")])
    assert best(found, content(found).verdicts.analysis) == NAMES[0]
    found = results(gains=(0.0, -0.1, -0.2), metrics=[Metric("accuracy", unit="points")])
    shown = content(found)
    assert best(found, shown.verdicts.analysis) == NAMES[2]
    assert r"\shortstack[r]{accuracy, \%\\$\uparrow$}" in as_latex(shown)
    assert "mean paired differences in points" in as_latex(shown)


# ---- the paragraph -----------------------------------------------------------------------------


def test_the_methods_of_a_planned_number_of_rounds():
    text, keys = methods(results(planned=range(12)))
    assert keys == {"fisher1935design", "pitman1937significance", "holm1979simple"}
    assert r"We compared plain, shared\_weights and model3-with-shared\_weights+target" in text
    assert (
        "by validation loss (lower is better) in 12 rounds, as many as were planned before" in text
    )
    assert "Rounds are paired by seed, and differences are taken within them." in text
    assert r"over all patterns of signs; 95\,\% intervals" in text
    assert r"of all 2 comparisons asked for are corrected together" in text
    assert r"$p \leq 0.05$ counts as a verdict. No round failed." in text
    assert text.endswith(r"by bakeoff 0.1.0 \citep{bakeoff}.")
    assert "equivalent" not in text


def test_the_methods_tell_of_drawn_signs_and_of_a_single_question():
    text, keys = methods(results(21, pairs=[(NAMES[1], NAMES[0])]))
    assert "over 99,999 drawn patterns of signs" in text
    assert "One comparison was asked for, so $p$ is not corrected" in text
    assert keys == {"fisher1935design", "pitman1937significance"}


def test_the_methods_of_looks_at_any_time():
    text, keys = methods(results(planned=range(20)))
    assert keys == {"vovk2024nonparametric", "howard2021time", "holm1979simple"}
    assert "not as many as were fixed before the first look" in text
    assert "as were planned" not in text
    assert methods(anytime=True)[1] == keys
    text, keys = methods(anytime=True, margin=0.02)
    assert keys == {"vovk2024nonparametric", "howard2021time", "shaffer1986modified"}
    assert "equivalent if it puts their difference within a margin of 0.02" in text


def test_the_methods_of_rounds_that_share_examples():
    found = results()
    text, keys = methods(
        attrs.evolve(found, judging=Judging((LOSS,), Dependence("resplit", (80, 20))))
    )
    assert keys == {"nadeau2003inference", "holm1979simple"}
    assert "cuts the same examples anew, 80 to train and 20 to test, so rounds are not" in text
    assert r"by the corrected resampled t test \citep{nadeau2003inference}" in text
    assert "sign" not in text
    text, _ = methods(attrs.evolve(found, judging=Judging((LOSS,), FIXED_TEST)))
    assert "All rounds share one test set: the verdict is about that set" in text


def test_the_methods_of_rounds_that_are_not_pairs():
    found = results()
    values = {name: found.values(name)[: 12 - i] for i, name in enumerate(NAMES)}
    published = Published("paper", 0.9, 0.01, 30)
    pairs = [pair(NAMES[1], NAMES[0]), pair(NAMES[1], "paper")]
    analysis = analyse_unpaired(values, pairs, published=published, larger_is_better=False)
    shown = content(found)
    shown = attrs.evolve(shown, verdicts=attrs.evolve(shown.verdicts, analysis=analysis))
    text = " ".join(as_methods(shown).split())
    assert "and paper by validation loss (lower is better) in 12, 11, 10, 30 rounds" in text
    assert "Rounds of different competitors are not pairs." in text
    assert "by permuting the labels of rounds" in text
    assert r"Welch's $t$ test \citep{welch1947generalization}" in text
    assert "sign" not in text.replace("significance", "").replace("design", "")
    assert "Below: differences of means with" in as_latex(shown)


def test_the_methods_with_a_margin():
    text, keys = methods(margin=0.05)
    assert {"schuirmann1987comparison", "shaffer1986modified"} <= keys
    assert "holm1979simple" not in keys
    assert "within a margin of 0.05" in text


def test_the_methods_tell_what_failed_was_left_out_and_is_secondary():
    further = Metric("time_s", "lower", "seconds")
    found = results(metrics=(LOSS, further), failed={(NAMES[0], 3), (NAMES[0], 4)})
    text, _ = methods(found)
    assert "Rounds failed: 2 of 12 of plain; they are lost to any that finished, and pairs" in text
    assert "judged by the rounds that either side won." in text
    assert r"Verdicts by time\_s are secondary" in text
    short = [r for r in found.results if (r.competitor, r.round) != (NAMES[1], 7)]
    text, _ = methods(StudyResults.of_rounds(found.study, short))
    assert "in 11 rounds" in text
    assert "Rounds that not every competitor has (1) are left out." in text


def test_ratios_are_called_so():
    found = results(metrics=[Metric("time", "lower", "ratio")])
    assert "taken within them, as ratios." in methods(found)[0]
    assert "Below: ratios with" in as_latex(content(found))
    assert "& ratio & interval &" in as_latex(content(found))


# ---- the figure --------------------------------------------------------------------------------


def drawn(path, width=3.25, found=None, **judging):
    shown = content(found, **judging)
    metric = shown.results.metric
    write_differences(shown.verdicts.analysis, metric, file=path, width=width)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png", ".PNG"])
def test_a_figure_has_the_same_bytes_each_time_and_no_date(tmp_path, suffix):
    one, other = (drawn(tmp_path / f"{name}{suffix}") for name in "ab")
    assert one == other
    assert b"/CreationDate" not in one
    assert b"<dc:date>" not in one


def test_a_pdf_is_as_wide_as_asked_for_with_outlines_and_no_raster(tmp_path):
    pdf = drawn(tmp_path / "a.pdf", 2.5, margin=0.05)
    (box,) = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ", pdf)
    assert float(box) == 180
    assert b"/FontFile2" in pdf  # TrueType, as of type 42
    assert b"/Type3" not in pdf
    assert b"/Subtype /Image" not in pdf


def test_nothing_of_a_narrow_figure_is_cut_and_texts_are_of_7_to_8_points(tmp_path):
    from matplotlib.text import Text

    from bakeoff.report.figures.style import PAPER, drawing
    from bakeoff.report.sections.outcome import difference_figure

    shown = content(margin=0.05)
    with drawing(PAPER):
        figure = difference_figure(shown.verdicts.analysis, shown.results.metric, 3.25)
        figure.draw_without_rendering()
        texts = [t for t in figure.findobj(Text) if t.get_text() and t.get_visible()]
        whole = figure.bbox
        boxes = [t.get_window_extent() for t in texts]
    assert {t.get_fontsize() for t in texts} <= {7.0, 7.5}
    told = {t.get_text(): box for t, box in zip(texts, boxes, strict=True)}
    assert "difference in validation loss (lower is better)" in told
    words = {text: box for text, box in told.items() if re.search("[a-z]", text)}
    out = [text for text, b in words.items() if not whole.x0 - 1 < b.x0 < b.x1 < whole.x1 + 1]
    assert out == []
    assert min(b.y0 for b in words.values()) >= whole.y0
    name = next(text for text in told if text.startswith("model3"))
    assert name.split("\n")[1] == "target − shared_weights"
    (label,) = (text for text in told if text.startswith("equivalent"))
    assert told[name].x1 < told[label].x0


def test_a_figure_that_cannot_be_written(tmp_path):
    with pytest.raises(ArgumentError, match=r"got 'a\.jpg', expected a name ending with one of"):
        check_file(Path("a.jpg"))
    for missing in (tmp_path / "none" / "a.png", Path("/dev/null/a.png")):
        with pytest.raises(OutputError, match="cannot be written"):
            check_file(missing)
        with pytest.raises(OutputError, match="cannot be written"):
            drawn(missing)


# ---- in a paper --------------------------------------------------------------------------------

PAPER = r"""\documentclass[twocolumn]{article}
\usepackage[textwidth=6.75in,columnsep=0.25in]{geometry}
\usepackage{booktabs,tabularx,graphicx,pgf}
\newcommand{\citep}[1]{[#1]}
\begin{document}
\input{methods}
\begin{figure}\includegraphics{drawn.pdf}\caption{Differences.}\end{figure}
\begin{figure}\input{drawn.pgf}\caption{Differences.}\end{figure}
\input{table}
\end{document}
"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX is installed")
@pytest.mark.parametrize(
    "metrics", [[LOSS], [Metric("test accuracy & more_$", unit="points"), LOSS]]
)
def test_a_two_column_paper_takes_them_as_they_are(tmp_path, metrics):
    shown = content(results(metrics=metrics), margin=0.05)
    (tmp_path / "table.tex").write_text(as_latex(shown))
    (tmp_path / "methods.tex").write_text(as_methods(shown))
    (tmp_path / "paper.tex").write_text(PAPER)
    drawn(tmp_path / "drawn.pdf", found=shown.results)
    drawn(tmp_path / "drawn.pgf", found=shown.results)
    assert "% " in (tmp_path / "drawn.pgf").read_text()
    words = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper"]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    log = (tmp_path / "paper.log").read_text(errors="replace")
    assert ended.returncode == 0, log[-2000:]
    assert re.findall(r"Overfull.*|.*Missing character.*", log) == []
    assert "pages" in log or "page" in log
