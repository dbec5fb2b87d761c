"""What other tools wrote, made by the tools themselves, through the command line to its verdict."""

import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from bakeoff.cli import main
from bakeoff.runs import folder

HERE = Path(__file__).parent / "cases"
ACC = ["--value", "acc"]
NAMED = ["--pattern", "rate{rate}_seed{seed}"]
LEVELS = ["--pattern", "rate={rate}/seed={seed}"]
CASES = {
    "dvclive": (["dvclive", *ACC], "digits"),
    "hydra": (["hydra", *ACC], "digits"),
    "keras": (["keras", "--value", "val_accuracy", *NAMED], "keras"),
    "lightning": (["lightning", "--value", "val_acc"], "lightning"),
    "mlflow folder": (["mlflow_folder/mlruns", *ACC], "digits"),
    "mlflow sqlite": (["mlflow_sqlite/mlflow.db", "--value", "acc"], "digits"),
    "optuna": (["optuna/optuna.db"], "digits"),
    "pandas csv": (["pandas/with_index.csv", *ACC], "digits"),
    "pandas german": (["pandas/german.csv", *ACC], "digits"),
    "pandas lines": (["pandas/lines.jsonl", *ACC], "digits"),
    "pandas parquet": (["pandas/frame.parquet", *ACC], "digits"),
    "pandas records": (["pandas/records.json", *ACC], "digits"),
    "pandas tsv": (["pandas/plain.tsv", *ACC], "digits"),
    "pandas wide": (["pandas/wide.csv"], "digits"),
    "ray tune": (["ray", *ACC], "digits"),
    "sacred": (["sacred", *ACC], "digits"),
    "tensorboard": (["tensorboard", "--value", "test/acc", *NAMED], "digits"),
    "tensorboard hparams": (["tensorboard_hparams", *ACC], "digits"),
    "tensorboard v2": (["tensorboard_v2", *ACC, *LEVELS], "digits"),
    "transformers": (["transformers", "--value", "eval_accuracy", *NAMED], "transformers"),
    "wandb": (["wandb", "--value", "acc"], "digits"),
    "cross_val_score npy": (["sklearn/small.npy", "sklearn/large.npy"], "sklearn"),
    "cross_val_score npz": (["sklearn/both.npz"], "sklearn"),
    "cross_val_score json": (["sklearn/both.json"], "sklearn"),
    "cv_results_ csv": (["sklearn/cv_results.csv"], "sklearn"),
    "cv_results_ json": (["sklearn/cv_results.json"], "sklearn"),
    "cv_results_ lists": (["sklearn/cv_results_lists.json"], "sklearn"),
    "cv_results_ scores": (["sklearn/two_scores.csv", "--value", "accuracy"], "sklearn"),
}
CODE = re.compile("`([^`]+)`")
NEEDED = {"tensorboard": "tensorboard", "parquet": "pyarrow"}


@pytest.fixture
def compare(capsys):
    """Compare in this process; returns exit code, what was told as JSON, and the error's line."""

    def call(*arguments):
        with pytest.raises(SystemExit) as raised:
            main(["compare", *map(str, arguments), "--format", "json"])
        out, err = capsys.readouterr()
        return raised.value.code, json.loads(out) if out else {}, " ".join(err.split())

    return call


@pytest.fixture
def refused(compare):
    def call(*arguments):
        code, told, error = compare(*arguments)
        assert (code, told) == (2, {})
        assert error.startswith("bakeoff: ")
        return error

    return call


def verdict(told):
    """What was found, with the larger rate first."""
    (one,) = told["comparisons"]
    turned = {"better": "worse", "worse": "better"}
    found, low, high = one["verdict"], *one["interval"]
    numbers = [one["mean"], low, high]
    if one["name"].split(" - ")[0].endswith(("0.0001", "small")):
        found, numbers = turned.get(found, found), [-one["mean"], -high, -low]
    return found, one["rounds"], *numbers, one["p"]


@pytest.mark.parametrize("case", CASES)
def test_a_tool_s_own_files_lead_to_the_verdict_of_the_table_beside_them(
    case, compare, monkeypatch
):
    for word, package in NEEDED.items():
        if word in case:
            pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.chdir(HERE)
    arguments, reference = CASES[case]
    shared = ("--folds", "10") if reference == "sklearn" else ()
    code, told, error = compare(*arguments, *shared)
    assert (code, error) == (0, "")
    expected = verdict(compare(f"{reference}.csv", *shared)[1])
    assert verdict(told)[:2] == expected[:2]
    assert verdict(told)[2:] == pytest.approx(expected[2:], abs=2e-6)
    names = {each["name"] for each in told["competitors"]}
    assert all(
        name.removeprefix("rate=").replace(",", ".") in {"0.01", "0.0001"} for name in names
    ) or (reference == "sklearn" and names <= {"small", "large", "eta0=0.01", "eta0=0.0001"})


def test_of_a_curve_the_last_value_counts_and_that_is_said(compare, monkeypatch):
    monkeypatch.chdir(HERE)
    best = compare("sacred", "--value", "loss", "--take", "best")[1]
    assert "the last counts" not in str(best["notes"])
    last = compare("sacred", "--value", "loss")[1]
    assert "of a run's values of loss, the last counts" in str(last["notes"])
    assert last["comparisons"][0]["mean"] == pytest.approx(best["comparisons"][0]["mean"])
    mean = compare("sacred", "--value", "loss", "--take", "mean:3")[1]
    assert mean["comparisons"][0]["mean"] != pytest.approx(best["comparisons"][0]["mean"], rel=0.1)


@pytest.mark.parametrize("name", ["pytest_benchmark/output.json", "hyperfine/commands.json"])
def test_times_that_were_measured_in_turn_are_no_pairs(name, refused, compare):
    assert "measures one after the other" in refused(HERE / name)
    assert "--unpaired" in refused(HERE / name)
    code, told, error = compare(HERE / name, "--unpaired")
    assert (code, error) == (0, "")
    assert all("rounds, unpaired" in one["sentence"] for one in told["comparisons"])


# ---- what is not there, or twice ----------------------------------------------------------------


def runs(folder, names=("a_0", "a_1", "b_0", "b_1")):
    """Write a folder of runs, whose names alone tell method and seed."""
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        (folder / name / "metrics.json").write_text(json.dumps({"acc": number**2 / 10}))
    return folder


def test_where_only_names_tell_who_it_was_a_pattern_is_proposed_that_works(
    tmp_path, compare, refused
):
    error = refused(runs(tmp_path))
    assert "--pattern '{method}_{run}'" in error
    code, told, _ = compare(tmp_path, "--pattern", "{method}_{run}")
    assert (code, told["comparisons"][0]["rounds"]) == (0, 2)
    assert "does not fit folder a_0" in refused(tmp_path, "--pattern", "{method}-{run}")
    for pattern in ("a", "{a}{b}", "{a}_{a}"):
        assert "expected names in braces" in refused(tmp_path, "--pattern", pattern)
    assert "is for a folder of runs" in refused(HERE / "digits.csv", "--pattern", "{a}")
    assert "--study is for a store" in refused(HERE / "digits.csv", "--study", "a")


def test_lightning_s_versions_are_no_seeds_unless_asked_for(tmp_path, compare, refused):
    for version in range(4):
        for h in (8, 32):
            run = tmp_path / f"h{h}" / f"version_{version}"
            run.mkdir(parents=True)
            (run / "hparams.yaml").write_text(f"h: {h}\n")
            (run / "metrics.csv").write_text(f"epoch,step,test_acc\n1,24,0.{h}{version}\n")
    assert "--pattern 'h{h}/version_{version}'" in refused(tmp_path)
    assert "--pair COLUMN" in refused(tmp_path, "--pattern", "version_{version}", "--by", "h")
    both = ["--pattern", "version_{version}", "--pair", "version"]
    assert compare(tmp_path, *both)[1]["comparisons"][0]["rounds"] == 4
    folders = [tmp_path / "h8", tmp_path / "h32"]
    assert compare(*folders, *both)[1]["comparisons"][0]["rounds"] == 4


def test_runs_are_files_where_each_has_one(tmp_path, compare, refused):
    for method in ("old", "new"):
        for seed in range(3):
            text = f"epoch,acc\n0,0.1\n1,0.{len(method)}{seed * seed}\n"
            (tmp_path / f"{method}_seed{seed}.csv").write_text(text)
    (tmp_path / "new_seed0.csv").write_text("epoch,acc\n0,0.1\n1,0.9\n")
    assert "--pattern '{method}_seed{seed}'" in refused(tmp_path)
    told = compare(tmp_path, "--pattern", "{method}_seed{seed}")[1]
    assert {each["name"] for each in told["competitors"]} == {"old", "new"}


def test_a_run_that_is_not_finished_is_left_out_with_a_word(tmp_path, compare, refused):
    shutil.copytree(HERE / "lightning", tmp_path / "runs")
    metrics = tmp_path / "runs" / "lightning_logs" / "version_3" / "metrics.csv"
    metrics.write_text("\n".join(metrics.read_text().splitlines()[:4]) + "\n")
    assert "give --common" in refused(tmp_path / "runs", "--value", "val_acc")
    metrics.unlink()
    told = compare(tmp_path / "runs", "--value", "val_acc", "--common")[1]
    assert told["comparisons"][0]["rounds"] == 5
    assert "1 unfinished run left out." in told["notes"]


@pytest.mark.parametrize(
    ("status", "words"), [("RUNNING", "--common"), ("FAILED", ""), ("INTERRUPTED", "--common")]
)
def test_the_status_that_a_tool_wrote_counts(status, words, tmp_path, compare, refused):
    shutil.copytree(HERE / "sacred", tmp_path / "runs")
    run = tmp_path / "runs" / "3" / "run.json"
    run.write_text(run.read_text().replace("COMPLETED", status))
    if words:
        assert words in refused(tmp_path / "runs", *ACC)
    else:
        code, told, _ = compare(tmp_path / "runs", *ACC)
        assert code == 0
        assert [each["failed"] for each in told["competitors"]] == [1, 0]


@pytest.mark.parametrize("name", ["mlflow_sqlite/mlflow.db", "optuna/optuna.db"])
def test_of_a_store_of_several_studies_one_is_asked_for(name, tmp_path, compare, refused):
    store = tmp_path / "store.db"
    shutil.copy(HERE / name, store)
    with closing(sqlite3.connect(store)) as opened:
        if "mlflow" in name:
            opened.execute(
                "INSERT INTO experiments (experiment_id, name, lifecycle_stage)"
                " VALUES (9, 'more', 'active')"
            )
            opened.execute(
                "UPDATE runs SET experiment_id = 9 WHERE run_uuid IN (SELECT run_uuid FROM params"
                " WHERE key = 'seed' AND value = '5')"
            )
        else:
            opened.execute("INSERT INTO studies VALUES (9, 'more')")
            opened.execute("INSERT INTO study_directions VALUES (9, 'MINIMIZE', 9, 0)")
        opened.commit()
    before = store.read_bytes()
    error = refused(store, "--value", "acc")
    assert "'digits'" in error
    assert "'more'" in error
    assert "--study" in error
    value = [] if "optuna" in name else ACC
    code, told, _ = compare(store, *value, "--study", "digits")
    assert (code, told["comparisons"][0]["rounds"]) == (0, 5 if "mlflow" in name else 6)
    assert "did you mean 'digits'?" in refused(store, "--study", "digit")
    assert store.read_bytes() == before
    assert os.listdir(tmp_path) == ["store.db"]


def test_optuna_s_direction_and_its_unfinished_trials_are_its_own(tmp_path, compare):
    store = tmp_path / "optuna.db"
    shutil.copy(HERE / "optuna/optuna.db", store)
    with closing(sqlite3.connect(store)) as opened:
        opened.execute("UPDATE study_directions SET direction = 'MINIMIZE'")
        opened.execute(
            "UPDATE trials SET state = 'PRUNED' WHERE trial_id IN (SELECT trial_id FROM"
            " trial_params WHERE param_name = 'seed' AND param_value = 2)"
        )
        opened.commit()
    told = compare(store)[1]
    assert "smaller is better" in str(told["notes"])
    assert "2 unfinished runs left out." in told["notes"]
    assert told["comparisons"][0]["rounds"] == 5


def test_what_two_files_of_a_run_tell_differently_stays_apart_or_is_refused(tmp_path, refused):
    runs(tmp_path)
    for name in ("a_0", "a_1", "b_0", "b_1"):
        (tmp_path / name / "results.json").write_text('{"acc": 7}')
    error = refused(tmp_path, "--pattern", "{method}_{run}")
    assert "acc and results.json:acc may each be the value" in error
    (tmp_path / "a_0" / "hparams.yaml").write_text("seed: 1")
    (tmp_path / "a_0" / "params.json").write_text('{"seed": 2}')
    assert "hparams.yaml says seed 1" in refused(tmp_path)
    (tmp_path / "a_0" / "params.json").unlink()
    assert "says seed 0 by its name" in refused(tmp_path, "--pattern", "{method}_{seed}")


# ---- what nobody means well with ----------------------------------------------------------------

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
    for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("hparams.yaml", BOMB, "more than 10,000 values"),
        ("hparams.yaml", "a: &a [*a]", "more than 10,000 values"),
        ("hparams.yaml", "a: " + "[" * 5000, "is not YAML that can be read"),
        ("hparams.yaml", "a: [1", "is not YAML that can be read"),
        ("hparams.yaml", "a: " + "x" * 300_000, "holds more than 262,144 bytes"),
        ("hparams.yaml", "- 1", "expected a run's parameters"),
        ("config.json", "[1]", "expected a run's parameters"),
        ("metrics.json", '{"acc": 0.', "was it cut off?"),
        ("metrics.json", '{"a": ' * 5000, "was it cut off?"),
        ("metrics.json", '{"acc": 1, "acc": 2}', "stands twice"),
        ("metrics.csv", "epoch,acc\n0,1,2\n", "expected 2"),
        ("results.csv", "seed,acc\n0,1\n1,2\n", "has a run a line (seed differs)"),
        ("more.jsonl", '{"acc": 1}\n{"ac', "was it cut off?"),
        ("b/metrics.json", '{"acc": 1}', "both a_0/metrics.json and a_0/b/metrics.json"),
        ("/".join("abcdefghijklmnopqrst") + "/x.csv", "", "over 16 folders deep"),
    ],
)
def test_a_spoilt_file_is_refused_in_a_sentence(name, text, words, tmp_path, refused):
    file = runs(tmp_path) / "a_0" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    assert words in refused(tmp_path)


def test_what_only_python_could_make_of_yaml_stays_what_it_is(tmp_path, refused):
    text = "!!python/object/apply:os.system ['touch spoilt']\n"
    for name in ("a_0", "b_0"):
        (runs(tmp_path / name) / "hparams.yaml").write_text(
            f"lr: {text}betas: !!python/tuple [1, 2]"
        )
    assert "--pattern" in refused(tmp_path)
    assert not Path("spoilt").exists()


def test_links_and_pipes_are_not_followed(tmp_path, refused):
    (tmp_path / "secret.csv").write_text("a,acc\n1,2\n")
    folder = runs(tmp_path / "runs")
    os.mkfifo(folder / "a_0" / "metrics.csv")
    (folder / "a_0" / "loop").symlink_to(folder)
    (folder / "a_1" / "progress.csv").symlink_to("/dev/zero")
    assert "--pattern" in refused(folder)
    (folder / "b_0" / "results.csv").symlink_to(tmp_path / "secret.csv")
    assert "is a link out of" in refused(folder)


def test_a_folder_without_runs_says_what_was_expected(tmp_path, refused):
    assert "expected files such as metrics.csv" in refused(tmp_path)


def test_what_is_no_sound_store_is_refused(tmp_path, refused):
    store = tmp_path / "a.db"
    store.write_bytes(b"SQLite format 3\0" + b"z" * 1000)
    assert "is not a sound store" in refused(store)
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x FROM c"
    tables = "".join(
        f"CREATE TABLE {name} (a);" for name in ("experiments", "params", "metrics", "tags")
    )
    for name, sql, words in (
        ("b.db", "CREATE TABLE a (b)", "neither of MLflow nor of Optuna"),
        ("c.db", f"{tables} CREATE VIEW runs AS {endless}", "neither of MLflow nor of Optuna"),
        (
            "d.db",
            f"{tables} CREATE TABLE runs (a); INSERT INTO runs VALUES (1)",
            "not a sound store",
        ),
    ):
        with closing(sqlite3.connect(tmp_path / name)) as opened:
            opened.executescript(sql)
        assert words in refused(tmp_path / name)


def test_arrays_are_series_of_numbers_and_nothing_else(tmp_path, refused):
    np.save(tmp_path / "a.npy", np.zeros((2, 3)))
    assert "has the shape (2, 3)" in refused(tmp_path / "a.npy")
    np.save(tmp_path / "b.npy", np.array([{}]), allow_pickle=True)
    assert "Object arrays cannot be loaded" in refused(tmp_path / "b.npy")
    np.savez_compressed(tmp_path / "c.npz", a=np.zeros(2**24))
    assert "more than 67,108,864 bytes" in refused(tmp_path / "c.npz")
    (tmp_path / "d.npz").write_bytes(b"PK\3\4")
    assert "is not a sound file of arrays" in refused(tmp_path / "d.npz")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"results": [{"command": "a", "mean": 1}]}', "holds no single times"),
        ('{"benchmarks": [{"fullname": "a::b", "stats": {}}]}', "--benchmark-save-data"),
        ('{"split0_test_score": [3, 4], "split1_test_score": [3]}', "is JSON, but no list"),
        ('{"results": [{"command": "a", "mean": 1, "times": [1, "2"]}]}', "holds no single times"),
    ],
)
def test_a_measurement_without_its_single_values_is_refused(text, words, tmp_path, refused):
    (tmp_path / "a.json").write_text(text)
    assert words in refused(tmp_path / "a.json")


def test_of_checkpoints_the_last_one_counts(tmp_path, compare):
    shutil.copytree(HERE / "transformers", tmp_path / "runs")
    for run in (tmp_path / "runs").iterdir():
        (run / "trainer_state.json").unlink()
        (run / "checkpoint-6").mkdir()
        (run / "checkpoint-6" / "trainer_state.json").write_text('{"log_history": []}')
    arguments = ["--value", "eval_accuracy", *NAMED]
    told = compare(tmp_path / "runs", *arguments)[1]
    assert verdict(told) == verdict(compare(HERE / "transformers", *arguments)[1])


def test_a_run_of_a_store_without_numbers_is_not_finished(tmp_path, compare):
    store = tmp_path / "mlflow.db"
    shutil.copy(HERE / "mlflow_sqlite/mlflow.db", store)
    with closing(sqlite3.connect(store)) as opened:
        (run,) = opened.execute("SELECT MIN(run_uuid) FROM runs").fetchone()
        opened.execute("DELETE FROM metrics WHERE run_uuid = ?", [run])
        opened.commit()
    told = compare(store, *ACC, "--common")[1]
    assert "1 unfinished run left out." in told["notes"]
    assert told["comparisons"][0]["rounds"] == 5


def test_the_page_names_the_files_that_are_read():
    page = (HERE.parents[2] / "docs/any-results.md").read_text(encoding="utf-8")
    told = {
        name for row in re.findall(r"^\| .*$", page, re.MULTILINE) for name in CODE.findall(row)
    }
    assert {*folder.PARAMETERS, *folder.NUMBERS} <= told
