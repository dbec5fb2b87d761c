import asyncio
import json
from base64 import b64decode, b64encode

import pytest
import strokes
import torch
from asgi import HOST, JSON, request, requested

from bakeoff.data import load_mnist
from bakeoff.demo import app as demo_app
from bakeoff.demo.app import STATIC, make_app
from bakeoff.demo.middleware import LOOPBACK, Guard
from bakeoff.demo.networks import shipped_networks
from bakeoff.demo.playground import SIDES
from bakeoff.demo.preprocess import CANVAS, frame
from bakeoff.demo.requests import LONGEST_QUESTION, LONGEST_SETTINGS, SHARED
from bakeoff.demo.sessions import MOST_SESSIONS, Sessions

SETTINGS = {
    "layers": 1, "width": 4, "activation": "tanh", "step_size": 0.05, "batch_size": 250,
    "rounds": 2, "seed": 0,
}  # fmt: skip
DUEL = {f"{s}.{n}": SETTINGS[n] for s in SIDES for n in SETTINGS if n not in SHARED}
DUEL |= {"rounds": 2, "epochs": 3, "seed": 0}
EMPTY = {"pictures": [None, None], "answers": None}


@pytest.fixture(scope="module")
def networks():
    return shipped_networks()


@pytest.fixture
def sessions():
    sessions = Sessions()
    yield sessions
    sessions.end_all()


@pytest.fixture
def app(networks, sessions):
    return Guard(make_app(networks, sessions), LOOPBACK)


def drawing(digit):
    canvas = strokes.drawn(strokes.placed(digit))
    return canvas, {"drawing": b64encode(bytes(canvas.flatten().tolist())).decode()}


# ---- the page ----------------------------------------------------------------------------------


def test_the_page_and_its_parts_are_served(app):
    page = request(app, "GET", "/")
    assert page.status == 200
    assert page.body == (STATIC / "index.html").read_bytes()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for path in STATIC.iterdir():
        reply = request(app, "GET", f"/{path.name}")
        assert (reply.status, reply.body) == (200, path.read_bytes())


def test_the_page_names_nothing_outside_and_no_inline_code():
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in text.replace("// ", "").replace("https", ""), path.name
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert "<style" not in page
    assert " style=" not in page
    assert "onclick" not in page
    assert page.count("<script") == 1


@pytest.mark.parametrize("path", ["/nothing", "/../app.py", "/static/main.js", "/%2e%2e/app.py"])
def test_nothing_else_is_there(app, path):
    reply = request(app, "GET", path)
    assert reply.status == 404
    assert reply.json() == {"error": "Not Found"}


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/"), ("GET", "/answer"), ("PUT", "/networks"), ("DELETE", "/")]
)
def test_other_methods_are_refused(app, method, path):
    assert request(app, method, path).status == 405


def test_the_networks_are_told(app, networks):
    told = request(app, "GET", "/networks").json()
    assert [one["name"] for one in told] == [network.name for network in networks]
    assert told[0].keys() == {"name", "origin", "parameters", "card"}


# ---- which is larger? ----------------------------------------------------------------------------


def test_two_drawings_are_framed_and_answered(app, networks):
    (three, first), (eight, second) = drawing(3), drawing(8)
    told = request(app, "POST", "/answer", {"first": first, "second": second}).json()
    pictures = frame(torch.stack([three, eight]))
    assert told["pictures"] == [picture.flatten().tolist() for picture in pictures]
    assert len(told["answers"]) == len(networks)
    answer = told["answers"][-1]
    assert answer["larger"][1] > 0.9
    assert [shares.index(max(shares)) for shares in answer["digits"]] == [3, 8]


def test_a_random_pair_is_of_unequal_test_digits_and_can_be_asked_for(app):
    digits = load_mnist().test
    seen = set()
    for _ in range(5):
        first, second = request(app, "GET", "/pair").json()
        assert first["label"] != second["label"]
        assert first["label"] == int(digits.labels[first["test"]])
        assert first["picture"] == digits.images[first["test"]].flatten().tolist()
        seen.add(first["test"])
        question = {"first": {"test": first["test"]}, "second": {"test": second["test"]}}
        told = request(app, "POST", "/answer", question).json()
        assert told["pictures"] == [first["picture"], second["picture"]]
        assert len(told["answers"]) > 0
    assert len(seen) > 1


def test_one_digit_is_shown_but_not_answered(app):
    blank = {"drawing": b64encode(bytes(CANVAS**2)).decode()}
    for question in ({}, {"first": None}, {"first": blank, "second": None}):
        assert request(app, "POST", "/answer", question).json() == EMPTY
    told = request(app, "POST", "/answer", {"first": None, "second": drawing(4)[1]}).json()
    assert told["answers"] is None
    assert told["pictures"][0] is None
    assert max(told["pictures"][1]) > 0


GOOD = drawing(1)[1]["drawing"]


@pytest.mark.parametrize(
    "side",
    [
        5, "text", [], True, {}, {"test": -1}, {"test": 10_000}, {"test": 1.0}, {"test": True},
        {"test": "1"}, {"test": 10**400}, {"test": 1, "drawing": GOOD}, {"drawing": None},
        {"drawing": ""}, {"drawing": GOOD[:-4]}, {"drawing": GOOD + "AAAA"},
        {"drawing": "!" + GOOD[1:]}, {"drawing": "é" + GOOD[1:]}, {"drawing": "=" * len(GOOD)},
        {"drawing": [0] * 196}, {"canvas": GOOD},
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_digit_is_refused_in_a_sentence(app, side):
    reply = request(app, "POST", "/answer", {"first": side, "second": None})
    assert reply.status == 400
    assert "expected" in reply.json()["error"]
    assert len(reply.body) < 200
    assert request(app, "POST", "/answer", {}).json() == EMPTY  # and it goes on


@pytest.mark.parametrize(
    "body",
    [
        b"", b"nothing", b"{", b"[]", b"null", b'"text"', b'{"first": NaN}',
        b'{"first": {"test": Infinity}}', b'{"second": ' + b"1" * 5000 + b"}", b"[" * 20_000,
        b'{"first":' * 3_000, b"\xff\xfe\x00", b'{"third": null}',
    ],
    ids=lambda body: repr(body[:20]),
)  # fmt: skip
def test_what_is_no_question_is_refused(app, body):
    assert len(body) < LONGEST_QUESTION
    reply = request(app, "POST", "/answer", body, JSON)
    assert reply.status == 400
    assert reply.json()["error"]


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "json"])
def test_a_form_of_another_page_is_refused_by_its_type(app, kind):
    headers = {} if kind is None else {"content-type": kind}
    assert request(app, "POST", "/answer", b"{}", headers).status == 415


def test_a_type_with_its_charset_is_taken(app):
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert request(app, "POST", "/answer", b"{}", headers).status == 200


def test_a_long_body_is_not_read_to_its_end(app):
    pieces = [b" " * 10_000] * 100
    assert request(app, "POST", "/answer", b"", JSON, pieces=pieces).status == 413
    assert len(pieces) > 90
    for path, longest in (("/answer", LONGEST_QUESTION), ("/playground", LONGEST_SETTINGS)):
        assert request(app, "POST", path, b" " * (longest + 1), JSON).status == 413


def test_a_body_that_never_comes_is_given_up(app, monkeypatch):
    from bakeoff.demo import requests

    monkeypatch.setattr(requests, "BODY_SECONDS", 0.05)

    async def slow():
        endless = asyncio.Event()

        async def receive():
            await endless.wait()

        sent = []

        async def send(message):
            sent.append(message)

        headers = [(b"host", HOST.encode()), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/answer", "headers": headers,
                 "query_string": b"", "root_path": ""}  # fmt: skip
        await app(scope, receive, send)
        return sent[0]["status"]

    assert asyncio.run(slow()) == 408


def test_who_hangs_up_half_way_does_no_harm(app):
    assert request(app, "POST", "/answer", b"", JSON, pieces=[b'{"first"', None]).status == 400
    assert request(app, "POST", "/answer", {}).json() == EMPTY


def test_a_defect_is_an_answer_too(app, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("secret")

    monkeypatch.setattr(demo_app, "frame", broken)
    replies = []

    async def ask():
        try:
            await requested(app, "POST", "/answer", {"first": drawing(3)[1], "second": None})
        except RuntimeError as error:
            replies.append(error)  # which the server writes to its log

    asyncio.run(ask())
    assert len(replies) == 1
    monkeypatch.undo()
    assert request(app, "POST", "/answer", {}).json() == EMPTY


# ---- the playground ------------------------------------------------------------------------------


def lines(body):
    return [json.loads(line) for line in body.split(b"\n") if line]


def begin(app, settings=SETTINGS, count=4):
    """Read so many frames of a training, then hang up."""
    reply = request(
        app, "POST", "/playground", settings, enough=lambda body: body.count(b"}\n") >= count
    )
    return reply, lines(reply.body)


def test_a_training_streams_frames_and_ends_with_its_page(app, sessions):
    reply, frames = begin(app)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("application/x-ndjson")
    opening, *others = frames
    assert opening["state"] == "begun"
    assert len(b64decode(opening["points"])) == 2 * 1000 * 2 * 2
    assert len(b64decode(opening["inside"])) == 2 * 1000
    for told in others:
        assert told["state"] == "training"
        assert len(told["loss"]) == len(told["train_error"]) == len(told["test_error"]) == 2
        assert len(b64decode(told["fields"])) == 2 * opening["side"] ** 2
    epochs = [told["epoch"] for told in others]
    assert epochs == sorted(epochs)
    assert epochs[-1] > 0
    session = sessions._running[opening["session"]]
    assert session.join(30)
    assert sessions.find(opening["session"]) is None


def test_points_are_told_as_they_are(app):
    from bakeoff.data import draw_disk_sets, inside_disk
    from bakeoff.rng import generator

    _, (opening, *_) = begin(app, count=1)
    halves = torch.tensor(list(b64decode(opening["points"]))).view(2, 1000, 2, 2)
    points = (256 * halves[..., 0] + halves[..., 1]) / 65535
    wanted = draw_disk_sets(
        1000, train=generator(0, 1, "data", "train"), test=generator(0, 1, "data", "test")
    ).train_input
    torch.testing.assert_close(points[1], wanted, atol=1e-5, rtol=0)
    inside = torch.tensor(list(b64decode(opening["inside"]))).view(2, 1000)
    assert torch.equal(inside[1], inside_disk(wanted)[:, 0].long())


@pytest.mark.parametrize(
    "change",
    [
        {"layers": 0}, {"layers": 6}, {"layers": 2.0}, {"layers": True}, {"layers": None},
        {"layers": "2"}, {"width": 0}, {"width": 65}, {"width": 10**30}, {"activation": "gelu"},
        {"activation": None}, {"activation": ["tanh"]}, {"activation": {}}, {"step_size": 0},
        {"step_size": -1}, {"step_size": 11}, {"step_size": "1"}, {"step_size": True},
        {"step_size": 10**400}, {"batch_size": 4}, {"batch_size": 1001}, {"batch_size": 10.5},
        {"rounds": 0}, {"rounds": 10}, {"seed": -1}, {"seed": 2**31}, {"more": 1},
    ],
    ids=lambda change: repr(change)[:40],
)  # fmt: skip
def test_settings_out_of_range_are_refused(app, sessions, change):
    reply = request(app, "POST", "/playground", SETTINGS | change)
    assert reply.status == 400
    assert next(iter(change)) in reply.json()["error"] or "other names" in reply.json()["error"]
    assert not sessions._running


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_numbers_that_are_not_finite_are_refused(app, sessions, number):
    body = json.dumps(SETTINGS | {"step_size": 7}).replace("7", number).encode()
    assert request(app, "POST", "/playground", body, JSON).status == 400
    assert not sessions._running


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_needed(app, name):
    settings = {k: v for k, v in SETTINGS.items() if k != name}
    assert request(app, "POST", "/playground", settings).status == 400


def test_no_more_than_so_many_train_at_once(app, sessions):
    async def crowd():
        done = asyncio.Event()
        tasks = [
            asyncio.create_task(
                requested(app, "POST", "/playground", SETTINGS, enough=lambda body: done.is_set())
            )
            for _ in range(MOST_SESSIONS)
        ]
        while len(sessions._running) < MOST_SESSIONS:
            await asyncio.sleep(0.01)
        refused = await requested(app, "POST", "/playground", SETTINGS)
        done.set()
        return refused, await asyncio.gather(*tasks)

    refused, others = asyncio.run(crowd())
    assert refused.status == 503
    assert "close another page" in refused.json()["error"]
    assert [reply.status for reply in others] == [200] * MOST_SESSIONS
    reply, _ = begin(app, count=1)
    assert reply.status == 200


def test_a_training_is_changed_paused_and_goes_on(app, sessions):
    async def played():
        stream = {"body": b"", "done": False}

        def enough(body):
            stream["body"] = body
            return stream["done"]

        async def until(condition):
            for _ in range(600):
                if condition():
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("waited too long")

        reading = asyncio.create_task(
            requested(app, "POST", "/playground", SETTINGS, enough=enough)
        )
        await until(lambda: stream["body"].count(b"}\n") >= 3)
        name = lines(stream["body"])[0]["session"]
        session = sessions.find(name)
        path = f"/playground/{name}"
        replies = [
            await requested(app, "POST", path, change)
            for change in ({"step_size": 0.01, "batch_size": 10}, {"paused": True})
        ]
        await until(lambda: not session._changes)
        await asyncio.sleep(0.2)
        paused = session.latest(1)[0]
        await asyncio.sleep(0.3)
        still = session.latest(1)[0]
        replies.append(await requested(app, "POST", path, {"paused": False}))
        await until(lambda: session.latest(1)[0] > still + 1)
        bad = [
            await requested(app, "POST", path, change)
            for change in ({"paused": 1}, {"step_size": 0}, {"batch_size": 1}, {"width": 3})
        ]
        stream["done"] = True
        await reading
        gone = await requested(app, "POST", path, {"paused": True})
        return replies, paused, still, bad, gone

    replies, paused, still, bad, gone = asyncio.run(played())
    assert [reply.status for reply in replies] == [200] * 3
    assert paused == still
    assert [reply.status for reply in bad] == [400] * 4
    assert gone.status == 404


def test_a_diverged_training_is_told_without_numbers(app):
    settings = SETTINGS | {"step_size": 10.0, "layers": 3, "activation": "relu"}
    reply = request(app, "POST", "/playground", settings, enough=lambda body: b"diverged" in body)
    frames = lines(reply.body)
    assert frames[-1]["state"] == "diverged"
    assert frames[-1].keys() == {"state", "epoch"}


def test_a_duel_streams_its_verdict_and_shows_neurons_when_asked(app):
    async def played():
        seen = {"body": b""}

        def enough(body):
            seen["body"] = body
            return b'"neurons": ["' in body and body.endswith(b"\n")

        body = DUEL | {"right.width": 3, "right.layers": 2}
        reading = asyncio.create_task(requested(app, "POST", "/playground", body, enough=enough))
        while b"finished" not in seen["body"]:
            await asyncio.sleep(0.02)
        path = f"/playground/{lines(seen['body'])[0]['session']}"
        asked = ({"neurons": 6}, {"neurons": True}, {"step_size": 0.1}, {"neurons": 2})
        replies = [await requested(app, "POST", path, change) for change in asked]
        return [reply.status for reply in replies], lines((await reading).body)

    replies, (opening, first, *_, last) = asyncio.run(played())
    assert replies == [400, 400, 400, 200]
    assert (first["state"], first["errors"], first["verdict"]) == ("training", [], "")
    assert [[len(curve) for curve in pair] for pair in last["errors"]] == [[4, 4]] * 2
    cells = opening["side"] ** 2
    assert [[len(b64decode(f)) for f in pair] for pair in last["fields"]] == [[cells] * 2] * 2
    assert [len(b64decode(maps)) for maps in last["neurons"]] == [4 * cells, 3 * cells]
    assert "left minus right" in last["verdict"]


def test_a_link_that_is_opened_again_is_the_same_duel(app):
    played = [request(app, "POST", "/playground", DUEL, enough=lambda body: b"finished" in body)
              for _ in range(2)]  # fmt: skip
    one, other = (lines(reply.body)[-1] for reply in played)
    assert one == other
    assert [left == right for left, right in one["errors"]] == [True, True], "equal settings"


@pytest.mark.parametrize(
    "change",
    [
        {"left.layers": 0}, {"right.width": 65}, {"left.activation": "gelu"}, {"left.seed": 1},
        {"left.batch_size": None}, {"rounds": 10}, {"epochs": 201}, {"middle.width": 3}, {"a": 3},
    ],
    ids=repr,
)  # fmt: skip
def test_a_duel_out_of_range_is_refused(app, sessions, change):
    reply = request(app, "POST", "/playground", DUEL | change)
    told = reply.json()["error"]
    assert told.startswith(f"{next(iter(change))}: expected") or "other names" in told
    assert (reply.status, sessions._running) == (400, {})
