"""Take the demo's picture for the README: a 3 and an 8 drawn, answered by what comes with bakeoff.

    python tools/demo_picture.py docs/images/demo.png

Needs the extras demo and browser, and the system's Chromium.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from test_demo_browser import COMMAND, draw

sys.path.insert(0, sys.path[1])  # before tests/demo, which that file has put first

from conftest import NAMES, OPTIONS


def take(page: Page, address: str, file: str) -> None:
    """Draw, wait until the networks have answered and their answer stands, take the picture."""
    page.goto(address)
    page.wait_for_selector(".card", state="attached")
    for side, digit in (("first", 3), ("second", 8)):
        draw(page, side, digit, height=0.66, centre=(0.5, 0.5), pen=8)
    said = ""
    while not said or said != page.locator("#said").inner_text():
        said = page.locator("#said").inner_text()
        page.wait_for_timeout(3000)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=file, full_page=True)


def main() -> None:
    """Start the demo and a browser, and take the picture."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    command = [sys.executable, "-c", COMMAND]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo,
        sync_playwright() as playwright,
    ):
        told = re.search(r"http://\S+", demo.stdout.readline() if demo.stdout else "")
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        page = browser.new_page(
            viewport={"width": 1000, "height": 700}, color_scheme="light", device_scale_factor=1.5
        )
        take(page, told[0] if told else "", sys.argv[1])
        browser.close()
        demo.send_signal(signal.SIGINT)


if __name__ == "__main__":
    main()
