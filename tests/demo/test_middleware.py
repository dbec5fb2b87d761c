import pytest
from asgi import request
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from bakeoff.demo.middleware import HEADERS, LOOPBACK, Guard

INNER = PlainTextResponse("inside")


@pytest.fixture
def guard():
    return Guard(INNER, LOOPBACK)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8014", "localhost:1", "LocalHost:8014", "localhost", "[::1]:8014", "[::1]"]
)
def test_this_machine_s_names_pass(guard, host):
    reply = request(guard, "GET", "/", headers={"host": host})
    assert (reply.status, reply.body) == (200, b"inside")
    origin = {"host": host, "origin": f"http://{host}"}
    assert request(guard, "POST", "/", headers=origin).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8014", "localhost.evil.example:8014",
        "127.0.0.1.evil.example", "evil.example@localhost:8014x", "192.168.1.7:8014", "[::2]:8014",
        "0.0.0.0:8014", "", ":8014", "localhost:8014:8014",
    ],
)  # fmt: skip
def test_a_foreign_host_is_refused(guard, host):
    reply = request(guard, "GET", "/", headers={"host": host})
    assert reply.status == 403
    assert reply.json()["error"].startswith("Host: ")


def test_no_host_or_two_are_refused(guard):
    both = [("host", "localhost:8014"), ("host", "evil.example")]
    assert request(guard, "GET", "/", headers=both).status == 403
    assert guard._fault(Headers({})).startswith("Host: ")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "http://localhost:8015", "https://localhost:8014",
        "http://127.0.0.1:8014", "null", "",
    ],
)  # fmt: skip
def test_a_foreign_origin_is_refused(guard, origin):
    headers = {"host": "localhost:8014", "origin": origin}
    reply = request(guard, "GET", "/", headers=headers)
    assert reply.status == 403
    assert reply.json()["error"].startswith("Origin: ")


def test_a_second_origin_does_not_help(guard):
    headers = [("host", "localhost:8014"), ("origin", "http://localhost:8014"),
               ("origin", "http://evil.example")]  # fmt: skip
    assert request(guard, "GET", "/", headers=headers).status == 403


def test_a_server_of_other_addresses_takes_addresses_but_no_names():
    guard = Guard(INNER, [*LOOPBACK, "Lab-PC"], any_address=True)
    for host in ("192.168.1.7:8014", "[fe80::1]:8014", "lab-pc:8014", "127.0.0.1:8014"):
        assert request(guard, "GET", "/", headers={"host": host}).status == 200
    assert request(guard, "GET", "/", headers={"host": "evil.example:8014"}).status == 403


def test_every_answer_carries_the_headers(guard):
    for host in ("localhost:8014", "evil.example"):
        reply = request(guard, "GET", "/", headers={"host": host})
        for name, value in HEADERS.items():
            assert reply.headers[name.lower()] == value


def test_the_policy_lets_nothing_in_from_elsewhere():
    policy = HEADERS["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "*" not in policy
