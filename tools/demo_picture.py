"""Take the demo's picture for the README: a 3 and an 8 drawn, answered by what comes with bakeoff.

    python tools/demo_picture.py docs/images/demo.png
    python tools/demo_picture.py look.png --tab disk --dark --width 390

Needs the extras demo and browser, and the system's Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "demo"))

import strokes

COMMAND = "from bakeoff.cli import main; main(['demo', '--no-open', '--port', '0'])"


@contextmanager
def running(arguments: list[str]) -> Iterator[str]:
    """Give the address of a demo that runs in an empty folder."""
    command = [
        sys.executable,
        "-c",
        COMMAND.replace("'0'", ", ".join(map(repr, ["0", *arguments]))),
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as demo,
    ):
        told = re.search(r"http://\S+", demo.stdout.readline() if demo.stdout else "")
        if told is None:
            raise SystemExit("the demo did not start")
        yield told[0]
        demo.send_signal(signal.SIGINT)


def draw(page: Page, side: str, digit: int) -> None:
    """Draw a digit with the mouse."""
    box = page.locator(f"#{side} .paper canvas").bounding_box()
    if box is None:
        raise SystemExit("there is nothing to draw on")
    for stroke in strokes.placed(digit, height=0.66):
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def settle(page: Page) -> None:
    """Wait until the networks have answered for both drawings, and their answer stands."""
    said = ""
    while not said or said != page.locator("#said").inner_text():
        said = page.locator("#said").inner_text()
        page.wait_for_timeout(3000)


def main() -> None:
    """Read the options and take the picture."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("file", type=Path)
    options.add_argument("--tab", choices=["pairs", "disk"], default="pairs")
    options.add_argument("--dark", action="store_true")
    options.add_argument("--width", type=int, default=1000)
    options.add_argument("--epochs", type=int, default=60, help="how long the disk trains")
    options.add_argument("--store", help="a store whose networks answer too")
    chosen = options.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    store = ["--store", str(Path(chosen.store).absolute())] if chosen.store else []
    with running(store) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": chosen.width, "height": 700},
            color_scheme="dark" if chosen.dark else "light",
            device_scale_factor=1.5,
        )
        page.goto(f"{address}#{chosen.tab}")
        page.wait_for_selector(".card", state="attached")
        if chosen.tab == "pairs":
            draw(page, "first", 3)
            draw(page, "second", 8)
            settle(page)
        else:
            page.click("#go")
            while float(page.locator("#n-epoch").inner_text().replace("–", "0")) < chosen.epochs:
                page.wait_for_timeout(100)
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=chosen.file, full_page=True)
        browser.close()


if __name__ == "__main__":
    main()
