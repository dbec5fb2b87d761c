"""The commands write where they were told to, and nowhere else."""

import os
import re
import subprocess
import sys

import pytest

# Every process of the run tells which files it opens for writing, makes, moves or removes.
WATCHED = """
import os, sys
told = os.open(os.environ["TOLD"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
def watch(event, arguments):
    if event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        path = arguments[0]
    elif event in CHANGES or event == "sqlite3.connect":
        path = arguments[0]
    else:
        return
    if not isinstance(path, int):
        os.write(told, os.path.abspath(os.fsencode(path)) + b"\\n")
sys.addaudithook(watch)
"""
STUDY = """
name = "small"
question = "Which?"
rounds = 2
train_size = 50
test_size = 50
comparisons = [["two", "one"]]
recipe = { epochs = 1 }
competitors = [{ name = "one", network = "model1" }, { name = "two", network = "model2" }]
"""
COMMANDS = """
init new.toml
run small.toml --workers 1 --json run.json
show --format markdown
compare two one
merge again.sqlite bakeoff.sqlite
export two --format safetensors -o two.safetensors
disk train --epochs 1
report --out page
"""
RUN = """
import sys
from bakeoff.cli import main
for line in sys.stdin.read().split("\\n"):
    if line:
        try:
            main(line.split())
        except SystemExit as ended:
            assert not ended.code, f"bakeoff {line}: {ended.code}"
"""
MADE = {
    *("again.sqlite", "bakeoff.sqlite", "models", "new.toml", "page", "run.json"),
    *("small.toml", "two.safetensors"),
}


@pytest.mark.timeout(600)  # fifteen imports of torch, and matplotlib's first look at the fonts
def test_commands_write_where_they_were_told_to(tmp_path):
    here, home, site, temporary = (tmp_path / name for name in ("here", "home", "site", "tmp"))
    for folder in (here, home, site, temporary):
        folder.mkdir()
    (here / "small.toml").write_text(STUDY)
    (site / "sitecustomize.py").write_text(WATCHED)
    told = tmp_path / "told"
    env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    env |= {"HOME": str(home), "TMPDIR": str(temporary), "TOLD": str(told)}
    env |= {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    script = tmp_path / "commands.py"
    script.write_text("if __name__ == '__main__':\n" + RUN.replace("\n", "\n    "))
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        input=COMMANDS,
        cwd=here,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in here.iterdir()} == MADE
    assert list(temporary.iterdir()) == []
    # matplotlib keeps what it found of the system's fonts there, once for all programs.
    left = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    assert {path for path in left if "matplotlib" not in path.parts} == set()
    written = {line for line in told.read_text().split("\n") if line}
    assert str(here / "run.json") not in written  # written whole elsewhere in the folder, and moved
    assert str(here / "bakeoff.sqlite") in written
    elsewhere = [
        path
        for path in written
        if not path.startswith((f"{here}/", f"{temporary}/", f"{home}/", "/dev/", "/proc/"))
    ]
    assert [path for path in elsewhere if path not in (str(here), str(home))] == []


WRITING = {
    ("disk plot", "file"): "disk plot nowhere/a.png",
    ("disk train", "json"): "disk train --json nowhere/a.json",
    ("disk train", "name"): "disk train",  # models/ is a file here
    ("export", "output"): "export a --format onnx -o nowhere/a.onnx",
    ("init", "file"): "init nowhere/a.toml",
    ("register", "out"): "register ablation --out nowhere/a.toml",
    ("report", "out"): "report --out models/page",
    ("run", "json"): "run ablation --json nowhere/a.json",
    ("tune", "json"): "tune ablation --json nowhere/a.json",
    ("race", "json"): "race a=true b=true --metric seconds --json nowhere/a.json",
    ("compare", "figure"): "compare a b --figure nowhere/a.png",
    ("show", "figure"): "show --figure nowhere/a.png",
    ("tune", "output"): "tune ablation --output nowhere/a.toml",
}


@pytest.mark.parametrize("line", WRITING.values())
def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    bakeoff, tmp_path, monkeypatch, line
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").write_text("a file")
    for work in ("study.run.run_study", "training.tune.search.tune_study"):
        monkeypatch.setattr(f"bakeoff.{work}", lambda *a, **k: pytest.fail("worked"))
    monkeypatch.setattr("bakeoff.study.store.Store.__init__", lambda *a, **k: pytest.fail("read"))
    code, out, err = bakeoff(*line.split())
    assert (code, out) == (2, "")
    assert "cannot be written" in err


def test_every_option_that_names_a_file_to_write_is_tried():
    from typer.main import get_command

    from bakeoff.cli.app import app

    found = set()
    commands = [("", get_command(app))]
    for name, command in commands:
        inner = getattr(command, "commands", {})
        commands += [(f"{name} {key}".strip(), value) for key, value in inner.items()]
        for option in command.params:
            words = (getattr(option, "help", None) or "").lower()
            if (
                re.search(r"to write|^write|file\.$|save as|folder to", words)
                and "--data" not in option.opts
            ):
                found.add((name, option.name))
    assert found == set(WRITING)
