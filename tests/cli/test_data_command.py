import json

import pytest
import torch

from bakeoff import generate_pair_sets
from bakeoff.cli.data import image_lines


def test_it_shows_samples_and_counts(bakeoff):
    code, out, err = bakeoff("data", "--n", "60", "--pairs", "1")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert "█" in out
    sets = generate_pair_sets(60, seed=0)
    counts = sets.train_classes.flatten().bincount(minlength=10).tolist()
    (line,) = [line for line in out.splitlines() if line.startswith("train") and "%" not in line]
    assert line.split()[1:] == list(map(str, counts))
    assert f"{int((sets.test_target == 1).sum())} (" in out


def test_a_script_gets_the_same_as_json(bakeoff):
    code, out, _ = bakeoff("data", "--n", "60", "--pairs", "2", "--seed", "5", "--format", "json")
    told = json.loads(out)
    sets = generate_pair_sets(60, seed=5)
    assert code == 0
    assert told["counts"]["test"]["targets"] == sets.test_target.bincount(minlength=2).tolist()
    first = told["samples"][0]
    place = int((sets.train_target == 0).nonzero()[0])
    assert first["digits"] == sets.train_classes[place].tolist()
    assert torch.equal(torch.tensor(first["images"]), sets.train_input[place])


def test_two_rows_of_pixels_make_a_line():
    image = [[0, 255, 0, 255], [0, 0, 255, 255]]
    assert image_lines(image) == [" ▀▄█"]
    assert image_lines(image, " '.#") == [" '.#"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--n", "0"], "--n: got 0, expected at least 1"),
        (["--n", "99999"], "largest possible"),
        (["--round", "-1"], "--round: got -1"),
        (["--format", "jsn"], "did you mean 'json'?"),
        (["--data", "/nowhere"], "/nowhere: found no such folder"),
    ],
)
def test_a_data_mistake_is_one_sentence(bakeoff, arguments, sentence):
    code, out, err = bakeoff("data", *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1
