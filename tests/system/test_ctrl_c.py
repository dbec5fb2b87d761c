import signal
import threading
from types import SimpleNamespace

import pytest

from bakeoff.system import ctrl_c
from bakeoff.system.ctrl_c import Interrupts, held_back


def test_ctrl_c_waits_for_the_check():
    with Interrupts() as interrupts:
        interrupts.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()


def test_a_second_ctrl_c_is_raised_where_it_falls():
    with Interrupts():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_handler_before_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_another_thread_may_use_it_too():
    failures = []

    def body():
        try:
            with Interrupts() as interrupts:
                interrupts.check()
        except ValueError as error:
            failures.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert failures == []


def test_a_signal_held_back_comes_afterwards():
    reached = []

    def body():
        with held_back():
            signal.raise_signal(signal.SIGINT)
            reached.append(True)

    with pytest.raises(KeyboardInterrupt):
        body()
    assert reached


def test_on_windows_what_starts_meanwhile_never_hears_of_it(monkeypatch):
    calls = []
    console = SimpleNamespace(SetConsoleCtrlHandler=lambda *told: calls.append(told))
    monkeypatch.setattr(ctrl_c, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr("ctypes.WinDLL", {"kernel32": console}.get, raising=False)
    with held_back():
        assert calls == [(None, True)]
    assert calls == [(None, True), (None, False)]


@pytest.mark.parametrize("name", ["linux", "win32"])
def test_a_process_in_the_background_stays_deaf(monkeypatch, name):
    monkeypatch.setattr(ctrl_c, "sys", SimpleNamespace(platform=name))
    before = signal.getsignal(signal.SIGINT)
    try:
        ctrl_c.call_on(print)
        assert signal.getsignal(signal.SIGINT) is print
        ctrl_c.ignore_for_good()
        ctrl_c.call_on(print)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
