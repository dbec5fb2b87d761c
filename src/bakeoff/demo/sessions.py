"""Playground trainings, each in a thread of its own, few at a time.

A thread trains in short slices and rests a little between them, so that drawings are answered
meanwhile. After each slice it publishes a frame in the place of the last one: a reader that is slow
misses frames, and none ever waits in memory.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

import torch

from bakeoff.demo.playground import Duel, DuelSettings, PlaygroundTraining, Settings
from bakeoff.errors import BakeoffError

MOST_SESSIONS = 4
SLICE_SECONDS = 0.06
REST_SECONDS = 0.02
WAIT_SECONDS = 0.2  # how soon a paused session looks again whether it should go on or end

Frame = Mapping[str, Any]


class Session:
    """One training and its latest frame."""

    def __init__(self, settings: Settings | DuelSettings) -> None:
        # Random, so that only the page that began the session can change it.
        self.name = secrets.token_urlsafe(12)
        one = isinstance(settings, Settings)
        self.changeable = ("step_size", "batch_size") if one else ("neurons",)
        self._settings = settings
        self._lock = threading.Lock()
        self._changes: dict[str, Any] = {}
        self._opening: Frame | None = None
        self._frame: Frame | None = None
        self._number = 0
        self._ended = threading.Event()
        # No daemon: the interpreter waits for it at its end, as torch would abort the process if it
        # were torn out of a call.
        self._thread = threading.Thread(target=self._run, name="playground")

    def start(self) -> None:
        """Begin to train."""
        self._thread.start()

    def change(self, changes: Mapping[str, Any]) -> None:
        """Set any of `changeable`, or "paused", before the next slice."""
        with self._lock:
            self._changes.update(changes)

    def latest(self, after: int) -> tuple[int, Frame | None]:
        """Return the number of the latest frame and the frame, None if there is none after.

        Nobody misses the first frame: after 0 comes 1, whatever else has been published.
        """
        with self._lock:
            if self._number <= after:
                return after, None
            return (1, self._opening) if after == 0 else (self._number, self._frame)

    @property
    def is_over(self) -> bool:
        """Whether nothing trains any more."""
        return self._ended.is_set()

    def end(self) -> None:
        """Ask the thread to end; it does so after its slice."""
        self._ended.set()

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end for so long; return whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    # ---- in the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():  # PyTorch's own bookkeeping off
                self._train()
        except BakeoffError as error:
            self._publish({"state": "failed", "sentence": str(error)})
        finally:
            self._ended.set()

    def _train(self) -> None:
        told = self._settings
        training = PlaygroundTraining(told) if isinstance(told, Settings) else Duel(told)
        self._publish({"state": "begun", "session": self.name} | training.opening())
        self._publish(frame := training.frame())
        paused = False
        while not self._ended.is_set():
            changes = self._take_changes()
            paused = changes.pop("paused", paused)
            for name, value in changes.items():
                setattr(training, name, value)
            if paused or frame["state"] != "training":
                if changes:  # which show even in a training that rests
                    self._publish(training.frame())
                self._ended.wait(WAIT_SECONDS)
                continue
            until = time.perf_counter() + SLICE_SECONDS
            while time.perf_counter() < until:
                training.step()
            self._publish(frame := training.frame())
            self._ended.wait(REST_SECONDS)

    def _take_changes(self) -> dict[str, Any]:
        with self._lock:
            changes, self._changes = self._changes, {}
        return changes

    def _publish(self, frame: Frame) -> None:
        with self._lock:
            self._number += 1
            self._frame = frame
            self._opening = self._opening or frame


class Sessions:
    """The sessions that run, at most `MOST_SESSIONS` of them; safe in any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, Session] = {}

    def begin(self, settings: Settings | DuelSettings) -> Session | None:
        """Start a session; return None where there are as many as may be."""
        with self._lock:
            self._running = {n: s for n, s in self._running.items() if not s.is_over}
            if len(self._running) >= MOST_SESSIONS:
                return None
            session = Session(settings)
            self._running[session.name] = session
        session.start()
        return session

    def find(self, name: str) -> Session | None:
        """Return the running session of that name, or None."""
        with self._lock:
            found = self._running.get(name)
        return None if found is None or found.is_over else found

    def end_all(self) -> None:
        """Ask every session to end."""
        with self._lock:
            for session in self._running.values():
                session.end()
