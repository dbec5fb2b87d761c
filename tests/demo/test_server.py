import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest

from bakeoff.demo import address_of, open_port
from bakeoff.errors import ArgumentError

COMMAND = """
from functools import partial
from bakeoff import demo
from bakeoff.cli import main
demo.serve = partial(demo.serve, request_seconds={})
main(["demo", "--no-open", "--port", "0"])
"""
QUESTION = {"first": {"test": 1}, "second": {"test": 2}}
HEAD = b"GET /networks HTTP/1.1\r\nHost: localhost\r\n"
HALF_A_QUESTION = (
    b"POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 100\r\n\r\n{"
)
SETTINGS = {
    "layers": 1, "width": 4, "activation": "tanh", "step_size": 0.05, "batch_size": 250,
    "rounds": 1, "seed": 0,
}  # fmt: skip


@pytest.fixture
def running(tmp_path, request):
    """A demo in a process of its own, by a request's time limit; the process and its port."""
    command = [sys.executable, "-c", COMMAND.format(getattr(request, "param", 600))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as demo:
        told = demo.stdout.readline()
        yield demo, int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/ - Ctrl-C stops it\n", told)[1])
        demo.kill()


@contextmanager
def asked(port, method, path, body=None):
    """The reply to a request, whose connection is closed afterwards."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, body and json.dumps(body), headers)
        with connection.getresponse() as reply:
            yield reply


def raw(port, request):
    """Send bytes that may be no HTTP at all; return what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_it_outlives_bad_requests_and_ends_with_ctrl_c(running):
    demo, port = running
    for request, status in (
        (b"\x00\xff\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 100_000 + b"\r\n\r\n", b"400"),
        (b"POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST /answer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 50000\r\n\r\n" + b" " * 50_000,
            b"413",
        ),
    ):
        assert raw(port, request).split(b" ", 2)[1] == status, request[:60]
    assert raw(port, b"") == b""

    # Trainings end with their connections: more of them one by one than may run at once.
    for _ in range(6):
        with asked(port, "POST", "/playground", SETTINGS) as reply:
            assert reply.status == 200
            assert json.loads(reply.readline())["state"] == "begun"

    with asked(port, "POST", "/playground", SETTINGS) as stream:
        assert json.loads(stream.readline())["state"] == "begun"
        with asked(port, "GET", "/networks") as reply:
            assert reply.status == 200
        demo.send_signal(signal.SIGINT)
        stream.read()  # to its end, as the server ends the training
    assert demo.wait(60) == 130
    assert demo.stderr.read() == "bakeoff: stopped by Ctrl-C\n"


def test_idle_connections_keep_nobody_out(running):
    _, port = running
    with ExitStack() as held:
        for number in range(200):
            idle = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            idle.sendall((b"", b"GET", HALF_A_QUESTION)[number % 3])
        with asked(port, "GET", "/networks") as reply:
            assert reply.status == 200


@pytest.mark.parametrize("running", [1], indirect=True)
def test_a_request_that_does_not_end_is_dropped_and_a_training_is_not(running):
    _, port = running
    with asked(port, "POST", "/playground", SETTINGS) as stream:
        assert json.loads(stream.readline())["state"] == "begun"
        for sent in (b"", HEAD, HEAD + b"\r\n" + HEAD, HALF_A_QUESTION):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
                connection.sendall(sent)
                with suppress(ConnectionResetError):
                    while connection.recv(65536):
                        pass
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(HEAD)
            with suppress(ConnectionResetError, BrokenPipeError):
                while True:  # each byte comes in time, their end does not
                    connection.sendall(b"x")
                    time.sleep(0.1)
        assert json.loads(stream.readline())["state"] == "training"


def test_ctrl_c_ends_it_under_load_with_one_sentence(running):
    demo, port = running
    with ExitStack() as held:
        for _ in range(4):
            stream = held.enter_context(asked(port, "POST", "/playground", SETTINGS))
            assert json.loads(stream.readline())["state"] == "begun"
        question = json.dumps(QUESTION).encode()
        head = HALF_A_QUESTION.replace(b"100\r\n\r\n{", b"%d\r\n\r\n" % len(question))
        for number in range(48):
            one = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            one.sendall((head + question, HALF_A_QUESTION, b"")[number % 3])
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 130
    assert demo.stderr.read() == "bakeoff: stopped by Ctrl-C\n"


def test_a_taken_port_is_told():
    with open_port("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ArgumentError, match=rf"127.0.0.1 port {port} cannot be used"):
            open_port("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_is_none_is_told(port):
    with pytest.raises(ArgumentError, match=rf"--port: got {port}"):
        open_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "192.0.2.1", "x" * 300, "é.."])
def test_an_address_of_another_machine_is_told(host):
    with pytest.raises(ArgumentError) as raised:
        open_port(host, 0)
    assert "expected" in str(raised.value)


def test_the_address_can_be_opened_on_this_machine():
    with open_port("127.0.0.1", 0) as bound:
        assert address_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}/"
    with open_port("0.0.0.0", 0) as bound:
        assert address_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}/"
