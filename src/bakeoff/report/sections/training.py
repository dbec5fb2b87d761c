"""How training went: accuracy or R² per epoch, and time a round."""

from __future__ import annotations

import numpy as np

from bakeoff.report.figures.curves import Band, Competitor, draw_curves
from bakeoff.report.figures.rows import DOTTED, FAR, Row, draw_dots
from bakeoff.report.page import Chooser, Exhibit, Section, file_names
from bakeoff.study.metric import Metric
from bakeoff.study.record import SECONDS
from bakeoff.study.results import StudyResults
from bakeoff.tables import Column, Table
from bakeoff.training.spec import NetworkStudy

MOST = 4
"""Outliers that are named; of more, the number."""


def curves(results: StudyResults) -> Section:
    """Return accuracy or R² per epoch, any two competitors together."""
    metric = results.metric
    title = f"{metric.title} per epoch"
    found = [c for i in range(len(results.study.competitors)) if (c := _bands(results, i))]
    if not found:
        none = "No round is there that did not diverge."
        return Section("curves", title, (none,))

    def told(*competitors: Competitor) -> str:
        each = "; ".join(_told(competitor, metric) for competitor in competitors)
        return f"Mean {metric.short} after the last epoch: {each}."

    caption = (
        f"Solid: {metric.name}; dashed: train {metric.short}, a running mean within each "
        "epoch; bands: one standard deviation over the rounds, up and down. The first epochs may"
        " begin below the axis."
    )
    figure = draw_curves(found, metric.axis)
    main = Exhibit.of("curves", figure, told(*found), caption)
    places = {c.name: c.place for c in found}
    pairs = [(a, b) for a, b in results.study.comparisons if {a, b} <= places.keys()]
    drawn = pairs if len(pairs) <= DOTTED else []  # many are chosen on the page
    stems = file_names(f"curves-{a}-{b}" for a, b in drawn)
    by_name = {c.name: c for c in found}
    return Section(
        "curves",
        title,
        exhibits=tuple(
            Exhibit.of(
                stem,
                draw_curves([by_name[a], by_name[b]], metric.axis),
                told(by_name[a], by_name[b]),
                only_file=True,
            )
            for stem, (a, b) in zip(stems, drawn, strict=True)
        ),
        tables=(_curve_table(found, metric),),
        chooser=Chooser(
            main,
            tuple((c.place, c.name) for c in found),
            tuple((places[a], places[b]) for a, b in pairs),
        ),
    )


def _bands(results: StudyResults, place: int) -> Competitor | None:
    """Return a competitor's two curves; None if it has no round that did not diverge."""
    name = results.study.competitor_names[place]
    rounds = [r for r in results.of(name) if r.finished]
    if not rounds:
        return None
    metric = results.metric

    def band(score: str) -> Band:
        curves = [[metric.scaled(value) for value in r.curve(score)] for r in rounds]
        return Band.of(results.study.positions(name, score, len(curves[0])), curves)

    return Competitor(name, place, band(metric.score), band(metric.in_training))


def _told(competitor: Competitor, metric: Metric) -> str:
    ends = (competitor.test.mean[-1], competitor.train.mean[-1])
    test, train = (f"{end:.{metric.decimals}f}{metric.sign}" for end in ends)
    return f"{competitor.name} test {test}, train {train}"


def _curve_table(found: list[Competitor], metric: Metric) -> Table:
    rows = [
        (c.name, kind, int(epoch), float(mean), None if np.isnan(std) else float(std))
        for c in found
        for kind, band in (("test", c.test), ("train", c.train))
        for epoch, mean, std in zip(band.epochs, band.mean, band.std, strict=True)
    ]
    names = ("competitor", "set", "epoch", "mean", "std")
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return Table(
        "means",
        f"{metric.title} per epoch{metric.sign and ' in'}{metric.sign}, mean and standard "
        "deviation over the rounds",
        tuple(Column(name, values, metric.decimals + 1) for name, values in columns),
        folded=True,
    )


def times(results: StudyResults) -> Section:
    """Return the seconds that a round took, each round a dot; median, quartiles and outliers."""
    rows, far = list[Row](), list[str]()
    for place, name in enumerate(results.study.competitor_names):
        made = [(r.score(SECONDS), r.round) for r in results.of(name) if r.finished]
        values = np.array([seconds for seconds, _ in made])
        if not made:
            continue
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75)).tolist()
        label = f"{middle:.2f} s ({low:.2f} to {high:.2f})"
        rows.append(Row(name, place, values, middle, low, high, label))
        far += [f"{name} round {r}, {x:.1f} s" for x, r in made if x > FAR * middle]
    if not rows:
        return Section("time", "Time a round", ("No round is there that finished.",))
    more = f" and {len(far) - MOST} more" if len(far) > MOST else ""
    outliers = f"Over {FAR:g} times the median took {'; '.join(far[:MOST])}{more}."
    figure = draw_dots(rows, "seconds a round", "median and quartiles", from_zero=True)
    told = "; ".join(f"{row.name} {row.label}" for row in rows)
    networks = (
        "Training and the evaluations on the test set, without drawing data and making plans; of "
        "rounds trained in lockstep, the group's time divided by its rounds. "
    )
    caption = networks * isinstance(results.study, NetworkStudy) + (
        "Times of rounds that shared a machine with others are only as good as that machine was"
        " quiet."
    )
    alt = f"Seconds a round, median and quartiles: {told}."
    exhibit = Exhibit.of("time", figure, alt, caption)
    return Section("time", "Time a round", (outliers,) if far else (), (exhibit,))
