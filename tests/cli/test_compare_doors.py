"""What a file's rounds share, unpaired rounds and numbers from papers, at the command line."""

import json

import numpy as np
import pytest

RNG = np.random.default_rng(2)


@pytest.fixture
def table(tmp_path):
    """Write rounds of two competitors, `mine` half a deviation better, under a column's name."""

    def written(column, rounds=100, also=""):
        rng = np.random.default_rng(rounds)
        lines = [f"{column},method,acc{also and ',' + also.split('=')[0]}"]
        for round_ in range(rounds):
            shared = rng.normal(0.8, 0.02)
            for name, better in (("theirs", 0.0), ("mine", 0.004)):
                value = shared + better + rng.normal(0, 0.008)
                lines.append(f"{round_},{name},{value:.4f}{also and ',' + also.split('=')[1]}")
        path = tmp_path / "results.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return written


def compared(bakeoff, *words):
    code, out, err = bakeoff("compare", *words, "--format", "json")
    assert code == 0, err
    return json.loads(out)


def refused(bakeoff, *words):
    code, out, err = bakeoff("compare", *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    return err


@pytest.mark.parametrize("column", ["fold", "cv_fold", "Split", "cv"])
def test_columns_that_speak_of_shared_examples_ask_what_rounds_share(bakeoff, table, column):
    err = refused(bakeoff, table(column))
    for option in ("--folds 10", "--train-size 800 --test-size 200", "--fixed-test"):
        assert option in err


def test_folds_are_judged_by_the_corrected_test_and_a_fixed_test_set_is_told(bakeoff, table):
    path = table("fold")
    folds = compared(bakeoff, path, "--folds", "10x10")
    fixed = compared(bakeoff, path, "--fixed-test")
    resplit = compared(bakeoff, path, "--train-size", "900", "--test-size", "100")
    (ours,), (usual,), (cut,) = (told["comparisons"] for told in (folds, fixed, resplit))
    assert ours["method"] == "corrected resampled t"
    assert (ours["p"], ours["interval"]) == (cut["p"], cut["interval"])  # 1/9 of either
    assert usual["method"] == "sign-flip, drawn"
    assert usual["p"] < 0.001 < ours["p"]
    assert any("the verdict is about that set" in note for note in fixed["notes"])
    assert any("10 folds of the same examples, drawn 10 times" in note for note in folds["notes"])
    assert not any("diverged, yet" in note for note in folds["notes"])
    seed = compared(bakeoff, table("seed"), "--fixed-test")
    assert any("the verdict is about that set" in note for note in seed["notes"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--folds", "10x5"), "got 100 rounds, expected 50, one for each of 10 folds, 5 times"),
        (("--folds", "ten"), "what rounds share: got 'folds ten', expected"),
        (("--folds", "1x100"), "got folds (1, 100), expected numbers"),
        (("--folds", "10x10", "--fixed-test"), "--folds and --fixed-test: exclude each other"),
        (("--train-size", "800"), "--train-size: goes with --test-size"),
        (("--test-size", "200"), "--test-size: goes with --train-size"),
        (("--train-size", "0", "--test-size", "5"), "got resplit (0, 5), expected numbers"),
        (("--folds", "10x10", "--anytime"), "rounds that share examples (folds 10x10)"),
        (("--folds", "10x10", "--careful", "--points"), "careful: got rounds that share examples"),
        (("--fixed-test", "--careful"), "--careful: got values that nothing tells to be fractions"),
        (("--fixed-test", "--unpaired", "--careful", "--points"), "--careful: no such test of"),
        (("--folds", "10x10", "--unpaired"), "no such test of unpaired rounds is known"),
        (("--fixed-test", "--unpaired", "--anytime"), "--anytime: no such test of unpaired"),
    ],
)
def test_what_contradicts_itself_is_refused(bakeoff, table, words, told):
    assert told in refused(bakeoff, table("fold"), *words)


def test_fractions_are_judged_carefully(bakeoff, table, tmp_path):
    words = (table("seed"), "--points", "--careful")
    careful = compared(bakeoff, *words)
    assert careful["comparisons"][0]["method"] == "betting, hedged capital"
    assert careful["comparisons"][0]["verdict"] == "undecided"
    out = " ".join(bakeoff("compare", *words)[1].split())
    assert "careful interval" in out
    assert "100 rounds of so small a difference cannot reach p = 0.05," in out
    told = " ".join(bakeoff("compare", *words, "--methods")[1].split())
    assert r"by betting (the hedged capital process" in told
    assert r"\citep{waudbysmith2024estimating}" in told
    assert "either sign is as likely" not in told
    percent = tmp_path / "percent.csv"
    percent.write_text(
        "seed,a,b\n" + "".join(f"{r},{60 + r % 3}%,{90 - r % 2}%\n" for r in range(40))
    )
    (found,) = compared(bakeoff, percent, "--careful")["comparisons"]
    assert (found["verdict"], found["method"]) == ("better", "betting, hedged capital")


# ---- unpaired ------------------------------------------------------------------------------------


@pytest.fixture
def apart(tmp_path):
    """Two competitors of 9 and 12 rounds whose seeds differ."""
    rng = np.random.default_rng(1)
    path = tmp_path / "apart.csv"
    rows = [f"a,{s},{rng.normal(0.80, 0.01):.4f}\n" for s in range(9)]
    rows += [f"b,{s},{rng.normal(0.84, 0.01):.4f}\n" for s in range(100, 112)]
    path.write_text("method,seed,acc\n" + "".join(rows))
    return path


def test_rounds_that_are_no_pairs_are_refused_until_unpaired_is_chosen(bakeoff, apart):
    err = refused(bakeoff, apart)
    assert "--unpaired" in err
    assert "--common" in err
    told = compared(bakeoff, apart, "--unpaired")
    (found,) = told["comparisons"]
    assert found["verdict"] == "better"
    assert "12 and 9 rounds, unpaired" in found["sentence"]
    assert found["method"] == "permutation of labels, drawn"
    assert found["rounds_of_each"] == [12, 9]
    assert found["welch"]["p"] < 0.001
    assert "student" not in found
    assert any(note.startswith("rounds are unpaired") for note in told["notes"])


def test_no_column_of_rounds_is_needed(bakeoff, apart):
    lines = [line.split(",") for line in apart.read_text().splitlines()]
    expected = compared(bakeoff, apart, "--unpaired")["comparisons"]
    apart.write_text("".join(f"{method},{acc}\n" for method, _, acc in lines))
    assert "--unpaired" in refused(bakeoff, apart)
    assert compared(bakeoff, apart, "--unpaired")["comparisons"] == expected
    columns = {m: [acc for name, _, acc in lines if name == m] for m in "ab"}
    rows = [",".join(pair) for pair in zip(columns["a"] + [""] * 3, columns["b"], strict=True)]
    apart.write_text("a,b\n" + "\n".join(rows) + "\n")
    wide = compared(bakeoff, apart, "--unpaired", "--higher-is-better")["comparisons"]
    assert wide == expected


def test_a_second_value_and_a_missing_one_are_still_refused(bakeoff, apart):
    whole = apart.read_text()
    apart.write_text(whole + "a,3,0.81\n")
    assert "a second value of 'a' in round 3" in refused(bakeoff, apart, "--unpaired")
    apart.write_text(whole + "a,9,\n")
    assert "the value of 'a' in round 9 is missing" in refused(bakeoff, apart, "--unpaired")
    failed = compared(bakeoff, apart, "--unpaired", "--failed-as", "nan")["comparisons"][0]
    assert failed["left_out"] == 1
    counted = compared(bakeoff, apart, "--unpaired", "--failed-as", "0")["comparisons"][0]
    assert counted["rounds_of_each"] == [12, 10]
    assert counted["left_out"] == 0


# ---- published numbers ---------------------------------------------------------------------------


def test_a_number_from_a_paper_is_compared_and_said_to_prove_less(bakeoff, apart):
    told = compared(bakeoff, apart, "--points", "--against-published", "theirs=80.1±1.2,n=30")
    first, second = told["comparisons"]
    assert (first["name"], second["name"]) == ("a - theirs", "b - theirs")
    assert second["verdict"] == "better"
    assert " points (" in second["sentence"]
    assert any("proves less" in note and "1.2 points" in note for note in told["notes"])
    same = compared(bakeoff, apart, "--against-published", "theirs=0.801+-0.012,n=30")
    assert same["comparisons"][1]["p"] == pytest.approx(second["p"])


def test_a_single_competitor_is_enough(bakeoff, apart):
    apart.write_text("seed,acc\n" + "".join(f"{s},{0.8 + s / 1000}\n" for s in range(9)))
    told = compared(bakeoff, apart, "--value", "acc", "--against-published", "it=0.7±0.01,n=10")
    assert [c["name"] for c in told["comparisons"]] == ["acc - it"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("theirs=80.1±1.2",), "expected NAME=MEAN±STD,n=ROUNDS"),
        (("theirs=80.1±1.2,n=30",), "got 80.1 beside values of at most 0.846"),
        (("theirs=0.80±0.01,n=30", "--points"), "got 0.8, expected a percentage"),
        (("a=0.80±0.01,n=30",), "call the paper's otherwise"),
        (("theirs=0.80±0.01,n=30", "--baseline", "a"), "--baseline"),
    ],
)
def test_a_number_that_says_too_little_is_refused(bakeoff, apart, words, told):
    assert told in refused(bakeoff, apart, "--against-published", *words)


def test_what_rounds_share_is_kept_with_them(bakeoff, table, tmp_path):
    store = tmp_path / "kept.sqlite"
    words = ("--folds", "10x10", "--save", store)
    told = compared(bakeoff, table("fold"), *words)["comparisons"]
    code, out, err = bakeoff("show", "--store", store, "--format", "json")
    assert code == 0, err
    assert [c["sentence"] for c in json.loads(out)["comparisons"]] == [told[0]["sentence"]]
    assert told[0]["method"] == "corrected resampled t"
    assert "--save" in refused(bakeoff, table("seed"), "--unpaired", "--save", store)


def test_the_method_of_each_is_told(bakeoff, apart):
    for words, method in (
        (("--unpaired",), "permuting the labels"),
        (("--points", "--against-published", "theirs=80±1,n=30"), "Welch"),
    ):
        code, out, err = bakeoff("compare", apart, *words, "--methods")
        assert code == 0, err
        assert method in " ".join(out.split())


def test_a_misspelt_file_is_none_of_the_stores_competitors(bakeoff, table):
    for words in (["old.csv", "new.csv"], [str(table("seed")), "nosuch.csv"], ["x/y", "x/z"]):
        assert "No such file" in refused(bakeoff, *words)
    assert "empty word" in refused(bakeoff, "")


def test_a_published_number_has_a_name_of_its_own(bakeoff, table):
    words = (str(table("seed")), "--points", "--against-published", "mine=80.1±1.2,n=30")
    assert "'mine' is a competitor of" in refused(bakeoff, *words)


def test_as_many_rounds_of_each_are_said_once(bakeoff, table):
    _, out, _ = bakeoff("compare", table("seed"), "--unpaired", "--methods")
    assert "in 100 rounds." in " ".join(out.split())


def test_a_run_that_failed_counts_as_the_worst_that_a_share_can_be(bakeoff, tmp_path):
    lines = [f"{seed},a,{'nan' if seed % 2 else 0.9}\n{seed},b,0.8\n" for seed in range(20)]
    (tmp_path / "f.csv").write_text("seed,model,accuracy\n" + "".join(lines))
    (comparison,) = compared(bakeoff, tmp_path / "f.csv", "--points")["comparisons"]
    assert comparison["failures"]["counted_as"] == 0
    assert comparison["mean"] == pytest.approx(0.35)
    (comparison,) = compared(bakeoff, tmp_path / "f.csv")["comparisons"]
    assert comparison["failures"]["ahead"] == [10, 10]


def test_the_command_line_tells_a_rope_when_asked_and_json_all(bakeoff, tmp_path):
    a, b = RNG.lognormal(0, 0.1, (2, 12)).round(3)
    path = tmp_path / "times.csv"
    path.write_text("a,b\n" + "".join(f"{x},{y}\n" for x, y in zip(a, b, strict=True)))
    words = ("compare", path, "--value", "a,b", "--lower-is-better", "--baseline", "b")
    code, out, err = bakeoff(*words, "--margin", "0.1", "--format", "json")
    assert code == 0, err
    (told,) = json.loads(out)["comparisons"]
    assert told["looks"].keys() == {
        "ratio",
        "median",
        "win_rate",
        "probability_of_improvement",
        "rope",
    }
    ratio, rope = told["looks"]["ratio"], told["looks"]["rope"]
    assert ratio["value"] == pytest.approx(np.exp(np.log(a / b).mean()))
    assert ratio["interval"][0] < ratio["value"] < ratio["interval"][1]
    assert told["looks"]["win_rate"]["value"] == pytest.approx(np.mean((a < b) + (a == b) / 2))
    assert sum(rope.values()) == pytest.approx(1)
    assert "Bayes" not in bakeoff(*words, "--margin", "0.1")[1]
    out = " ".join(bakeoff(*words, "--margin", "0.1", "--rope")[1].split())
    assert f"lies below −0.1 with a probability of {100 * rope['below']:.1f} %" in out
    assert "--rope: goes with --margin only" in refused(bakeoff, *words[1:], "--rope")


@pytest.fixture
def many(tmp_path):
    """Write twelve rounds of so many competitors, the last ones the best."""

    def written(count):
        rng = np.random.default_rng(3)
        rows = [f"{r},net{k},{k + rng.normal():.3f}" for r in range(12) for k in range(count)]
        path = tmp_path / "many.csv"
        path.write_text("\n".join(["seed,name,accuracy", *rows]) + "\n")
        return path

    return written


def test_many_competitors_are_read_as_a_ranking_and_a_set(bakeoff, many):
    path = many(40)
    code, out, err = bakeoff("compare", path)
    assert code == 0, err
    assert len(out) < 6_000
    assert "net0 is worse" not in out
    assert "The 780 comparisons of two stand in --format json." in " ".join(out.split())
    told = compared(bakeoff, path)
    assert len(told["comparisons"]) == 780
    assert "net39" in told["best"]
    assert "net0" not in told["best"]
    first = out.splitlines()[2].split()
    assert (first[0], first[-1]) == (told["ranks"][0]["name"], "yes")
    for format in ("markdown", "latex"):
        code, out, err = bakeoff("compare", path, "--format", format)
        assert code == 0, err
        assert len(out) < 6_000
        assert "The best of 40 competitors is net39" in out


def test_a_few_are_told_one_by_one_and_the_set_after_them(bakeoff, many):
    code, out, err = bakeoff("compare", many(4), "--baseline", "net0")
    assert code == 0, err
    assert out.count("than net0 by") == 3
    assert "of 4 competitors" in out
    assert "may be best" not in out
