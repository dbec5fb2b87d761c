"""The competitors' networks: what they cost, and how they are built."""

from __future__ import annotations

import torch
from attrs import frozen

from bakeoff.autodiff import no_grad
from bakeoff.autodiff.listing import total_flops
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import BakeoffError
from bakeoff.nn import Module
from bakeoff.report.architecture import Architecture, Box, trace
from bakeoff.report.content import Column, Exhibit, Section, Table, file_names
from bakeoff.report.figures.costs import Costs, draw_costs
from bakeoff.report.figures.graph import Drawn, draw_graph
from bakeoff.report.figures.style import Picture, picture
from bakeoff.report.layers import lay_out
from bakeoff.study.results import StudyResults
from bakeoff.study.spec import Competitor
from bakeoff.study.trainer import make_network

PAIR = (2, 14, 14)
MAIN = "target"


@frozen
class Known:
    """What running a competitor's network once tells.

    Attributes:
        name: the competitor.
        architecture: what it is made of; None if it could not be run.
        flops: floating-point operations of one prediction; None if it could not be captured.
        why: what stood in the way, "" if nothing did.
    """

    name: str
    architecture: Architecture | None
    flops: int | None
    why: str = ""


def look_at(competitor: Competitor) -> Known:
    """Run a competitor's network once and tell what it is."""
    try:
        network = make_network(competitor)
    except (BakeoffError, TypeError) as error:
        return Known(competitor.name, None, None, f"{competitor.name}: {error}.")
    if not isinstance(network, Module):
        why = f"{competitor.name}: only networks of bakeoff's own layers are drawn."
        return Known(competitor.name, None, None, why)
    try:
        architecture = trace(network, PAIR, MAIN)
        return Known(competitor.name, architecture, _flops(network))
    except BakeoffError as error:
        return Known(competitor.name, None, None, f"{competitor.name}: {error}.")


def _flops(network: Module) -> int:
    """Return the floating-point operations of one prediction of the main output for one pair."""

    def predict(pair: Tensor) -> Tensor:
        with no_grad():
            outputs = network(pair)
            main: Tensor = outputs if isinstance(outputs, Tensor) else outputs[MAIN]
            return main

    network.eval()
    return total_flops(capture(predict, torch.zeros(1, *PAIR)))


def costs(results: StudyResults, known: list[Known]) -> Section:
    """Return accuracy against parameters, operations and seconds."""
    flops = {k.name: k.flops for k in known}
    place = {name: i for i, name in enumerate(results.study.competitor_names)}
    found = [s for s in results.summaries() if s.test.mean is not None]
    drawn = []
    for s in found:
        mean = 100 * (s.test.mean or 0.0)
        interval = s.test.interval
        low, high = (100 * interval.low, 100 * interval.high) if interval else (mean, mean)
        price = (float(s.parameters), flops.get(s.name), s.seconds.mean)
        drawn.append(Costs(s.name, place[s.name], mean, low, high, price))
    if not drawn:
        return Section("costs", "Accuracy and cost", ("No round is there that did not diverge.",))
    axes = ("parameters", "FLOPs a prediction", "seconds a round")
    alt = "Test accuracy against cost: " + "; ".join(
        f"{c.name} {c.accuracy:.1f} % with {s.parameters:,} parameters"
        + (f", {c.costs[1]:,} FLOPs" if c.costs[1] is not None else "")
        + (f", {c.costs[2]:.2f} s a round" if c.costs[2] is not None else "")
        for c, s in zip(drawn, found, strict=True)
    )
    caption = (
        "Mean test accuracy with its 95 % interval. FLOPs: floating-point operations of one"
        " prediction, counted in the network's own plan, a multiplication and an addition being"
        " two; parameters count what training needs, auxiliary branches included."
    )
    return Section(
        "costs",
        "Accuracy and cost",
        exhibits=(Exhibit("costs", picture(draw_costs(drawn, axes), "costs"), alt + ".", caption),),
        tables=(
            Table(
                "costs",
                "Accuracy in % and cost",
                (
                    Column("competitor", tuple(c.name for c in drawn)),
                    Column("test mean", tuple(c.accuracy for c in drawn)),
                    Column("parameters", tuple(s.parameters for s in found)),
                    Column("FLOPs a prediction", tuple(flops.get(c.name) for c in drawn)),
                    Column("seconds a round", tuple(c.costs[2] for c in drawn)),
                ),
                folded=True,
            ),
        ),
    )


# ---- architectures ---------------------------------------------------------------------------


def architectures(known: list[Known]) -> Section:
    """Return a drawing of each competitor's network."""
    stems = file_names(f"architecture-{k.name}" for k in known)
    drawn = [
        (stem, k.name, k.architecture)
        for stem, k in zip(stems, known, strict=True)
        if k.architecture is not None
    ]
    text = (
        "Drawn from the networks themselves: each ran once with its layers watched. A box is one"
        " set of weights or one operation; what leaves it is written below it. Filled boxes are"
        " weights that several inputs share; dashed lines lead to auxiliary outputs alone.",
    )
    missing = tuple(k.why for k in known if k.why)
    return Section(
        "architectures",
        "Architectures",
        (text if drawn else ()) + missing,
        tuple(
            Exhibit(stem, _drawing(architecture, stem), _alt(name, architecture), name)
            for stem, name, architecture in drawn
        ),
    )


def _drawing(architecture: Architecture, stem: str) -> Picture:
    boxes, arrows = architecture.boxes, architecture.arrows
    ends = [i for i, box in enumerate(boxes) if box.role == "output"]
    layout = lay_out(len(boxes), arrows, ends)
    figure = draw_graph(
        [_drawn(box, main=i in architecture.main) for i, box in enumerate(boxes)],
        layout.boxes,
        [
            (path, arrow in architecture.main_arrows)
            for arrow, path in zip(arrows, layout.paths, strict=True)
        ],
        (layout.width, layout.height),
    )
    return picture(figure, stem)


def _drawn(box: Box, *, main: bool) -> Drawn:
    shape = "×".join(map(str, box.shape))
    if box.role in ("input", "output"):
        return Drawn(box.name, shape, "", "end" if main else "branch")
    look = "shared" if box.shared else "plain" if main else "branch"
    title = box.name
    if box.shared:
        times = box.images * box.uses
        title += f"  (×{times})"
    return Drawn(title, box.kind, shape, look)


def _alt(name: str, architecture: Architecture) -> str:
    """Return the network in words, layer by layer."""
    told = []
    for i, box in enumerate(architecture.boxes):
        sources = [architecture.boxes[a].name for a, b in architecture.arrows if b == i]
        words = f"{box.name}" + (f" ({box.kind})" if box.kind else "")
        if sources:
            words += f" from {', '.join(sources)}"
        words += f", gives {'×'.join(map(str, box.shape))}" if box.role != "output" else ""
        words += ", shared weights" if box.shared else ""
        words += "" if i in architecture.main else ", auxiliary"
        told.append(words)
    return f"Architecture of {name}: " + "; ".join(told) + "."
