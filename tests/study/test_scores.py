"""A number is found where programs leave it, and nothing that a command writes is a traceback."""

import json
import os

import pytest

from bakeoff.study.checks import SpecError
from bakeoff.study.metric import Metric
from bakeoff.study.scores import NoScoreError, score_of


def found(folder, stdout="", source="", take="", name="loss", files=()):
    for file, content in dict(files).items():
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return score_of(Metric(name, source=source, take=take), stdout, folder)


LOG = "step 1 loss: 0.5\nstep 2 loss: 0.3\nstep 3 loss: 0.4\n"
JSON = '{"loss": 3}\n{"test": {"loss": [1, {"x": 2}]}}\nno json\n{broken\n'


@pytest.mark.parametrize(
    ("stdout", "source", "take", "value"),
    [
        (LOG, r"regex: loss: (\S+)", "last", 0.4),
        (LOG, r"regex: loss: (\S+)", "min", 0.3),
        (LOG, r"regex: loss: (\S+)", "max", 0.5),
        (LOG, r"regex: loss: (\S+)", "mean:2", 0.35),
        (LOG, r"regex: loss: (\S+)", "mean:9", 0.4),
        (LOG, r"regex:(?<=step 2 loss: )[\d.]+", "", 0.3),
        (LOG, r"regex: ^step 3 (?:acc|(loss)): (\S+)", "last", None),
        (LOG, r"regex: ^step (?:3) loss: (\S+)$", "", 0.4),
        (LOG, "", "last", 0.4),
        ("loss 1,234,567.5 s", r"regex: loss (\S+)", "", 1234567.5),
        ("nan\n1\nnan", r"regex: (\w+)", "min", 1.0),
        (JSON, "json", "", 3.0),
        (JSON, "json: test.loss.0", "", 1.0),
        (JSON, "json: test.loss.-1.x", "", 2.0),
        (JSON, "json: test.loss.9", "", None),
        (JSON, "json: test.loss.--1", "", None),
        (JSON, "json: test.loss.²", "", None),
        ('{"loss": true}\n{"loss": "0.5"}', "json", "", 0.5),
        ('{"loss": 1' + "0" * 400 + "}", "json", "", None),
        ('{"loss":' * 100_000 + "\n" + '{"loss": 2}', "json", "", 2.0),
        ("epoch 3, Loss = -1.5e-3, val_loss: 9", "", "", -0.0015),
        ("{'loss': .5, 'x': 1}", "", "", 0.5),
        ("loss=93, accuracy=1", "", "", 93.0),
        ("loss: 0,5", "", "", None),
        ("loss: 1,2,3", "", "", None),
        ("floss: 1\nlossy: 2", "", "", None),
        ("  12,345.5\n", "", "", 12345.5),
        ("-1e3", "", "", -1000.0),
        ("0.5 and more", "", "", None),
        ("", "", "", None),
        ("\ufffd\x00\x1b[2Jloss: 0.5\ufffd\x00", "", "", 0.5),
        ("x" * 2**22 + "\nloss: 0.5", "", "", 0.5),
    ],
)
def test_what_a_program_prints(tmp_path, stdout, source, take, value):
    if value is None:
        with pytest.raises(NoScoreError, match="loss: found no number") as raised:
            found(tmp_path, stdout, source, take)
        assert raised.value.failure == "no match"
    else:
        assert found(tmp_path, stdout, source, take)[0] == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("source", "name", "content", "value"),
    [
        ("", "metrics.json", '\ufeff{"loss": 0.5, "x": {"loss": 1}}', 0.5),
        ("file: m.json", "m.json", '{"loss": 0.5}', 0.5),
        ("file: m.json#a.b", "m.json", '{"a": {"b": [1, 1]}}', 1.0),
        ("file: m.json#a.b", "m.json", '{"a.b": 2, "a": {"b": 1}}', 2.0),
        ("file: m.txt", "m.txt", "0.25\n", 0.25),
        ("file: m.txt", "m.txt", "[" * 100_000, None),
        ("csv: m.csv", "m.csv", "epoch,loss\n1,0.5\n2,0.5\n", 0.5),
        ("csv: m.csv#val", "m.csv", "val,loss\r\n0.125\r\n", 0.125),
        ("csv: m.csv#val", "m.csv", "loss\n1\n", None),
        ("csv: m.csv", "m.csv", "loss\n" + "x" * 200_000, None),
        ("csv: m.csv", "m.csv", b"\xff\x00\xfe", None),
    ],
)
def test_what_a_program_leaves_in_a_file(tmp_path, source, name, content, value):
    if value is None:
        with pytest.raises(NoScoreError):
            found(tmp_path, "no number", source, files={name: content})
    else:
        assert found(tmp_path, "no number", source, files={name: content})[0] == value


@pytest.mark.parametrize("kind", ["file", "csv"])
@pytest.mark.parametrize("what", ["none", "folder", "pipe", "a\0b", "x" * 999])
def test_a_file_that_cannot_be_read_is_told(tmp_path, kind, what):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NoScoreError, match=r"cannot be read|is no file") as raised:
        found(tmp_path, source=f"{kind}:{what}")
    assert raised.value.failure == "no match"


@pytest.mark.parametrize(
    ("stdout", "take", "failure", "told"),
    [
        (LOG, "", "several matches", "found 3 numbers for 'loss', expected one; say which counts"),
        ("loss: nan", "", "not a number", "loss is nan"),
        ("NaN", "", "not a number", "loss is nan"),
        ("loss=-Infinity", "", "not a number", "loss is -inf"),
        ("loss: 1\nloss: nan", "last", "not a number", "loss is nan"),
        ("loss: inf\nloss: -inf", "mean:2", "not a number", "loss is nan"),
        ("loss: 1e308\nloss: 1.1e308", "mean:2", "not a number", "loss is nan"),
    ],
)
def test_why_a_number_counts_for_nothing(tmp_path, stdout, take, failure, told):
    with pytest.raises(NoScoreError, match=told) as raised:
        found(tmp_path, stdout, take=take)
    assert raised.value.failure == failure


def test_the_curve_is_all_finite_numbers_and_the_same_number_twice_is_one(tmp_path):
    assert found(tmp_path, LOG + "loss: nan\nloss: 0.3", take="min") == (0.3, (0.5, 0.3, 0.4, 0.3))
    assert found(tmp_path, "loss: 0.5\nloss: 0.5")[0] == 0.5
    rows = "\n".join(json.dumps({"loss": i}) for i in range(100_002))
    value, curve = found(tmp_path, rows, "json", "last")
    assert (value, len(curve), curve[0]) == (100_001, 100_000, 2)


@pytest.mark.parametrize(
    "source", ["xml", "regex", "regex:(", "regex:a{9999999999}", "file", "csv:"]
)
def test_a_source_that_is_none_is_refused(source):
    with pytest.raises(SpecError, match=r'source: got .*, expected "json", "regex: PATTERN"'):
        Metric("loss", source=source)


@pytest.mark.parametrize("take", ["first", "mean", "mean:0", "mean:²", "mean:-1", "mean:100001"])
def test_a_rule_that_is_none_is_refused(take):
    with pytest.raises(SpecError, match=r'take: got .*, expected "last", "min", "max"'):
        Metric("loss", take=take)
