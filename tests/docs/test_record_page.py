"""docs/record.md: its tables are made by tools/pages.py, its weights by record_weights.py."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch

from bakeoff.data import draw_pair_sets, fit_standardiser, generate_pair_sets, load_mnist
from bakeoff.models.record import SHIPPED, ZOOM, RecordEnsemble, fold_standardiser, shipped_record
from bakeoff.rng import generator
from bakeoff.study.document import document
from bakeoff.study.machine import this_machine
from bakeoff.study.results import StudyResults
from bakeoff.training.shipped.record import RECORD
from bakeoff.training.shipped.record import ZOOM as STUDIED_ZOOM
from records import curves, record

ROOT = Path(__file__).parents[2]


@pytest.fixture
def page(tool):
    return tool("pages")


def test_every_competitor_is_told_in_words(page):
    assert tuple(page.report_tables.INGREDIENTS) == RECORD.competitor_names


def test_figures_are_those_of_the_rounds(page, tmp_path):
    accuracies = {
        "model2": [0.9 + 0.001 * (r % 3) for r in range(30)],
        "one-cycle": [0.95 + 0.002 * (r % 2) for r in range(30)],
    }
    rounds = [
        record(competitor, r, parameters=7, seconds=3.5 + r, **curves(recipe, value))
        for competitor, values in accuracies.items()
        for recipe in (RECORD.network(competitor).recipe,)
        for r, value in enumerate(values)
    ]
    told = document(StudyResults.of_rounds(RECORD, rounds), this_machine())
    (tmp_path / "record.json").write_text(json.dumps(told))
    empty = "<!-- begin ladder -->\n<!-- end ladder -->\n<!-- begin costs -->\n<!-- end costs -->"
    text = page.filled("record", empty, tmp_path)
    assert "| `model2` |" in text
    assert "90.10 ± 0.08" in text
    assert re.search(r"\+5\.0+ \(4\.9", text)
    assert "| `one-cycle` | 7 | 20 | 3.5 | 18.0 |" in text
    assert text.count(page.report_tables.NOT_RUN) > 10


# ---- the shipped weights --------------------------------------------------------------------


def test_the_shipped_network_is_small_and_right():
    assert SHIPPED.stat().st_size < 500_000
    assert ZOOM == STUDIED_ZOOM
    pairs = draw_pair_sets(
        load_mnist(), 500, train=generator(3, 0, "data", "a"), test=generator(3, 0, "data", "b")
    )
    network = shipped_record()
    assert not network.training
    answers = torch.cat(
        [network(part)["target"].argmax(-1).data for part in pairs.test_input.split(100)]
    )
    assert (answers == pairs.test_target).double().mean() >= 0.985


def test_a_folded_network_takes_raw_images():
    pairs = generate_pair_sets(50, seed=2)
    transform = fit_standardiser(pairs.train_input, per_feature=False)
    network = RecordEnsemble(zoom=0.05, readers=2).initialise(1)
    network(transform(pairs.train_input))  # moves the running statistics away from their start
    network.eval()
    expected = network(transform(pairs.test_input))
    fold_standardiser(network, transform)
    folded = network(pairs.test_input)
    for name, values in expected.items():
        torch.testing.assert_close(folded[name].data, values.data, atol=1e-4, rtol=1e-3)
