"""The page of a run that is under way, of real processes, asked for over HTTP."""

import http.client
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import pytest

from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import find_kept, results_of

STUDY = """
name = "mine"
question = "Is <b>b</b> better?"
comparisons = [["b", "a"]]
rounds = 8
metrics = [{ name = "loss", better = "lower", take = "last" }]
[command]
run = "until [ {round} -lt 4 -o -e go ]; do sleep .1; done; \
echo loss: 500 loss: $(({seed}%97+{c}*{round}))"
[[competitors]]
name = "a"
c = 20
[[competitors]]
name = "b"
c = 0
"""
RACE = "[ {round} != 9 ] || sleep 60; echo loss: $(({seed} / %d %% 97))"
"""Nine rounds of numbers that have nothing to do with each other, and a tenth that takes long."""
WORDS = {
    "planned": ["run", "mine.toml"],
    "decided": [
        *("race", f"a={RACE % 7}", f"b={RACE % 11}", "--metric", "loss", "--lower-is-better"),
        *("--until", "decided", "--max-rounds", "40"),
    ],
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Both runs, at the same time: their processes, where their pages are, and their folders."""
    started, told = {}, {}
    with ExitStack() as stack:
        for name, words in WORDS.items():
            folder = tmp_path_factory.mktemp(name)
            (folder / "mine.toml").write_text(STUDY)
            line = [sys.executable, "-m", "bakeoff", *words, "--live", "--workers", "2"]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
            process = stack.enter_context(subprocess.Popen(line, cwd=folder, **pipes))
            stack.callback(process.kill)
            started[name] = process, folder
        for name, (process, folder) in started.items():
            line = process.stderr.readline()
            address = r"\w+: http://127\.0\.0\.1:(\d+)(/\S+/) shows how it goes\n"
            found = re.fullmatch(address, line) or pytest.fail(line)
            told[name] = process, int(found[1]), found[2], folder
        yield told


def ask(port, path, **headers):
    """Return the reply's status, headers and text."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read().decode()


def page_with(port, path, pattern):
    """Return the first page in which there is something."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        text = ask(port, path)[2]
        if re.search(pattern, text):
            return text
        time.sleep(0.05)
    raise AssertionError(text)


def dots(text, row):
    return re.search(rf'<th scope="row" >{row}</th>.*', text)[0].count("<circle")


def test_a_plan_shows_dots_alone_until_it_is_done_and_then_the_verdict(runs):
    process, port, path, folder = runs["planned"]
    text = page_with(port, path, r">8 of 16 rounds finished \(\w 4, \w 4\)")
    assert "left</p>" in text
    assert [dots(text, row) for row in ("a", "b", "b - a")] == [4, 4, 4]
    assert "Intervals and verdicts are hidden until the planned rounds are done: looking" in text
    for shown in ("95 %", "verdict</th>", "better than", "p =", "p <", 'th="3"', "mean</"):
        assert shown not in text
    assert re.findall(r'points="(\S+) (\S+)"', text)[0][0] == "6.0,6.0"  # 500, the largest
    assert text.count("<polyline") == 2
    assert "in epochs 1 to 2, the mean of finished rounds, from" in text
    assert "Is &lt;b&gt;b&lt;/b&gt; better?" in text
    assert "style=" not in text  # which the policy would not let the page have
    # The demo's guard stands before it, and its address is not to be guessed.
    statuses = {"/": 404, "/guessed/": 404, "/live.js": 200, "/style.css": 200, "/index.html": 404}
    assert {one: ask(port, one)[0] for one in statuses} == statuses
    assert ask(port, path, Host="evil.example")[0] == 403
    assert ask(port, path, Origin="http://evil.example")[0] == 403
    assert "script-src 'self'" in ask(port, path)[1]["Content-Security-Policy"]
    (folder / "go").touch()
    while 'data-over="over"' not in text:
        status, _, text = ask(port, f"{path}?again")  # as the page's script does
        assert status == 200
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [dots(text, row) for row in ("a", "b", "b - a")] == [8, 8, 8]
    assert "hidden" not in text
    sentence = re.search(r"<li>(b is better than a.*?)</li>", text)[1].replace("&lt;", "<")
    assert sentence in " ".join(out.split())


def test_a_race_shows_its_anytime_interval_and_ctrl_c_stops_both(runs):
    process, port, path, folder = runs["decided"]
    text = page_with(port, path, r">18 of 80 rounds finished")
    assert "hidden" not in text
    assert dots(text, "b - a") == 9
    assert "<polyline" not in text
    assert re.search(r"95 % anytime-valid interval .*; 9 rounds", text)
    assert 'stroke-width="3"' in text
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped by Ctrl-C, 18 of 80 rounds finished (a 9, b 9)" in " ".join(told.split())
    assert "Traceback" not in told
    with pytest.raises(OSError, match="refused"):
        ask(port, path)
    with Store(folder / "bakeoff.sqlite", read_only=True) as store:
        assert len(results_of(store, find_kept(store, "race", with_rounds=True)).results) == 18
