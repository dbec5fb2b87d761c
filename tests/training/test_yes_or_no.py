"""Yes or no by one number: trained on its square, judged from one half on; the disk's own task."""

import attrs
import pytest
import torch
from safetensors.torch import load

from bakeoff import rng
from bakeoff.errors import StudyError
from bakeoff.models.disk import disk_network
from bakeoff.nn import CrossEntropyLoss, MSELoss
from bakeoff.training import torch_trainer
from bakeoff.training.learner import Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.shipped.disk import DISK
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.trainer import make_network, train_group, trained_group

RECIPE = Recipe(lr=0.2, schedule="CosineAnnealingLR", epochs=3, batch_size=25, rounds_per_group=3)


def study_of(points=60, recipe=RECIPE, **network):
    one = NetworkCompetitor("one", **{"network": "disk", "recipe": recipe} | network)
    return NetworkStudy("s", "?", [one], seed=5, data="disk", train_size=points, test_size=60)


def trained(study, group=0, **options):
    return train_group(study, study.networks[0], group, **options)


def by_pytorch(round_, points, seed=5):
    """Train one round with PyTorch's own parts; return its network, losses and test accuracies."""
    draws = [rng.generator(seed, round_, "data", name) for name in ("train", "test")]
    sets = [torch.rand(n, 2, generator=g) for n, g in zip((points, 60), draws, strict=True)]
    insides = [(x.double() - 0.5).square().sum(1) <= 1 / (2 * torch.pi) for x in sets]
    x, x_test = ((part - sets[0].mean(0)) / sets[0].std(0) for part in sets)
    network = torch.nn.Sequential(
        *[torch.nn.Tanh() if i % 2 else torch.nn.Linear(1, 1) for i in range(7)]
    )
    start = make_network(NetworkCompetitor("disk")).initialise(seed, round_).state_dict()
    for i in range(0, 7, 2):
        network[i].weight = torch.nn.Parameter(start[f"layers.{i}.weight"])
        network[i].bias = torch.nn.Parameter(start[f"layers.{i}.bias"])
    optimizer = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.9)
    steps = 3 * -(-points // 25)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    order, losses, accuracies = rng.generator(seed, round_, "order"), [], []
    for _ in range(3):
        total = 0.0
        for rows in torch.randperm(points, generator=order).split(25):
            optimizer.zero_grad()
            target = insides[0][rows].float()[:, None]
            loss = torch.nn.functional.mse_loss(network(x[rows]), target)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        losses.append(total / points)
        said = network(x_test)[:, 0] >= 0.5
        accuracies.append(float((said == insides[1]).double().mean()))
    return network, losses, accuracies


@pytest.mark.parametrize("points", [60, 50, 25])
def test_every_round_trains_as_pytorch_would_train_it_alone(points):
    study = study_of(points)
    network, records = trained_group(study, study.networks[0], 1)
    for place, record in enumerate(records):
        assert record.round == 3 + place
        theirs, losses, accuracies = by_pytorch(record.round, points)
        assert record.curve("train_loss") == pytest.approx(losses, rel=1e-4)
        assert record.curve("test_accuracy") == pytest.approx(accuracies)
        for name, tensor in theirs.state_dict().items():
            ours = network.state_dict()[f"layers.{name}"][place]
            assert torch.allclose(ours, tensor, atol=1e-5), name


def test_training_accuracy_counts_what_each_batch_got_right():
    # In one batch of all points, at a step size of next to nothing, the start decides.
    study = study_of(recipe=attrs.evolve(RECIPE, epochs=1, batch_size=60, lr=1e-9, schedule=None))
    (first, *_) = trained(study)
    points = torch.rand(60, 2, generator=rng.generator(5, 0, "data", "train"))
    inside = (points.double() - 0.5).square().sum(1) <= 1 / (2 * torch.pi)
    network = make_network(study.networks[0]).initialise(5, 0)
    said = network((points - points.mean(0)) / points.std(0))["target"].data[:, 0] >= 0.5
    assert first.score("train_accuracy") == float((said == inside).double().mean())


def test_plan_tape_and_a_learner_used_again_agree_to_the_bit():
    study = study_of()
    kept = {}
    one = study.networks[0]
    found = [
        trained(study, 1, plan=False),
        trained(study, 1),
        *(trained_group(study, one, group, kept=kept)[1] for group in (0, 1)),
    ]
    tape, plan, _, again = [[attrs.evolve(r, seconds=0.0) for r in records] for records in found]
    assert len(kept) == 1
    assert tape == plan == again


@pytest.mark.parametrize("outputs", [1, 2])
def test_pytorchs_trainer_agrees(outputs):
    study = study_of(network="mlp", options={"inputs": 2, "outputs": outputs})
    ours, theirs = trained(study), torch_trainer.train_group(study, study.networks[0], 0)
    for a, b in zip(ours, theirs, strict=True):
        assert a.curve("train_loss") == pytest.approx(b.curve("train_loss"), rel=1e-4)
        assert a.curve("train_accuracy") == b.curve("train_accuracy")
        assert a.curve("test_accuracy") == b.curve("test_accuracy")
        assert a.attachment("predictions") == b.attachment("predictions")


@pytest.mark.parametrize(("outputs", "loss"), [(1, MSELoss), (2, CrossEntropyLoss)])
def test_one_number_is_scored_by_its_square_and_two_by_cross_entropy(outputs, loss):
    network = make_network(
        NetworkCompetitor("mlp", options={"inputs": 2, "outputs": outputs})
    ).initialise(0)
    labels = {"target": torch.arange(6) % 2 == 1}
    learner = Learner(network, torch.zeros(6, 2), labels, Recipe(), {})
    assert type(learner.scored["target"]) is loss


def test_one_number_cannot_stand_for_classes():
    network = make_network(NetworkCompetitor("disk")).initialise(0)
    with pytest.raises(StudyError, match="has 1 classes, expected at least 2"):
        Learner(network, torch.zeros(6, 2), {"target": torch.arange(6) % 2}, Recipe(), {})


def test_a_round_keeps_a_class_for_each_answer_and_weights_that_give_it():
    record, *_ = trained(study_of())
    said = list(record.attachment("predictions"))
    assert len(said) == 60
    assert set(said) <= {0, 1}
    state = load(record.attachment("weights"))
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        f"layers.{name}": tuple(tensor.shape)
        for name, tensor in disk_network().initialise(0).state_dict().items()
    }


def test_the_shipped_study_learns():
    recipe = attrs.evolve(DISK.networks[0].recipe, epochs=60, rounds_per_group=2)
    study = attrs.evolve(DISK.with_recipe(recipe), train_size=500, test_size=500)
    for competitor in study.networks:
        assert min(r.score("test_accuracy") for r in train_group(study, competitor, 0)) > 0.94
