import subprocess
import sys

import pytest

from bakeoff.cli import main

HEAVY = "import sys; print([m for m in ('torch', 'scipy', 'numpy') if m in sys.modules])"


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as raised:
        main(list(arguments))
    captured = capsys.readouterr()
    return raised.value.code, captured.out, captured.err


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_stays_light(arguments):
    code = f"from bakeoff.cli import main\ntry:\n main({arguments})\nfinally:\n {HEAVY}"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("[]\n")


def test_the_package_runs_as_the_command_does():
    command = [sys.executable, "-m", "bakeoff", "frobnicate"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("bakeoff: No such command 'frobnicate'.")


@pytest.fixture
def ctrl_c_at_once(monkeypatch):
    def interrupted(*arguments, **named):
        raise KeyboardInterrupt

    # Whatever keeps the store's class is imported first: it would keep this one for ever.
    from bakeoff.report import formats, source  # noqa: F401
    from bakeoff.study import run, store  # noqa: F401
    from bakeoff.training import experiment

    monkeypatch.setattr(experiment, "check_study", interrupted)
    monkeypatch.setattr(store, "Store", interrupted)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "bakeoff: stopped by Ctrl-C, before any round began\n"),
        (["show"], "bakeoff: stopped by Ctrl-C\n"),
    ],
)
def test_ctrl_c_has_one_exit_code_everywhere(capsys, ctrl_c_at_once, arguments, said):
    assert outcome(capsys, *arguments) == (130, "", said)


def test_ctrl_c_while_the_commands_load_is_no_other(capsys, monkeypatch):
    class Loading:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "bakeoff.cli.app", Loading())
    assert outcome(capsys) == (130, "", "bakeoff: stopped by Ctrl-C\n")


def test_help_tells_the_exit_codes(capsys):
    for arguments in (["--help"], ["run", "--help"]):
        code, out, _ = outcome(capsys, *arguments)
        assert code == 0
        assert "130 stopped by Ctrl-C" in " ".join(out.split())
        assert max(map(len, out.splitlines())) <= 80


def test_the_version_is_told(capsys):
    code, out, _ = outcome(capsys, "--version")
    assert code == 0
    assert out.startswith("bakeoff ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "abltion"], "there is no study 'abltion' (did you mean 'ablation'?)"),
        (["run", "--only", "model11"], "no competitor 'model11' (did you mean 'model1'?)"),
        (["run", "--recipe", "publish"], "no recipe 'publish' (did you mean 'published'?)"),
        (["run", "--rounds", "0"], "rounds: got 0, expected 1 to 1,000,000"),
        (["run", "--rounds", "1000001"], "rounds: got 1000001, expected 1 to 1,000,000"),
        (["run", "--epochs", str(10**9)], "epochs: got 1000000000, expected a whole"),
        (["run", "--epochs", "0"], "epochs: got 0, expected a whole number of 1 to 1,000,000"),
        (["run", "--first-round", "-1"], "first round: got -1, expected 0 to 999,999,969"),
        (["run", "--workers", "0"], "workers: got 0, expected 1 to 4,096"),
        (["run", "--workers", "99999"], "workers: got 99999, expected 1 to 4,096"),
        (["run", "/dev/zero"], "/dev/zero: cannot be read (holds more than 1,048,576 bytes)"),
        (["run", "--rounds", "many"], "Invalid value for '--rounds'"),
        (["run", "--round", "3"], "No such option: --round"),
        (["rnu"], "No such command 'rnu'"),
        (["run", "--data", "/nowhere"], "/nowhere: found no such folder"),
        (["run", "--json", "/nowhere/a.json"], "/nowhere/a.json: cannot be written"),
        (["run", "--json", "a" * 300], "aaa: is too long for the name of a file"),
        (["show", "--store", "a" * 300], "aaa: cannot be read"),
        (["run", "--json", "/"], "/: is a folder, expected a file to write"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_and_nothing_starts(
    capsys, monkeypatch, arguments, sentence
):
    from bakeoff.study import run

    monkeypatch.setattr(run, "finish", lambda *a, **k: pytest.fail("started"))
    code, out, err = outcome(capsys, *arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert err.startswith("bakeoff: ")
    assert err.count("\n") == 1
