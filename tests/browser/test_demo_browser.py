"""The demo in a real browser: drawn on, trained in, looked at."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# The digits as strokes, which the demo's own tests draw without a browser.
sys.path.insert(0, str(Path(__file__).parents[1] / "demo"))

import strokes

from bakeoff.demo.networks import shipped_networks

COMMAND = "from bakeoff.cli import main; main(['demo', '--no-open', '--port', '0'])"
# (left, right, height of the drawing, centre, pen in % of the canvas)
DRAWINGS = [
    (3, 8, 0.70, (0.5, 0.5), 8),
    (8, 3, 0.35, (0.5, 0.5), 6),  # half size
    (3, 8, 0.92, (0.5, 0.5), 8),
    (8, 3, 0.40, (0.25, 0.27), 5),  # in a corner
    (3, 5, 0.45, (0.74, 0.7), 6),
    (9, 0, 0.70, (0.5, 0.5), 16),  # thick
    (2, 7, 0.70, (0.5, 0.5), 3),  # thin
    (6, 4, 0.35, (0.6, 0.35), 3),
    (1, 2, 0.80, (0.45, 0.5), 10),
    (5, 9, 0.60, (0.4, 0.6), 12),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A demo that runs, without any store; Ctrl-C ends it as it ends every command."""
    command = [sys.executable, "-c", COMMAND]
    folder = tmp_path_factory.mktemp("demo")
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as demo:
        told = demo.stdout.readline()
        yield re.search(r"http://\S+", told)[0]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(30) == 130


@pytest.fixture
def opened(page, seen, address):
    """The demo's page; it asks its own server alone."""
    page.goto(address)
    page.wait_for_selector(".card")
    yield page
    assert seen.requests
    assert all(request.startswith(address) for request in seen.requests)


def until(page, condition, seconds=20):
    """Wait for a condition; the page's own policy forbids playwright's wait_for_function."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(50)


def draw(page, side, digit, *, height, centre, pen):
    """Draw a digit by moving the mouse, as a hand would."""
    page.evaluate(
        "pen => { const slider = document.getElementById('pen'); slider.value = pen;"
        " slider.dispatchEvent(new Event('input', { bubbles: true })); }",
        pen,
    )
    box = page.locator(f"#{side} .paper canvas").bounding_box()
    for stroke in strokes.placed(digit, height=height, centre=centre):
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def answer(page):
    """Return of each network the digits that it reads, and the side that it says is larger."""
    until(
        page,
        "[...document.querySelectorAll('.card')].every("
        "card => card.querySelectorAll('.read b').length == 2)"
        " && document.getElementById('said').textContent != ''",
    )
    found = {}
    for card in page.locator(".card").all():
        read = tuple(int(text) for text in card.locator(".read b").all_inner_texts())
        side = card.locator(".verdict").inner_text().partition(" ")[0]
        found[card.locator("h3").inner_text()] = (read, side)
    return found


def ask(page, first, second, **how):
    page.click("#clear-both")
    until(page, "document.getElementById('said').textContent == ''")
    draw(page, "first", first, **how)
    draw(page, "second", second, **how)
    return answer(page)


def test_drawn_digits_are_read_and_compared(opened):
    wrong = {network.name: [] for network in shipped_networks()}
    for first, second, height, centre, pen in DRAWINGS:
        found = ask(opened, first, second, height=height, centre=centre, pen=pen)
        assert found.keys() == wrong.keys()
        right = ((first, second), "Left" if first > second else "Right")
        for name in [name for name, said in found.items() if said != right]:
            wrong[name].append((first, second, height, centre, pen, found[name]))
    assert all(len(drawings) <= 1 for drawings in wrong.values()), wrong


def test_a_test_pair_can_be_taken_and_drawn_over(opened):
    opened.click("#random")
    answer(opened)
    assert "It is" in opened.locator("#said").inner_text()
    draw(opened, "first", 3, height=0.7, centre=(0.5, 0.5), pen=8)
    until(opened, "document.querySelector('.read b').textContent == '3'")
    until(opened, "!document.getElementById('said').textContent.includes('It is')")


def test_the_keyboard_is_enough(opened):
    opened.locator("#first .paper canvas").focus()
    opened.keyboard.press("Space")
    for _ in range(15):
        opened.keyboard.press("ArrowDown")
    opened.keyboard.press("Space")
    opened.click("#random")  # a right side; the left one is drawn again
    opened.locator("#first .paper canvas").focus()
    opened.keyboard.press("Delete")
    opened.keyboard.press("Space")
    for _ in range(15):
        opened.keyboard.press("ArrowDown")
    until(opened, "document.querySelector('.read b')?.textContent == '1'")


def test_a_pair_that_comes_late_leaves_what_is_drawn_meanwhile(opened):
    held = []

    def hold(route):
        held.append(route)

    opened.route("**/pair", hold)
    with opened.expect_request("**/pair"):
        opened.click("#random")
    opened.locator("#first .paper canvas").focus()
    opened.keyboard.press("Space")
    opened.keyboard.press("ArrowDown")  # the pen is down
    held.pop().continue_()
    until(opened, "document.querySelector('#second .paper').classList.contains('used')")
    for _ in range(14):
        opened.keyboard.press("ArrowDown")
    until(opened, "document.querySelector('.read b')?.textContent == '1'")
    assert "It is" not in opened.locator("#said").inner_text()


def test_clearing_ends_a_stroke(opened):
    box = opened.locator("#first .paper canvas").bounding_box()
    opened.mouse.move(box["x"] + 50, box["y"] + 50)
    opened.mouse.down()
    opened.keyboard.press("Delete")
    opened.mouse.move(box["x"] + 90, box["y"] + 90)  # an error here fails the fixture
    opened.mouse.up()
    assert not opened.evaluate("document.querySelector('#first .paper').classList.contains('used')")


def test_a_finger_draws_and_does_not_scroll(browser, address):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".card")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    canvas = page.locator("#first .paper canvas")
    assert canvas.evaluate("canvas => getComputedStyle(canvas).touchAction") == "none"
    box = canvas.bounding_box()
    touch = context.new_cdp_session(page)

    def finger(kind, *places):
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
                  for x, y in places]  # fmt: skip
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", (0.5, 0.1))
    for step in range(1, 9):
        finger("touchMove", (0.5, 0.1 + step / 10))
    finger("touchEnd")
    until(page, "document.querySelector('#first .picture').ariaLabel.includes('a digit')")
    assert page.evaluate("scrollY") == 0
    context.close()


def test_the_playground_learns_the_disk(opened):
    opened.click("#tab-disk")
    opened.click("#go")
    until(
        opened,
        "Number(document.getElementById('n-epoch').textContent.replace(',', '')) > 20",
        seconds=90,
    )
    until(opened, "parseFloat(document.getElementById('n-test').textContent) < 5", seconds=90)
    assert opened.locator("#thumbs button").count() == 6
    opened.locator("#thumbs button").nth(4).click()
    assert "round 5" in opened.locator("#map").get_attribute("aria-label")
    opened.click("#go")
    assert opened.locator("#state").inner_text() == "Paused."
    opened.wait_for_timeout(600)
    epoch = opened.locator("#n-epoch").inner_text()
    opened.wait_for_timeout(600)
    assert opened.locator("#n-epoch").inner_text() == epoch


def test_a_step_size_too_large_is_told(opened):
    opened.click("#tab-disk")
    opened.evaluate("document.getElementById('step_size').value = 0.5")
    opened.click("#go")
    until(
        opened,
        "document.getElementById('state').textContent.includes('smaller step size')",
        seconds=60,
    )
    assert opened.locator("#go").inner_text() == "Train"


def test_tabs_are_moved_by_arrow_keys_and_kept_in_the_address(opened):
    opened.focus("#tab-pairs")
    opened.keyboard.press("ArrowRight")
    assert opened.locator("#disk").is_visible()
    assert not opened.locator("#pairs").is_visible()
    assert opened.evaluate("document.activeElement.id") == "tab-disk"
    opened.reload()
    assert opened.locator("#disk").is_visible()


def test_two_settings_duel_as_the_address_says(opened, seen, address):
    def started(link):
        opened.goto(address + link)
        opened.focus("[name='left.width']")
        opened.keyboard.press("Enter")

    opened.set_viewport_size({"width": 390, "height": 844})
    started("?left.activation=relu&right.step_size=0.0001&right.width=7&rounds=8&epochs=3#duel")
    said = opened.locator("#verdict")
    until(opened, "document.getElementById('verdict').textContent.includes('fewer than two')")
    until(opened, "document.getElementById('duel-state').textContent == 'Done.'", seconds=60)
    assert re.match(r"left is better than .*anytime-valid interval.* 8 rounds", said.inner_text())
    assert opened.locator("#left-thumbs canvas").count() == 8
    assert opened.locator("#left-neurons canvas").count() == 0
    opened.focus("#neurons")
    opened.keyboard.press("ArrowDown")
    until(opened, "document.querySelectorAll('#left-neurons canvas').length == 25")
    units = opened.locator("#right-neurons canvas")
    assert len({units.nth(i).evaluate("canvas => canvas.toDataURL()") for i in range(7)}) == 7
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert re.search(r"left.activation=relu&.*right.width=7.*#duel$", opened.url)
    seen.expected = 1  # the browser tells of a status 400
    started("?left.activation=gelu&rounds=2#duel")
    until(opened, "!document.getElementById('trouble').hidden")
    assert "left.activation: expected one of tanh" in opened.locator("#trouble").inner_text()
