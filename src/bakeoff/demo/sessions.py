"""Playground trainings, each in a thread of its own, few at a time.

A thread trains in short slices and rests a little between them, so that drawings are answered
meanwhile. After each slice it publishes a frame in the place of the last one: a reader that is slow
misses frames, and none ever waits in memory.
"""

from __future__ import annotations

import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import torch

from bakeoff.demo.playground import POINTS, SIDE, PlaygroundTraining, Progress, Settings
from bakeoff.errors import BakeoffError

MOST_SESSIONS = 4
LAST_EPOCH = 2000.0
SLICE_SECONDS = 0.06
REST_SECONDS = 0.02
WAIT_SECONDS = 0.2  # how soon a paused session looks again whether it should go on or end

Frame = Mapping[str, Any]


class Session:
    """One training and its latest frame."""

    def __init__(self, settings: Settings) -> None:
        # Random, so that only the page that began the session can change it.
        self.name = secrets.token_urlsafe(12)
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
        """Set "step_size", "batch_size" or "paused" before the next slice."""
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
        training = PlaygroundTraining(self._settings)
        self._publish(_opening(self.name, training))
        state, paused = "training", False
        self._publish(_frame(training, training.progress(), state))
        while not self._ended.is_set():
            changes = self._take_changes()
            paused = changes.pop("paused", paused)
            for name, value in changes.items():
                setattr(training, name, value)
            if paused or state != "training":
                self._ended.wait(WAIT_SECONDS)
                continue
            until = time.perf_counter() + SLICE_SECONDS
            while time.perf_counter() < until:
                training.step()
            progress = training.progress()
            if not progress.finite:
                state = "diverged"
            elif progress.epoch >= LAST_EPOCH:
                state = "finished"
            self._publish(_frame(training, progress, state))
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

    def begin(self, settings: Settings) -> Session | None:
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


def _opening(name: str, training: PlaygroundTraining) -> Frame:
    """Return the first frame: the session's name and the training points.

    Coordinates are whole numbers from 0 to 65535, x before y; all arrays are base64 of bytes,
    the rounds one after the other.
    """
    places = (training.points * 65535).round().to(torch.int32)
    high_low = torch.stack([places // 256, places % 256], -1).to(torch.uint8)
    return {
        "state": "begun",
        "session": name,
        "points": _packed(high_low),
        "inside": _packed(training.inside.to(torch.uint8)),
        "points_each": POINTS,
        "side": SIDE,
    }


def _frame(training: PlaygroundTraining, progress: Progress, state: str) -> Frame:
    """Return where the rounds stand; of a diverged training without the numbers."""
    told: dict[str, Any] = {"state": state, "epoch": progress.epoch}
    if progress.finite:
        told |= {
            "loss": progress.loss,
            "train_error": progress.train_error,
            "test_error": progress.test_error,
            "fields": _packed(training.fields()),
        }
    return told


def _packed(numbers: torch.Tensor) -> str:
    """Return an array of bytes as base64, in row-major order."""
    return b64encode(bytes(numbers.flatten().tolist())).decode("ascii")
