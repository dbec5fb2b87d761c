import sys

import pytest

from bakeoff import demo
from bakeoff.cli import main


@pytest.fixture
def bakeoff(capsys, monkeypatch, tmp_path):
    """Call the command line in an empty folder; returns exit code, stdout, stderr and networks."""
    monkeypatch.chdir(tmp_path)
    served = {}

    def serve(bound, app, *, named, opened, ready, on_end):
        served.update(names=app, named=named, opened=opened)
        ready()

    monkeypatch.setattr("bakeoff.demo.app.make_app", lambda networks, _: [n.name for n in networks])
    monkeypatch.setattr(demo, "serve", serve)

    def call(*arguments):
        with pytest.raises(SystemExit) as raised:
            main(["demo", "--port", "0", *map(str, arguments)])
        captured = capsys.readouterr()
        return raised.value.code, captured.out, captured.err, served

    return call


def test_without_a_store_the_networks_that_ship_answer(bakeoff):
    code, out, err, served = bakeoff()
    assert (code, err) == (0, "")
    assert out.startswith("http://127.0.0.1:")
    assert served["names"] == [n.name for n in demo_networks()]
    assert out.startswith(served["opened"])
    assert bakeoff("--no-open")[3]["opened"] == ""


def demo_networks():
    from bakeoff.demo.networks import shipped_networks

    return shipped_networks()


def test_a_study_s_networks_come_first(bakeoff, store):
    path = store()
    for arguments in ((), ("ablation",), ("--store", path)):
        code, _, err, served = bakeoff(*arguments)
        assert (code, err) == (0, "")
        assert served["names"][:2] == ["model2", "model2+digits"]


def test_who_is_left_out_is_told(bakeoff, store):
    store(weights=lambda network: b"first")
    code, _, err, served = bakeoff()
    assert code == 0
    assert served["names"] == [n.name for n in demo_networks()]
    assert "model2 of study 'ablation' is left out" in err


def test_a_damaged_store_nobody_asked_for_is_only_told(bakeoff, tmp_path):
    (tmp_path / "bakeoff.sqlite").write_text("nothing of the kind")
    code, _, err, served = bakeoff()
    assert code == 0
    assert served["names"]
    assert "is not a store" in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ablation"], "bakeoff.sqlite: there is no store yet"),
        (["--store", "none.sqlite"], "none.sqlite: there is no store yet"),
        (["--port", "70000"], "--port: got 70000"),
        (["--host", "no such host"], "--host: got 'no such host'"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(bakeoff, arguments, sentence):
    code, out, err, served = bakeoff(*arguments)
    assert (code, out, served) == (2, "", {})
    assert sentence in err
    assert err.count("\n") == 1


def test_the_extra_is_asked_for_before_anything_else(bakeoff, monkeypatch):
    monkeypatch.setitem(sys.modules, "starlette", None)
    code, _, err, served = bakeoff("--port", "70000")
    assert (code, served) == (2, {})
    assert "pip install 'bakeoff[demo]'" in err
