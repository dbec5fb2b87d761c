"""The competitors' networks: what they cost, and how they are built."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from attrs import frozen

from bakeoff.autodiff import no_grad
from bakeoff.autodiff.listing import total_flops
from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import BakeoffError
from bakeoff.nn import CrossEntropyLoss, Module, MSELoss
from bakeoff.report.architecture import Architecture, Box, trace
from bakeoff.report.figures.networks import Costs, Drawn, draw_costs, draw_graph, lay_out
from bakeoff.report.figures.style import Picture, picture
from bakeoff.report.page import Exhibit, Section, file_names
from bakeoff.study.record import SECONDS
from bakeoff.study.results import StudyResults
from bakeoff.tables import Column, Table
from bakeoff.training.data_sets import PAIRS as PAIR_DATA
from bakeoff.training.data_spec import PAIRS, DataSpec
from bakeoff.training.learner import label_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import make_network

MAIN = "target"


@frozen
class Known:
    """What running a competitor's network once tells."""

    name: str  # the competitor
    architecture: Architecture | None  # what it is made of; None if it could not be run
    # Floating-point operations of one prediction; None if it could not be captured.
    predicting: int | None
    # The same of one example's share of a step in training, without the update.
    training: int | None
    why: str = ""  # what stood in the way, "" if nothing did


def look_at(competitor: NetworkCompetitor, form: DataSpec | None = PAIRS) -> Known:
    """Run a competitor's network once and tell what it is.

    There is no form of a user's own data, whose code a report does not run.
    """
    why: object = "how its inputs are shaped is known to the study's own data alone"
    if form is not None:
        try:
            network = make_network(competitor)
            architecture = trace(network, form.shape, MAIN)
            return Known(competitor.name, architecture, *operations(network, competitor, form))
        except (BakeoffError, TypeError) as error:
            why = error
    return Known(competitor.name, None, None, None, f"{competitor.name}: {why}.")


def operations(
    network: Module, competitor: NetworkCompetitor, form: DataSpec = PAIRS
) -> tuple[int, int]:
    """Count the floating-point operations on one example, in predicting and in training.

    They are counted in plans of the network: a multiplication and an addition are two. Predicting
    needs the main output alone; training runs the weighted losses of all outputs forward and
    backward. Neither changes a weight.
    """
    weights = {MAIN: 1.0} | dict(competitor.loss_weights)
    batch = competitor.recipe.batch_size
    scored: Mapping[str, Module] = getattr(network, "output_losses", {})
    network.eval()
    with no_grad():
        sizes = {name: out.shape[1] for name, out in network(torch.zeros(1, *form.shape)).items()}
    labels = {
        name: Tensor(form.targets[label_of(name)].example(batch, sizes[name])) for name in weights
    }

    def loss_of(name: str, output: Tensor) -> Tensor:
        usual = MSELoss() if labels[name].dtype.is_floating_point else CrossEntropyLoss()
        loss: Tensor = scored.get(name, usual)(output, labels[name])
        return loss

    def predict(example: Tensor) -> Tensor:
        with no_grad():
            main: Tensor = network(example)[MAIN]
            return main

    def train(examples: Tensor) -> None:
        network.zero_grad()
        outputs = network(examples)
        losses = [
            loss_of(name, outputs[name]) * weight for name, weight in weights.items() if weight > 0
        ]
        sum(losses[1:], losses[0]).backward()

    predicting = total_flops(capture(predict, torch.zeros(1, *form.shape)))
    network.train()
    training = total_flops(capture(train, torch.zeros(batch, *form.shape))) // batch
    return predicting, training


def costs(results: StudyResults, study: NetworkStudy, known: list[Known]) -> Section:
    """Return accuracy or R² against parameters, operations and seconds."""
    metric = results.metric
    example = "pair" if set(study.data_sets) <= set(PAIR_DATA) else "example"
    title = f"{metric.title} and cost"
    by_name = {k.name: k for k in known}
    found = [s for s in results.summaries() if s.test.mean is not None]
    drawn = []
    for s in found:
        mean = metric.scaled(s.test.mean or 0.0)
        ends = (s.test.interval.low, s.test.interval.high) if s.test.interval else ()
        low, high = map(metric.scaled, ends) if ends else (mean, mean)
        taken = np.median([r.score(SECONDS) for r in results.of(s.name) if r.finished])
        price = (s.parameters, by_name[s.name].training, float(taken))
        place = results.study.competitor_names.index(s.name)
        drawn.append(Costs(s.name, place, mean, low, high, price))
    if not drawn:
        return Section("costs", title, ("No round is there that did not diverge.",))
    axes = ("parameters", f"FLOPs a training {example}", "median seconds a round")
    formats = (
        " with {:,} parameters",
        f", {{:,}} FLOPs a training {example}",
        ", {:.2f} s a round",
    )
    told = "; ".join(
        f"{s.name} {metric.show(s.test.mean or 0.0)}"
        + "".join(
            words.format(x) for words, x in zip(formats, c.costs, strict=True) if x is not None
        )
        for c, s in zip(drawn, found, strict=True)
    )
    caption = (
        f"Mean {metric.name} with its 95 % interval. FLOPs: floating-point operations of a"
        f" training step, forward and backward, {_a(example)}'s share of it, counted in the"
        " network's own plan; a multiplication and an addition are two. All three include what"
        " auxiliary outputs cost."
    )
    figure = draw_costs(drawn, axes, metric.name + metric.axis.removeprefix(metric.short))
    alt = f"{metric.name[:1].upper()}{metric.name[1:]} against cost: {told}."
    table = Table(
        "costs",
        f"{metric.title}{metric.sign and ' in'}{metric.sign} and cost",
        (
            Column("competitor", [c.name for c in drawn]),
            Column("test mean", [c.accuracy for c in drawn], metric.decimals + 1),
            *(Column(name, [c.costs[i] for c in drawn]) for i, name in enumerate(axes[:2])),
            Column("FLOPs a prediction", [by_name[c.name].predicting for c in drawn]),
            Column(axes[2], [c.costs[2] for c in drawn]),
        ),
        folded=True,
    )
    return Section(
        "costs", title, exhibits=(Exhibit.of("costs", figure, alt, caption),), tables=(table,)
    )


def _a(example: str) -> str:
    return f"{'an' if example[0] == 'e' else 'a'} {example}"


# ---- architectures ---------------------------------------------------------------------------


def architectures(known: list[Known]) -> Section:
    """Return a drawing of each network, once for all competitors that share it."""
    alike = dict[Architecture, list[str]]()
    for k in known:
        if k.architecture is not None:
            alike.setdefault(k.architecture, []).append(k.name)
    stems = file_names(f"architecture-{names[0]}" for names in alike.values())
    drawn = [
        (stem, ", ".join(names), architecture)
        for stem, (architecture, names) in zip(stems, alike.items(), strict=True)
    ]
    text = (
        "Drawn from the networks themselves: each ran once with its layers watched. A box is one"
        " set of weights or one operation, with the shape that it gives on the right."
    )
    missing = tuple(k.why for k in known if k.why)
    return Section(
        "architectures",
        "Architectures",
        ((text,) if drawn else ()) + missing,
        tuple(
            Exhibit(stem, _drawing(architecture, stem), _alt(name, architecture), name)
            for stem, name, architecture in drawn
        ),
    )


def _drawing(architecture: Architecture, stem: str) -> Picture:
    boxes, arrows = architecture.boxes, architecture.arrows
    ends = [i for i, box in enumerate(boxes) if box.role == "output"]
    figure = draw_graph(
        [_drawn(box, main=i in architecture.main) for i, box in enumerate(boxes)],
        lay_out(len(boxes), arrows, ends),
        [arrow in architecture.main_arrows for arrow in arrows],
    )
    return picture(figure, stem)


def _drawn(box: Box, *, main: bool) -> Drawn:
    shape = "×".join(map(str, box.shape))
    if box.role in ("input", "output"):
        return Drawn(box.name, "", shape, "end" if main else "branch")
    look = "shared" if box.shared else "plain" if main else "branch"
    title = box.name
    if box.shared:
        times = box.images * box.uses
        title += f" (×{times})"
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
