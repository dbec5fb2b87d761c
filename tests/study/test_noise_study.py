"""Studies that redraw one source of chance at a time, and what is said of them."""

import numpy as np
import pytest
from attrs import evolve

from bakeoff.errors import StudyError
from bakeoff.study.command import Command, CommandStudy, named_seed, seed_of
from bakeoff.study.function import FunctionStudy
from bakeoff.study.metric import Metric
from bakeoff.study.noise import advice, noise_of, noise_study
from bakeoff.study.record import FINISHED, Record
from bakeoff.study.results import StudyResults
from bakeoff.study.run import Listener, RunOptions
from bakeoff.study.spec import Competitor
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

RUN = "echo {seed.data} {seed.init} {rate}"
STUDY = CommandStudy(
    "s",
    "Which?",
    [Competitor("a", options={"rate": 1}), Competitor("b", options={"rate": 2})],
    [("b", "a")],
    metrics=[Metric("loss")],
    command=Command(RUN),
)


def test_it_stays_on_its_task():
    named = [Competitor(f"{name}@digits", options={"rate": 1}) for name in "ab"]
    apart = noise_study(evolve(STUDY, competitors=named, comparisons=[("b@digits", "a@digits")]))
    assert apart.competitor_names[2:4] == ("a.data@digits", "a.init@digits")
    assert (apart.tasks, apart.bases[2:4]) == (("digits",), ("a.data", "a.init"))
    records = results(lambda c, d, i: DRAWS[0, d]).results
    told = [
        evolve(r, competitor="@".join((r.competitor, "digits")))
        for r in records
        if "." in r.competitor
    ]
    found = noise_of(StudyResults.of_rounds(apart, told))["b@digits - a@digits"]
    assert [s.variance for s in found.sources] == [0, 0]


def keys(study):
    made = study.prepare(RunOptions(), Listener())
    return {name: one.key.text for name, one in made.items()}


def test_it_has_each_competitor_once_and_once_a_source():
    apart = noise_study(STUDY, worlds=3, redraws=4)
    assert (apart.name, apart.rounds, apart.comparisons) == ("s-noise", 12, STUDY.comparisons)
    assert apart.competitor_names == ("a", "b", "a.data", "a.init", "b.data", "b.init")
    assert apart.competitor("b.init") == Competitor(
        "b.init", options={"rate": 2}, redraw=["init"], world=4
    )
    assert noise_study(STUDY, ["init", "init"]).competitor_names == ("a", "b", "a.init", "b.init")


def test_ordinary_rounds_are_those_of_the_study_and_no_others():
    own, apart = keys(STUDY), keys(noise_study(STUDY))
    assert {name: apart[name] for name in own} == own
    assert len(set(apart.values())) == 6
    assert keys(noise_study(STUDY, redraws=5))["a.init"] != apart["a.init"]


def test_a_held_seed_is_that_of_its_worlds_first_round():
    a, held = STUDY.competitors[0], noise_study(STUDY, redraws=3).competitor("a.init")
    seeds = [
        [named_seed(STUDY, c, r, s) for r in range(9)] for c in (a, held) for s in ("data", "init")
    ]
    data, init, held_data, redrawn = seeds
    assert held_data == [data[r - r % 3] for r in range(9)]
    assert redrawn == init
    assert len({*data, *init}) == 18
    assert not {*data, *init} & {seed_of(0, r) for r in range(9)}
    listed = evolve(STUDY, seeds=[7, 8], rounds=2)
    assert named_seed(listed, a, 0, "data") != named_seed(STUDY, a, 0, "data")


def test_a_network_draws_what_it_has():
    def chance(network, options=(), **recipe):
        competitor = NetworkCompetitor(
            "c", network=network, options=options, recipe=Recipe(**recipe)
        )
        return NetworkStudy("n", "", [competitor]).chance()

    assert chance("model1") == ("data", "init", "order")
    swapped = chance("model1", augmentation=Augmentation(swap=True))
    assert swapped == ("data", "init", "order", "augment")
    assert chance("model3", {"redrawn": True}) == ("data", "init", "order", "dropout")
    assert chance("mymodule:Net") == ("data", "init", "order", "dropout")


def test_keys_of_networks_tell_what_is_held():
    study = NetworkStudy("n", "", [NetworkCompetitor("disk")], data="disk")
    own, apart = keys(study), keys(noise_study(study))
    assert apart["disk"] == own["disk"]
    assert len(set(apart.values())) == 4


@pytest.mark.parametrize(
    "study",
    [
        evolve(STUDY, command=Command("echo {seed} {seed.init} {rate}")),
        evolve(STUDY, command=Command("echo {round} {seed.init} {rate}")),
        FunctionStudy("s", "", [Competitor("a")], function="m:f"),
    ],
)
def test_one_seed_for_all_is_refused_with_what_to_write(study):
    with pytest.raises(StudyError) as raised:
        noise_study(study)
    assert "study 's': got one seed for all that is random, as functions and {seed}" in str(
        raised.value
    )
    assert "such as {seed.data} {seed.init}, and no other" in str(raised.value)


def test_mistakes_are_refused():
    for given, told in (
        ({"sources": ["int"]}, "no source of chance 'int' .did you mean 'init'"),
        ({"worlds": 1}, "worlds: got 1, expected at least 2"),
        ({"redraws": 1}, "redraws: got 1, expected at least 2"),
    ):
        with pytest.raises(StudyError, match=told):
            noise_study(STUDY, **given)


def results(values, worlds=5, redraws=6, rounds=None, sources=()):
    """Return results of both competitors, by a function of name, and the rounds of the draws."""
    study = noise_study(STUDY, sources, worlds=worlds, redraws=redraws)
    records = [
        Record(
            competitor=c.name,
            round=r,
            seed=0,
            status=FINISHED,
            scores={"loss": values(c.name[0], c.round_of("data", r), c.round_of("init", r))},
            curves={},
            seconds=0.0,
            note="",
            facts={},
            attachments={},
        )
        for c in study.competitors
        for r in rounds or range(study.rounds)
    ]
    return StudyResults.of_rounds(study, records)


DRAWS = np.random.default_rng(0).normal(size=(2, 100))


def test_differences_are_looked_at_by_pairs():
    found = noise_of(results(lambda c, d, i: 5 * DRAWS[0, d] + (c == "b") * DRAWS[1, i]))
    assert [*found] == ["a", "b", "b - a"]
    variances = {n: {s.source: s.variance for s in one.sources} for n, one in found.items()}
    assert variances["a"]["init"] == 0
    assert variances["b - a"]["data"] == pytest.approx(0, abs=1e-25)
    assert variances["b - a"]["init"] == pytest.approx(variances["b"]["init"])
    assert found["a"].total.variance == pytest.approx(25 * DRAWS[0, :30].var(ddof=1))


def test_rounds_that_are_missing_leave_the_others_in_their_worlds():
    def values(c, d, i):
        return DRAWS[0, d] + DRAWS[1, i]

    def of_data(rounds=None):
        noise = noise_of(results(values, worlds=3, rounds=rounds))["a"]
        return noise.total, next(s for s in noise.sources if s.source == "data")

    (_, whole), (total, some) = of_data(), of_data([*range(8), *range(12, 17)])
    rows = DRAWS[0, :18].reshape(3, 6)
    assert whole.variance == pytest.approx(rows.var(axis=1, ddof=1).mean())
    squares = [5 * rows[0].var(ddof=1), rows[1, :2].var(ddof=1), 4 * rows[2, :5].var(ddof=1)]
    assert some.variance == pytest.approx(sum(squares) / 10)
    assert (some.df, total.rounds) == (10, 13)


def told_of(data, init, together=0, **design):
    """Return what is said of the difference of competitors, and the shares of its sources."""
    found = results(
        lambda c, d, i: (
            (c == "b")
            * (data * DRAWS[0, d] + init * DRAWS[1, i] + together * DRAWS[0, d] * DRAWS[1, i])
        ),
        **design,
    )
    (told,) = advice(found)
    noise = noise_of(found)["b - a"]
    return told.removeprefix("b - a: "), {s.source: s.share for s in noise.sources}


def test_the_advice_has_the_shares_own_arithmetic():
    told, shares = told_of(2, 1.2)
    assert 0.5 < shares["data"] < 0.9
    show, factor = 100 * shares["data"], shares["data"] ** -0.5
    assert told.startswith(f"rounds that redraw data alone show {show:.0f} % of the variance, and")
    assert f"intervals {factor:.1f} times too short." in told
    # holding data leaves what init alone shows, or more
    hidden = min(shares["data"], 1 - shares["init"])
    assert f"To hold data hides up to {100 * hidden:.0f} %: intervals are up to " in told
    assert f" {1 / (1 - hidden) ** 0.5:.1f} times too short, and a second" in told
    # two rounds of one draw have the variance (1 + h) / 2 of one, as 2 / (1 + h) fresh ones have
    assert f"is worth as little as {2 / (1 + hidden) - 1:.2f} of a fresh one." in told


def test_the_advice_where_one_source_is_all_and_where_nothing_moves():
    told, _ = told_of(0, 1)
    assert told.startswith("rounds that redraw init alone show ")
    assert "Rounds that share one draw of init may show next to nothing." in told
    assert "To hold data hides under 10 %." in told
    assert told_of(0, 0)[0].startswith("too few rounds differ")
    assert "redraw init alone show 0 % of the variance. " in told_of(1, 0, sources=["init"])[0]


def test_sources_that_act_together_alone_hide_nothing_one_by_one():
    told, shares = told_of(0, 0, 1, worlds=16)
    assert (
        f"They act together: one by one they add up to {100 * sum(shares.values()):.0f} %." in told
    )
    assert "To hold data or init hides" in told or "To hold init or data hides" in told


def test_a_source_that_is_not_redrawn_is_told():
    told, shares = told_of(1, 1, worlds=16, sources=["init"])
    assert f"None of them brings {100 - 100 * shares['init']:.0f} %: something else" in told
