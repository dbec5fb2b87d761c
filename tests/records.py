"""Records of networks' rounds, made of what a trainer knows."""

import attrs

from bakeoff.study.record import DIVERGED, EPOCH, FINISHED, Record, divergence_note


def record(
    competitor="a",
    round=0,
    seed=0,
    *,
    parameters=1,
    train_loss=(0.5,),
    train=(0.5,),
    test=(0.5,),
    auxiliary=(),
    seconds=1.0,
    predictions=b"",
    weights=None,
    diverged=None,
    metric="accuracy",
):
    """A round; `diverged` is the epoch, and `train` and `test` are curves of the metric."""
    curves = {"train_loss": train_loss, f"train_{metric}": train, f"test_{metric}": test}
    attached = {"predictions": predictions or None, "weights": weights}
    return Record(
        competitor=competitor,
        round=round,
        seed=seed,
        status=DIVERGED if diverged else FINISHED,
        scores={} if diverged else {n: curve[-1] for n, curve in curves.items() if len(curve)},
        curves=curves | {f"train_loss/{name}": curve for name, curve in dict(auxiliary).items()},
        seconds=seconds,
        note=divergence_note(diverged, {}) if diverged else "",
        facts={"parameters": parameters} | ({EPOCH: diverged} if diverged else {}),
        attachments={n: b for n, b in attached.items() if b is not None and not diverged},
    )


def curves(recipe, value):
    """The curves of a recipe's epochs, of which the last ends at a value; of a divergence, none."""
    train = (0.5,) * recipe.epochs
    tested = () if value is None else (*[0.1] * (len(recipe.evaluated_epochs()) - 1), value)
    return {"train_loss": train, "train": train, "test": tested}


def diverged(one, epoch=1, **changes):
    """The same round, but that it diverged."""
    facts = dict(one.facts) | {EPOCH: epoch}
    note = divergence_note(epoch, {})
    return attrs.evolve(
        one, status=DIVERGED, scores={}, note=note, facts=facts, attachments={}, **changes
    )


def with_curve(one, name, values):
    """The same round with another curve, and its end as the score of that name."""
    curves, scores = dict(one.curves) | {name: values}, dict(one.scores)
    if name in scores:
        scores[name] = values[-1]
    return attrs.evolve(one, curves=curves, scores=scores)


def scored(one, where):
    """The curve of the metric, accuracy or R², on the "train" or the "test" set."""
    (name,) = {f"{where}_accuracy", f"{where}_r2"} & dict(one.curves).keys()
    return one.curve(name)


def auxiliary(one):
    """The further outputs' losses, by the outputs' names."""
    head = "train_loss/"
    return {name.removeprefix(head): c for name, c in one.curves if name.startswith(head)}
