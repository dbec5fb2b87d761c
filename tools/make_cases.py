"""Make tests/runs/cases: what other tools leave behind, written by the tools themselves.

    python tools/make_cases.py FOLDER [TOOL ...]

One small experiment, two step sizes of a linear classifier on scikit-learn's digits, six seeds,
three epochs, is told to every tool in its own way. Beside the tools' folders stands digits.csv, the
accuracies as this script measured them: what a reader must find. A tool that trains by itself has a
file of its own. Afterwards the names of this
machine, its user and its folders are taken out of every text, and what no reader looks at is left
out where it is large.

The tools are no dependencies of bakeoff; in an environment of their own, `pip install` accelerate
dvclive hydra-core keras lightning mlflow optuna pandas pyarrow pytest-benchmark "ray[tune]" sacred
scikit-learn tensorboard torch transformers wandb, and hyperfine on the path. The
folder in the repository was made with the releases that its VERSIONS.txt lists.
"""

from __future__ import annotations

import csv
import getpass
import importlib.metadata
import json
import os
import platform
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

RATES = (0.0001, 0.01)
SEEDS = range(6)
EPOCHS = 3
MAKERS: dict[str, Callable[[Path], dict[tuple[float, int], float] | None]] = {}
PACKAGES = (
    *("dvclive", "hydra-core", "keras", "lightning", "mlflow", "optuna", "pandas", "pyarrow"),
    *("pytest-benchmark", "ray", "sacred", "scikit-learn", "tensorboard", "torch"),
    *("transformers", "wandb"),
)


def maker(function: Callable[..., Any]) -> Callable[..., Any]:
    MAKERS[function.__name__.strip("_")] = function
    return function


# ---- the experiment -----------------------------------------------------------------------------


def digits(seed: int) -> tuple[np.ndarray, ...]:
    """Training images, test images, training labels, test labels of one round."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    return train_test_split(images / 16, labels, test_size=0.5, random_state=seed)


def curve(rate: float, seed: int) -> Iterator[dict[str, float]]:
    """Loss and accuracy of a softmax regression on the test images, an epoch each."""
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import log_loss

    x, x_test, y, y_test = digits(seed)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=rate, random_state=seed)
    for _ in range(EPOCHS):
        model.partial_fit(x, y, classes=np.arange(10))
        loss = log_loss(y_test, model.predict_proba(x_test))
        yield {"loss": float(loss), "acc": float(model.score(x_test, y_test))}


def runs() -> Iterator[tuple[float, int, list[dict[str, float]]]]:
    for seed in SEEDS:
        for rate in RATES:
            yield rate, seed, list(curve(rate, seed))


def last() -> dict[tuple[float, int], float]:
    return {(rate, seed): epochs[-1]["acc"] for rate, seed, epochs in runs()}


def torch_net(seed: int) -> Any:
    import torch

    torch.manual_seed(seed)
    return torch.nn.Linear(64, 10)


def torch_digits(seed: int) -> tuple[Any, ...]:
    import torch

    x, x_test, y, y_test = digits(seed)
    floats = [torch.tensor(part, dtype=torch.float32) for part in (x, x_test)]
    return *floats, *(torch.tensor(part) for part in (y, y_test))


# ---- one folder a run ---------------------------------------------------------------------------


@maker
def lightning(folder: Path) -> dict[tuple[float, int], float]:
    import torch
    from lightning import LightningModule, Trainer, seed_everything
    from lightning.pytorch.loggers import CSVLogger
    from torch.utils.data import DataLoader, TensorDataset

    class Linear(LightningModule):
        def __init__(self, rate: float, seed: int) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = torch_net(seed)

        def training_step(self, batch: Any, _: int) -> Any:
            loss = torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            self.log("train_loss", loss)
            return loss

        def validation_step(self, batch: Any, _: int) -> None:
            out = self.net(batch[0])
            self.log("val_loss", torch.nn.functional.cross_entropy(out, batch[1]))
            self.log("val_acc", (out.argmax(1) == batch[1]).float().mean())

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=self.hparams["rate"] * 10)

    truth = {}
    for seed in SEEDS:
        for rate in RATES:
            seed_everything(seed, verbose=False)
            x, x_test, y, y_test = torch_digits(seed)
            model = Linear(rate, seed)
            Trainer(
                max_epochs=EPOCHS,
                accelerator="cpu",
                logger=CSVLogger(folder),
                enable_checkpointing=False,
                enable_progress_bar=False,
                log_every_n_steps=10,
                enable_model_summary=False,
            ).fit(
                model,
                DataLoader(TensorDataset(x, y), batch_size=50, shuffle=True),
                DataLoader(TensorDataset(x_test, y_test), batch_size=899),
            )
            truth[rate, seed] = float((model.net(x_test).argmax(1) == y_test).float().mean())
    return truth


@maker
def hydra(folder: Path) -> dict[tuple[float, int], float]:
    app = folder / "app.py"
    app.write_text(
        textwrap.dedent(f"""
        import json, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        import hydra
        from hydra.core.hydra_config import HydraConfig
        from make_cases import curve

        @hydra.main(version_base=None, config_path=None, config_name="config")
        def main(config):
            epochs = list(curve(config.model.rate, config.seed))
            out = HydraConfig.get().runtime.output_dir
            with open(out + "/metrics.json", "w") as file:
                json.dump(epochs[-1], file)

        from hydra.core.config_store import ConfigStore
        model = {{"name": "softmax", "rate": 0.1}}
        ConfigStore.instance().store("config", {{"model": model, "seed": 0}})
        main()
    """)
    )
    rates, seeds = ",".join(map(str, RATES)), ",".join(map(str, SEEDS))
    command = [sys.executable, app.name, "-m", f"model.rate={rates}", f"seed={seeds}"]
    subprocess.run(command, cwd=folder, check=True)
    app.unlink()
    for path in (*sorted(folder.rglob("hydra.yaml"))[1:], *folder.rglob("app.log")):
        path.unlink()  # 5 kB each, of how Hydra itself is set; nothing
    return last()


@maker
def sacred(folder: Path) -> dict[tuple[float, int], float]:
    from sacred import SETTINGS, Experiment
    from sacred.observers import FileStorageObserver

    SETTINGS.HOST_INFO.INCLUDE_CPU_INFO = False
    SETTINGS.DISCOVER_SOURCES = SETTINGS.DISCOVER_DEPENDENCIES = "none"
    experiment = Experiment("digits", save_git_info=False)
    experiment.add_config(rate=0.1)
    experiment.observers.append(FileStorageObserver(folder))

    @experiment.main
    def main(rate: float, seed: int, _run: Any) -> float:
        for step, scores in enumerate(curve(rate, seed)):
            for name, value in scores.items():
                _run.log_scalar(name, value, step)
        return scores["acc"]

    for seed in SEEDS:
        for rate in RATES:
            experiment.run(config_updates={"rate": rate, "seed": seed})
    shutil.rmtree(folder / "_sources", ignore_errors=True)
    return last()


@maker
def dvclive(folder: Path) -> dict[tuple[float, int], float]:
    from dvclive import Live

    for number, (rate, seed, epochs) in enumerate(runs()):
        with Live(str(folder / f"run{number}"), save_dvc_exp=False, report=None) as live:
            live.log_params({"rate": rate, "seed": seed})
            for scores in epochs:
                for name, value in scores.items():
                    live.log_metric(name, value)
                live.next_step()
    return last()


@maker
def ray(folder: Path) -> dict[tuple[float, int], float]:
    import ray as ray_
    from ray import tune

    ray_.init(num_cpus=1, include_dashboard=False, log_to_driver=False)

    def digits_run(config: dict[str, Any]) -> None:
        sys.path.insert(0, str(Path(__file__).parent))
        from make_cases import curve as curve_

        for scores in curve_(config["rate"], config["seed"]):
            tune.report(scores)

    tune.Tuner(
        digits_run,
        param_space={"rate": tune.grid_search(list(RATES)), "seed": tune.grid_search(list(SEEDS))},
        run_config=tune.RunConfig(name="digits", storage_path=str(folder.resolve()), verbose=0),
    ).fit()
    ray_.shutdown()
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".pkl", ".json"} and path.parent.name == "digits":
            path.unlink()  # the tuner's own state, 200 kB
        elif path.suffix == ".pkl" or path.name.startswith(("events", ".validate")):
            path.unlink()  # the same again as params.json and progress.csv; nothing
    return last()


@maker
def keras(folder: Path) -> dict[tuple[float, int], float]:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras as keras_

    truth = {}
    for seed in SEEDS:
        for rate in RATES:
            keras_.utils.set_random_seed(seed)
            x, x_test, y, y_test = digits(seed)
            model = keras_.Sequential([keras_.Input((64,)), keras_.layers.Dense(10, "softmax")])
            model.compile(
                keras_.optimizers.SGD(rate * 10),
                "sparse_categorical_crossentropy",
                metrics=["accuracy"],
            )
            run = folder / f"rate{rate}_seed{seed}"
            run.mkdir()
            model.fit(
                x,
                y,
                50,
                EPOCHS,
                verbose=0,
                validation_data=(x_test, y_test),
                callbacks=[keras_.callbacks.CSVLogger(run / "training.log")],
            )
            truth[rate, seed] = float((model.predict(x_test, verbose=0).argmax(1) == y_test).mean())
    return truth


@maker
def transformers(folder: Path) -> dict[tuple[float, int], float]:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel, Trainer, TrainingArguments

    class Linear(PreTrainedModel):
        config_class = PretrainedConfig

        def __init__(self, config: PretrainedConfig) -> None:
            super().__init__(config)
            self.net = torch.nn.Linear(64, 10)
            self.post_init()

        def forward(self, x: Any, labels: Any) -> dict[str, Any]:
            out = self.net(x)
            return {"loss": torch.nn.functional.cross_entropy(out, labels), "logits": out}

    truth = {}
    for seed in SEEDS:
        for rate in RATES:
            torch.manual_seed(seed)
            x, x_test, y, y_test = torch_digits(seed)
            rows = [{"x": a, "labels": b} for a, b in zip(x, y, strict=True)]
            tests = [{"x": a, "labels": b} for a, b in zip(x_test, y_test, strict=True)]
            out = folder / f"rate{rate}_seed{seed}"
            trainer = Trainer(
                Linear(PretrainedConfig()),
                TrainingArguments(
                    str(out),
                    num_train_epochs=EPOCHS,
                    learning_rate=rate,
                    seed=seed,
                    use_cpu=True,
                    per_device_train_batch_size=50,
                    per_device_eval_batch_size=899,
                    eval_strategy="epoch",
                    save_strategy="epoch",
                    logging_strategy="epoch",
                    save_total_limit=1,
                    report_to="none",
                    disable_tqdm=True,
                    save_only_model=True,
                ),
                train_dataset=rows,
                eval_dataset=tests,
                compute_metrics=lambda p: {"accuracy": float((p[0].argmax(1) == p[1]).mean())},
            )
            trainer.train()
            trainer.save_state()
            with torch.no_grad():
                guess = trainer.model.net(x_test).argmax(1)
            truth[rate, seed] = float((guess == y_test).float().mean())
            for path in sorted(out.rglob("*")):
                if path.suffix in {".bin", ".safetensors"}:
                    path.unlink()
    return truth


class Listener(BaseHTTPRequestHandler):
    """Stands in for W&B's server: says yes to everything, so that a run is written as online."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        project = {"id": "P", "name": "digits", "entity": {"id": "E", "name": "someone"}}
        bucket = {"id": "R", "name": "r", "displayName": "r", "config": "{}", "project": project}
        bucket |= {"historyLineCount": 0, "filesLineCount": 0}
        viewer = {"id": "V", "entity": "someone", "username": "someone", "flags": "{}"}
        versions = {"max_cli_version": "9", "min_cli_version": "0"}
        data = {
            "viewer": viewer | {"teams": {"edges": []}},
            "serverInfo": {"cliVersionInfo": versions, "features": []},
            "upsertBucket": {"bucket": bucket, "inserted": True},
            "createRunFiles": {"runID": "R", "uploadHeaders": [], "files": []},
        }
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST

    def log_message(self, *_: Any) -> None:
        pass


@maker
def wandb(folder: Path) -> dict[tuple[float, int], float]:
    """Offline, W&B keeps its own binary log alone; with a server, config.yaml and a summary too."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["WANDB_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"
    os.environ |= {"WANDB_API_KEY": "0" * 40, "WANDB_SILENT": "true"}
    import wandb as wandb_

    settings = wandb_.Settings(
        console="off",
        x_disable_stats=True,
        x_disable_machine_info=True,
        disable_git=True,
        disable_code=True,
        x_save_requirements=False,
    )
    for rate, seed, epochs in runs():
        config = {"model": {"name": "softmax", "rate": rate}, "seed": seed}
        with wandb_.init(
            project="digits", entity="someone", dir=str(folder), config=config, settings=settings
        ) as run:
            for scores in epochs:
                run.log({"test": scores})
    server.shutdown()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_symlink() or path.name.endswith((".wandb", ".syncstate", ".log")):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return last()


@maker
def tensorboard(folder: Path) -> dict[tuple[float, int], float]:
    from torch.utils.tensorboard import SummaryWriter

    for rate, seed, epochs in runs():
        with SummaryWriter(str(folder / f"rate{rate}_seed{seed}")) as writer:
            for step, scores in enumerate(epochs):
                for name, value in scores.items():
                    writer.add_scalar(f"test/{name}", value, step)
    return last()


@maker
def tensorboard_hparams(folder: Path) -> dict[tuple[float, int], float]:
    from torch.utils.tensorboard import SummaryWriter

    for number, (rate, seed, epochs) in enumerate(runs()):
        with SummaryWriter(str(folder / f"run{number}")) as writer:
            for step, scores in enumerate(epochs):
                writer.add_scalar("loss", scores["loss"], step)
            writer.add_hparams({"rate": rate, "seed": seed}, {"acc": epochs[-1]["acc"]})
    return last()


@maker
def tensorboard_v2(folder: Path) -> dict[tuple[float, int], float]:
    """What `tensorboard.summary` writes is in the form of TensorFlow 2: a scalar is a tensor."""
    from tensorboard.summary import Writer

    for rate, seed, epochs in runs():
        writer = Writer(str(folder / f"rate={rate}" / f"seed={seed}"))
        for step, scores in enumerate(epochs):
            for name, value in scores.items():
                writer.add_scalar(name, value, step)
        writer.close()
    return last()


# ---- stores -------------------------------------------------------------------------------------


def _mlflow(folder: Path, uri: str) -> dict[tuple[float, int], float]:
    import mlflow

    mlflow.set_tracking_uri(uri)
    if not mlflow.get_experiment_by_name("digits"):
        mlflow.create_experiment("digits", artifact_location="artifacts")
    mlflow.set_experiment("digits")
    for rate, seed, epochs in runs():
        with mlflow.start_run():
            mlflow.log_params({"rate": rate, "seed": seed})
            for step, scores in enumerate(epochs):
                mlflow.log_metrics(scores, step=step)
    return last()


@maker
def mlflow_folder(folder: Path) -> dict[tuple[float, int], float]:
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    return _mlflow(folder, (folder / "mlruns").resolve().as_uri())


@maker
def mlflow_sqlite(folder: Path) -> dict[tuple[float, int], float]:
    truth = _mlflow(folder, f"sqlite:///{(folder / 'mlflow.db').resolve()}")
    shrink(folder / "mlflow.db")
    return truth


@maker
def optuna(folder: Path) -> dict[tuple[float, int], float]:
    import optuna as optuna_

    optuna_.logging.set_verbosity(optuna_.logging.WARNING)

    def objective(trial: Any) -> float:
        rate = trial.suggest_float("rate", *RATES)
        seed = trial.suggest_int("seed", 0, 9)
        kind = trial.suggest_categorical("penalty", ["l2", None])
        assert kind
        for step, scores in enumerate(curve(rate, seed)):
            trial.report(scores["loss"], step)
        trial.set_user_attr("loss", scores["loss"])
        return scores["acc"]

    sampler = optuna_.samplers.GridSampler(
        {"rate": list(RATES), "seed": list(SEEDS), "penalty": ["l2"]}, seed=0
    )
    study = optuna_.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}",
        study_name="digits",
        sampler=sampler,
        direction="maximize",
    )
    study.optimize(objective)
    shrink(folder / "optuna.db")
    return last()


def shrink(path: Path) -> None:
    """Drop a store's empty tables, and give the rest no more room than they take."""
    with closing(sqlite3.connect(path)) as store:
        names = [
            name
            for (name,) in store.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        for name in names:
            if not store.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]:
                store.execute(f'DROP TABLE "{name}"')
        for (name,) in store.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall():
            store.execute(f'DROP INDEX "{name}"')
        store.commit()
        store.execute("PRAGMA page_size = 1024")
        store.execute("VACUUM")


# ---- instruments --------------------------------------------------------------------------------


@maker
def pytest_benchmark(folder: Path) -> None:
    test = folder / "test_speed.py"
    test.write_text(
        textwrap.dedent("""
        import numpy as np

        def test_small(benchmark):
            benchmark.pedantic(np.sort, (np.arange(1000)[::-1],), rounds=20, iterations=10)

        def test_large(benchmark):
            benchmark.pedantic(np.sort, (np.arange(100_000)[::-1],), rounds=20, iterations=10)
    """)
    )
    command = [sys.executable, "-m", "pytest", "-q", test.name, "--benchmark-json=output.json"]
    subprocess.run(command, cwd=folder, check=True)
    test.unlink()
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    shutil.rmtree(folder / ".pytest_cache", ignore_errors=True)


@maker
def hyperfine(folder: Path) -> None:
    for options, out in (
        (["sleep 0.005", "sleep 0.02"], "commands.json"),
        (["--parameter-list", "s", "0.005,0.02", "sleep {s}"], "parameters.json"),
    ):
        command = ["hyperfine", "-N", "--runs", "20", "--export-json", out, *options]
        subprocess.run(command, cwd=folder, check=True)


@maker
def sklearn(folder: Path) -> dict[tuple[float, int], float]:
    import pandas as pd
    from sklearn.datasets import load_digits
    from sklearn.linear_model import SGDClassifier
    from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score

    images, labels = load_digits(return_X_y=True)
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", max_iter=EPOCHS, tol=None, random_state=0
    )
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    search = GridSearchCV(model, {"eta0": list(RATES)}, cv=folds).fit(images, labels)
    frame = pd.DataFrame(search.cv_results_)
    frame.to_csv(folder / "cv_results.csv")
    frame.to_json(folder / "cv_results.json")
    lists = {name: np.asarray(column).tolist() for name, column in search.cv_results_.items()}
    (folder / "cv_results_lists.json").write_text(json.dumps(lists))
    both = GridSearchCV(
        model, {"eta0": list(RATES)}, cv=folds, scoring=["accuracy", "f1_macro"], refit="accuracy"
    ).fit(images, labels)
    pd.DataFrame(both.cv_results_).to_csv(folder / "two_scores.csv", index=False)
    scores = {
        name: cross_val_score(model.set_params(eta0=rate), images, labels, cv=folds)
        for name, rate in zip(("small", "large"), RATES, strict=True)
    }
    for name, array in scores.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "both.npz", **scores)
    listed = {name: array.tolist() for name, array in scores.items()}
    (folder / "both.json").write_text(json.dumps(listed))
    return {
        (rate, fold): score
        for rate, array in zip(RATES, scores.values(), strict=True)
        for fold, score in enumerate(array)
    }


@maker
def pandas(folder: Path) -> dict[tuple[float, int], float]:
    import pandas as pd

    frame = pd.DataFrame(
        [{"rate": rate, "seed": seed, **epochs[-1]} for rate, seed, epochs in runs()]
    )
    frame.to_csv(folder / "with_index.csv")
    frame.to_csv(folder / "plain.tsv", sep="\t", index=False)
    frame.to_csv(folder / "german.csv", sep=";", decimal=",", index=False)
    frame.to_json(folder / "records.json", orient="records")
    frame.to_json(folder / "lines.jsonl", orient="records", lines=True)
    frame.to_parquet(folder / "frame.parquet")
    wide = frame.pivot_table(index="seed", columns="rate", values="acc")
    wide.to_csv(folder / "wide.csv")
    return last()


# ---- afterwards ---------------------------------------------------------------------------------


def scrub(folder: Path) -> None:
    """Take the names of this machine, its user and its folders out of names and texts."""
    host = re.compile(rb"\b" + re.escape(socket.gethostname().encode()) + rb"\b")
    address = re.compile(rb"\b(?:\d{1,3}\.){3}\d{1,3}\b")
    places = [*(folder.resolve(), Path(__file__).parents[1], Path.cwd())]
    places = [os.fsencode(path) for path in places]
    places += [sys.prefix.encode(), sys.base_prefix.encode(), os.fsencode(Path.home())]
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file() and path.suffix not in {".db", ".npy", ".npz", ".parquet"}:
            events = "tfevents" in path.name
            content = path.read_bytes()
            if not events:
                for place in places:
                    content = content.replace(place, b"/data")
                content = host.sub(b"host", content)
                content = address.sub(b"127.0.0.1", content)
                content = content.replace(platform.release().encode(), b"release")
                user = rb'(user(?:name|_id)?["\']?\s*[:=]\s*["\']?)' + getpass.getuser().encode()
                content = re.sub(user, rb"\1someone", content)
                if path.name == "mlflow.user":
                    content = b"someone"
                if path.name.startswith("mlflow.source"):
                    path.unlink()
                    continue
                path.write_bytes(content)
            else:
                path.rename(path.with_name("events.out.tfevents.1700000000.host.1.0"))
    for path in folder.rglob("*.db"):
        with closing(sqlite3.connect(path)) as store:
            if store.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
                store.execute("UPDATE runs SET user_id = 'someone'")
                store.execute("UPDATE tags SET value = 'someone' WHERE key = 'mlflow.user'")
                store.execute("UPDATE runs SET artifact_uri = '/data/' || run_uuid")
                store.execute("UPDATE experiments SET artifact_location = '/data'")
                store.execute("DELETE FROM tags WHERE key LIKE 'mlflow.source.%'")
                store.commit()
                store.execute("VACUUM")


def main() -> None:
    target = Path(sys.argv[1])
    for name in sys.argv[2:] or MAKERS:
        folder = target / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        truth = MAKERS[name](folder)
        scrub(folder)
        if truth:
            told = "digits" if truth == last() else name
            with (target / f"{told}.csv").open("w", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(("round", "competitor", "value"))
                writer.writerows((seed, rate, value) for (rate, seed), value in truth.items())
        print(name, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    versions += subprocess.run(
        ["hyperfine", "--version"], check=True, capture_output=True, text=True
    ).stdout.split("\n")[:1]
    (target / "VERSIONS.txt").write_text("\n".join(versions) + "\n")


if __name__ == "__main__":
    main()
