import html
from pathlib import Path

import pytest

import bakeoff as bo
from bakeoff.errors import ArgumentError, StatisticsError, StudyError
from bakeoff.study.command import seed_of
from bakeoff.study.results import StudyResults
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import find_kept, is_outdated
from bakeoff.study.verdicts import judge
from records import record

MNIST = Path(bo.__file__).parent / "data" / "mnist"
STUDY = bo.NetworkStudy(
    "small",
    "Which?",
    [bo.NetworkCompetitor(name, recipe=bo.Recipe(epochs=1)) for name in ("model1", "model2")],
    [("model2", "model1")],
    rounds=2,
    train_size=40,
    test_size=40,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("front")
    return bo.run(STUDY, store=folder / "s.sqlite", workers=1), folder


def test_a_study_is_run_judged_and_kept(run, capsys):
    one, folder = run
    assert one.results.rounds == (0, 1)
    told = str(one.verdicts)
    assert told.startswith("Undecided between model2 and model1: ")
    assert "cannot reach" in told
    assert "\nNote: no round failed" in told
    with Store(folder / "s.sqlite", read_only=True) as store:
        assert len(store.finished(store.studies()[0].keys["model1"])) == 2
    again = bo.run(STUDY, store=str(folder / "s.sqlite"), workers=1, only=["model1"])
    assert again.results.of("model1") == one.results.of("model1")
    assert "small: 1 competitor, 2 rounds in all, 2 of them in" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_prompt_shows_it_in_a_few_lines(run):
    one, _ = run
    for shown in (one, one.verdicts, one.results):
        assert len(repr(shown).split("\n")) <= 15
    assert repr(one).startswith("small: Which?\nUndecided between model2 and model1: ")
    assert '.page(), .report("page")' in repr(one)
    accuracy = one.results.values("model1")
    mean = one.results.metric.show(sum(accuracy) / 2)
    assert repr(one.results).split("\n")[1] == f"model1: {mean} over 2 rounds"


def test_a_notebook_shows_the_verdicts_that_were_asked_for(run):
    asked = bo.run(STUDY, store=run[1] / "s.sqlite", workers=1, margin=0.9)
    told = html.unescape(asked._repr_html_())
    assert all(note in told for note in asked.verdicts.notes)
    assert asked.verdicts.analysis.comparisons[0].sentence in told
    assert "small" in told


def test_its_page_is_written(run):
    one, folder = run
    page = one.report(folder / "page")
    assert page == folder / "page" / "index.html"
    assert "model2" in page.read_text("utf-8")
    assert (page.parent / "study.toml").exists()


def test_a_notebook_shows_its_page_and_the_parts(run):
    page = run[0].page()
    assert repr(page).splitlines()[2].startswith("parts: ranking, differences, curves, ")
    curves = page.part("curves")
    told = curves._repr_html_()
    shown = [each for each in curves.all_exhibits() if not each.only_file]
    assert told.count('src="data:image/png;base64,iVBOR') == len(shown) > 0
    assert html.escape(shown[0].alt) in told
    assert repr(curves).splitlines()[:2] == [curves.title, shown[0].alt]
    assert told in page._repr_html_()
    assert html.escape(page.verdict) in page._repr_html_()
    assert "<svg" not in page._repr_html_()  # whose names would meet in a notebook of two pages
    with pytest.raises(ArgumentError, match=r"part: got name='curve', .*did you mean 'curves'"):
        page.part("curve")


def test_its_page_shows_the_data_that_it_was_run_with(tmp_path, monkeypatch):
    one = bo.run(STUDY, workers=1, data_dir=str(MNIST), margin=0.1)
    told = []
    monkeypatch.setattr(
        "bakeoff.report.study_page.write_study_page", lambda *_, **given: told.append(given)
    )
    one.report(tmp_path / "page")
    assert told == [{"margin": 0.1, "anytime": False, "data_dir": str(MNIST)}]


def test_a_study_has_a_name_or_a_file(tmp_path):
    with pytest.raises(StudyError, match="did you mean 'ablation'"):
        bo.run("ablatoin")
    with pytest.raises(StudyError, match="cannot be read"):
        bo.run(tmp_path / "none.toml")
    with pytest.raises(ArgumentError, match="rounds: got 0"):
        bo.run(STUDY, rounds=0)
    with pytest.raises(StudyError, match="no competitor 'model3'"):
        bo.run(STUDY, only=["model3"])


def test_numbers_are_compared_in_either_direction():
    values = [[r / 10, r / 10 + 1 + r % 3 / 10] for r in range(8)]
    assert str(bo.compare(values, names=["a", "b"])).startswith("b is better than a by 1.09 (95 %")
    lower = str(bo.compare(values, names=["a", "b"], larger_is_better=False))
    assert lower.startswith("b is worse than a, higher by 1.09")
    assert "equivalent within 5" in str(bo.compare(values, names=["a", "b"], margin=5))
    with pytest.raises(StatisticsError, match="got margin x, expected a number above 0"):
        bo.compare(values, names=["a", "b"], margin="x")
    assert "anytime" in bo.compare(values, names=["a", "b"], anytime=True).mode
    with pytest.raises(StatisticsError):
        bo.compare(values, names=["a"])
    with pytest.raises(StatisticsError, match="careful: got a value of"):
        bo.compare(values, names=["a", "b"], careful=True)


def test_fractions_are_compared_carefully(tmp_path):
    values = [[0.1, float("nan") if r % 3 else 0.9] for r in range(60)]
    found = bo.compare(values, names=["a", "b"], careful=True)
    assert found.mode == "careful"
    assert "a failed round counts as 0; 95 % careful interval" in str(found)
    path = tmp_path / "a.csv"
    rows = "".join(f"{r},0.{r},0.{r + 50}\n" for r in range(10, 40))
    path.write_text(f"seed,mine,theirs\n{rows}")
    assert str(bo.compare(path, careful=True)).startswith("theirs is better than mine by 50")


def test_what_a_reader_must_know_follows_the_verdicts():
    rounds = [
        record(name, r, test=(0.5 + r * place / 100,))
        for place, name in enumerate(STUDY.competitor_names)
        for r in range(2)
    ]
    told = str(judge(StudyResults(STUDY, tuple(rounds)), range(8))).split("\n")
    assert [line.startswith("Note: ") for line in told] == [False, *[True] * (len(told) - 1)]
    assert any("8 rounds were planned and 2 stand" in line for line in told[1:])


def trained(seed, lr=0.0):
    return {"score": seed % 1000 + 100 * lr, "loss": -seed % 7}


def test_a_function_of_a_module_races_by_name_and_is_kept(tmp_path):
    ways = {"base": {}, "fast": {"lr": 0.5}}
    one = bo.race(trained, ways, seeds=6, store=tmp_path / "s", workers=2, margin=10, name="r")
    assert "fast is better than base by 50.0 (95 % interval" in str(one.verdicts)
    assert one.study.function == f"{__name__}:trained"
    assert one.results.rounds == tuple(range(6))
    again = bo.race(f"{__name__}:trained", ways, seeds=6, store=tmp_path / "s", workers=1, name="r")
    assert again.results.results == one.results.results  # seconds too, so that none was made again
    lower = bo.race(trained, ways, seeds=6, metric="score", better="lower", workers=2, reuse=True)
    assert "fast is worse than base, higher by 50" in str(lower.verdicts)
    decided = bo.race(trained, ways, seeds=40, until="decided", workers=2, reuse=True)
    assert 6 <= len(decided.results.rounds) < 40
    loss = bo.race(trained, ways, seeds=2, metric=bo.Metric("loss", "lower"), workers=1, reuse=True)
    assert set(loss.results.values("base")) <= set(range(7))


def test_a_lambda_races_and_another_closure_is_another_race(tmp_path):
    pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")
    for k in (1, 2, 2):
        one = bo.race(
            lambda seed, a=0: (seed % 10) * k + a,  # noqa: B023 - which is what is tried
            {"x": {}, "y": {"a": 1}},
            seeds=2,
            store=tmp_path / "s",
            workers=1,
        )
        assert one.results.table()[:, 0].tolist() == [s % 10 * k for s in seeds(2)]
    with Store(tmp_path / "s", read_only=True) as store:
        assert len(store.read("SELECT DISTINCT key FROM rounds")) == 4
        assert not is_outdated(store, find_kept(store))


def seeds(rounds):
    return [seed_of(0, round_) for round_ in range(rounds)]


def failing(seed):
    raise ValueError("no")


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"until": "dawn"}, ArgumentError, "until: got 'dawn', expected 'decided' or None"),
        ({"competitors": {}}, StudyError, "expected at least one competitor"),
        ({"competitors": {"a b": {}}}, StudyError, "got 'a b', expected a name"),
        ({"competitors": {"a": {"lr": [1]}}}, StudyError, "options: got"),
        ({"better": "less"}, StudyError, "better: got 'less'"),
        ({"failed": "best"}, StudyError, "failed: got 'best'"),
        ({"timeout": -1}, StudyError, "timeout: got -1.0"),
        ({"timeout": 1, "reuse": True}, StudyError, "timeout: goes with a fresh process"),
        ({"seeds": 0}, StudyError, "rounds: got 0"),
        ({"workers": 0}, ArgumentError, "workers: got 0"),
        ({"function": "nowhere:f"}, StudyError, "found no module 'nowhere'"),
        ({"function": "f"}, StudyError, "function: got 'f', expected a function as"),
        (
            {"function": failing, "reuse": True},
            StudyError,
            "'a' failed in its first 3 rounds: exit",
        ),
        ({"function": failing, "failed": "stop"}, StudyError, "'a' failed in round 0: exit code 1"),
    ],
)
def test_a_race_that_cannot_be_is_refused(changes, error, told):
    given = {"function": trained, "competitors": {"a": {}}, "seeds": 4, "workers": 1} | changes
    with pytest.raises(error) as raised:
        bo.race(given.pop("function"), given.pop("competitors"), **given)
    assert told in str(raised.value)


def test_a_race_of_no_estimators_is_refused():
    with pytest.raises(ArgumentError, match="race_estimators: got no estimators"):
        bo.race_estimators({}, [], [])
