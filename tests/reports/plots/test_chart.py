"""What the page's script draws: values by pointer and by keys, zoom, scales, choices; on a phone too."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.reports.browser import eventually

CHART = "#figure-1 .panel"
TIP = (
    "(() => { const tip = document.querySelector('.tip:not([hidden])'); return tip ? tip.innerText : ''; })()"
)
SAID = "document.querySelector('#figure-1 [aria-live]').textContent"
TICKS = """[...document.querySelectorAll('#figure-1 .panel')[{}].querySelectorAll('text.{}')].map(
    t => t.textContent)"""


def ticks(page: Any, panel: int) -> list[str]:
    """The numbers on the upright axis of a panel of figure 1."""
    return page.evaluate(TICKS.format(panel, "end"))


def epochs(page: Any) -> list[str]:
    """The numbers below the first panel of figure 1."""
    return page.evaluate(TICKS.format(0, "middle:not(.muted)"))


def stage(page: Any, panel: int = 0) -> dict[str, float]:
    """Where a panel's drawing is on the screen."""
    page.locator("#figure-1 .stage").nth(panel).scroll_into_view_if_needed()
    return page.locator("#figure-1 .stage").nth(panel).bounding_box()


def test_the_pointer_reads_values_and_names(opened: Callable[..., Any]) -> None:
    """The moment, and each line with its range; nothing once it has left."""
    page = opened()
    page.locator("#figure-1 .plot-choices button").nth(1).click()
    box = stage(page)
    page.mouse.move(box["x"] + box["width"] - 16, box["y"] + 80)
    said = page.evaluate(TIP)
    assert said.startswith("epoch 4, least to greatest of 2 networks\nmodel 0: 9570 (9000 to 10100)\n")
    assert said.count("\nmodel ") == 4
    page.mouse.move(5, 5)
    assert page.evaluate(TIP) == ""


def test_keys_read_what_the_pointer_reads(opened: Callable[..., Any]) -> None:
    """Along the points, to the ends, line by line; each is said aloud."""
    page = opened()
    page.locator("#figure-1 .plot-choices button").nth(1).click()
    page.locator(CHART).first.focus()
    page.keyboard.press("Home")
    assert page.evaluate(SAID).startswith("epoch 0, least to greatest of 2 networks. model 0: 9.57e5 (")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(SAID).startswith("minibatch 1, least to greatest of 2 networks. model 0: ")
    page.keyboard.press("End")
    assert page.evaluate(SAID).count("model") == 4
    page.keyboard.press("ArrowDown")
    assert page.evaluate(SAID).startswith("epoch 4, least to greatest of 2 networks. model 0: ")
    assert page.evaluate(SAID).count("model") == 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate(SAID).startswith("epoch 4, least to greatest of 2 networks. model 1: ")
    page.keyboard.press("Tab")
    assert page.evaluate(TIP) == ""


@pytest.mark.parametrize("how", ["drag", "wheel", "keys", "buttons"])
def test_a_plot_can_be_looked_at_closer(opened: Callable[..., Any], how: str) -> None:
    """By dragging, by the wheel with Ctrl, by keys and by buttons; and all of it again."""
    page = opened()
    box, before = stage(page), epochs(page)
    assert page.locator("#figure-1 .reset").is_disabled()
    left, top = box["x"] + box["width"] / 2, box["y"] + 60
    if how == "drag":
        page.mouse.move(left, top)
        page.mouse.down()
        page.mouse.move(left + 60, top + 4, steps=3)
        page.mouse.up()
    elif how == "wheel":
        page.mouse.move(left, top)
        page.mouse.wheel(0, -200)
        assert epochs(page) == before
        box = stage(page)
        page.mouse.move(left, box["y"] + 60)
        page.keyboard.down("Control")
        for _ in range(6):
            page.mouse.wheel(0, -100)
        page.keyboard.up("Control")
        eventually(page, "!document.querySelector('#figure-1 .reset').disabled")
    elif how == "keys":
        page.locator("#figure-1 .plot-choices button").nth(1).click()
        before = epochs(page)
        page.locator(CHART).first.focus()
        for _ in range(4):
            page.keyboard.press("+")
        closer = epochs(page)
        page.keyboard.press("Shift+ArrowRight")
        assert epochs(page) != closer
    else:
        for _ in range(3):
            page.locator("#figure-1 .plot-tools button").first.click()
    assert epochs(page) != before
    assert not page.locator("#figure-1 .reset").is_disabled()
    if how == "keys":
        page.keyboard.press("0")
    else:
        page.locator("#figure-1 .reset").click()
    assert epochs(page) == before


def test_an_axis_is_linear_or_logarithmic(opened: Callable[..., Any]) -> None:
    """By its button and by the key l, each panel for itself."""
    page = opened()
    first, second = ticks(page, 0), ticks(page, 1)
    assert "0" in first
    assert "0" not in second
    page.locator("#figure-1 .scale").first.click()
    assert "0" not in ticks(page, 0)
    assert ticks(page, 1) == second
    page.locator(CHART).first.focus()
    page.keyboard.press("l")
    assert ticks(page, 0) == first


def test_intervals_have_caps_and_ranges_are_bands(opened: Callable[..., Any]) -> None:
    """A claim's interval, an open end with an arrow; the final shares of pairs, which are no interval."""
    page = opened()
    found = page.evaluate("""() => {
      const count = (where, what) => document.querySelectorAll(`${where} ${what}`).length;
      return ["#E1", "#figure-2"].map(w => [".interval", ".cap", ".open", ".range"].map(c => count(w, c)));
    }""")
    (intervals, closed, open_, ranges), paper = found
    assert intervals > 0
    assert closed > 0
    assert open_ > 0
    assert ranges == 0
    assert paper[:3] == [0, 0, 0]
    assert paper[3] == 2
    assert "least to greatest" in page.locator("#figure-2").inner_text()


def test_a_choice_is_shown_and_kept_in_the_address(opened: Callable[..., Any]) -> None:
    """With its caption; the first choice leaves no trace there."""
    page = opened()
    choices = page.locator("#figure-1 .plot-choices button")
    choices.nth(2).click()
    assert "tab=figure-1" in page.url
    assert choices.nth(2).get_attribute("aria-pressed") == "true"
    page.go_back()
    eventually(page, "document.querySelector('#figure-1 [aria-pressed=true]').textContent.startsWith('he')")
    choices.nth(2).click()
    choices.nth(0).click()
    assert "tab" not in page.url


def test_a_closed_card_shows_one_curve_and_its_interval(opened: Callable[..., Any]) -> None:
    """What the quantity is computed from is shown once the card is opened."""
    page = opened()
    shown = """(id) => [...document.querySelectorAll(`${id} > .plot .panel`)].filter(
        p => p.checkVisibility()).map(p => p.classList.contains('lines') ? 'curve' : 'interval')"""
    assert page.evaluate(shown, "#E6") == ["curve", "interval"]
    assert page.evaluate(shown, "#E2") == ["curve"]
    page.locator("#E2 summary").first.click()
    eventually(page, f"({shown})('#E2').length === 2")


def test_what_is_folded_away_is_drawn_when_it_is_seen(opened: Callable[..., Any]) -> None:
    """Not before: a page has many plots."""
    page = opened()
    drawn = "document.querySelector('[data-plot=E1-intervals]').classList.contains('drawn')"
    assert not page.evaluate(drawn)
    page.locator("#E1 summary").first.click()
    eventually(page, drawn)


def test_no_plot_is_wider_than_a_phone(opened: Callable[..., Any]) -> None:
    """Nor than its card, at any width; drawn again when that changes."""
    page = opened(width=380)
    wide = """[...document.querySelectorAll('.panel')].filter(p => p.checkVisibility()
        && p.getBoundingClientRect().right > innerWidth).length"""
    assert page.evaluate(wide) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 380
    cut = """[...document.querySelectorAll('.stage svg text')].filter(t => t.checkVisibility()
        && (t.getBoundingClientRect().left < -1 || t.getBoundingClientRect().right > innerWidth + 1)).map(
        t => t.textContent)"""
    assert page.evaluate(cut) == []
    page.set_viewport_size({"width": 1200, "height": 800})
    eventually(page, "document.querySelector('#figure-1 .stage').clientWidth > 200")
    eventually(page, "document.querySelectorAll('#figure-1 .panel')[1].offsetLeft > 300")


def test_a_plot_is_saved_as_svg(opened: Callable[..., Any], tmp_path: Path) -> None:
    """Well-formed, with its own colours and the titles of its panels, and nothing that acts."""
    page = opened()
    with page.expect_download() as saved:
        page.locator("#figure-1 .plot-tools button").last.click()
    assert saved.value.suggested_filename == "figure-1.svg"
    saved.value.save_as(tmp_path / "figure-1.svg")
    root = ET.parse(tmp_path / "figure-1.svg").getroot()
    text = (tmp_path / "figure-1.svg").read_text(encoding="utf-8")
    assert "Training loss over L0, log axis" in {node.text for node in root.findall(".//{*}text")}
    assert "var(--" not in text
    assert "script" not in text


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_are_told_apart_without_colour(opened: Callable[..., Any], theme: str) -> None:
    """Each has a dash of its own, and its colour follows the theme."""
    page = opened(theme=theme)
    page.locator("#figure-1 .plot-choices button").nth(1).click()
    lines = page.evaluate("""[...document.querySelectorAll('#figure-1 .panel:first-child .stage .line')].map(
        l => [l.getAttribute('stroke-dasharray') || '', getComputedStyle(l).stroke])""")
    assert len({dash for dash, _ in lines}) == len({colour for _, colour in lines}) == 4
    assert (lines[0][1] == "rgb(0, 114, 178)") == (theme == "light")
