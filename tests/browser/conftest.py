"""A browser for the pages that bakeoff makes: the system's Chromium, headless, cut off.

`make test-browser` and continuous integration set BAKEOFF_BROWSER=required, and a machine without a
browser then fails. Where nobody asked for one, these tests are skipped.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No name resolves but this machine's own, so that a page which asks for more is found out.
CUT_OFF = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
OPTIONS = ["--no-sandbox", "--disable-dev-shm-usage", CUT_OFF]


@dataclass
class Seen:
    """What happened in a page.

    Attributes:
        requests: the addresses that it asked for, in order, `data:` and `blob:` left out.
        errors: what it wrote to the console as an error, and exceptions that nobody caught.
        expected: how often a test has said that such an error is no fault.
    """

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected: int = 0


def no_browser(reason: str) -> None:
    """Skip, or fail where a browser was promised."""
    if os.environ.get("BAKEOFF_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; it reaches nothing but this machine.

    It ends with the module: while it is there, so is an event loop that runs in this thread, in
    which other modules' tests could start none of their own.
    """
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        no_browser("no Chromium is installed")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        no_browser("the extra browser is not installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=OPTIONS)
        yield started
        started.close()


@pytest.fixture
def seen() -> Seen:
    """What happened in this test's page."""
    return Seen()


@pytest.fixture
def page(browser: Browser, seen: Seen) -> Iterator[Page]:
    """A fresh page, 1280 × 900; a console error that the test does not expect fails it."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    watch(opened, seen)
    yield opened
    context.close()
    assert len(seen.errors) == seen.expected, seen.errors


def watch(page: Page, seen: Seen) -> None:
    """Note the page's requests and errors."""

    def on_request(request: Any) -> None:
        if not request.url.startswith(("data:", "blob:")):
            seen.requests.append(request.url)

    def on_console(message: Any) -> None:
        if message.type == "error":
            seen.errors.append(message.text)

    page.on("request", on_request)
    page.on("console", on_console)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
