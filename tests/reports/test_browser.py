"""The page in a real browser: the keyboard, links, themes, a phone, print, contrast, axe, silence."""

from __future__ import annotations

import re
import struct
from argparse import Namespace
from collections.abc import Callable
from itertools import pairwise
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from reports.page import screenshot
from tests.reports.browser import SHOWN, ask, eventually

ROOT = Path(__file__).resolve().parents[2]
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])

CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(node).backgroundColor);
      if (r !== undefined && a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  let seen = 0;
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || node.closest("script, style, title, desc, option")) continue;
    if (!node.checkVisibility()) continue;
    const svg = node.namespaceURI.endsWith("svg");
    // Numbers in the cells of a matrix stand on a rectangle, which this walk does not see: a test of its own.
    if (svg && /^0\\.\\d\\d$|^1\\.00$/.test(node.textContent)) continue;
    const style = getComputedStyle(node);
    const [front, back] = [luminance(parse(svg ? style.fill : style.color)), luminance(ground(node))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    seen += 1;
    if (ratio < 4.5) poor.add(`${ratio.toFixed(2)} <${node.tagName} class="${node.getAttribute("class")}"> ${node.textContent.slice(0, 40)}`);
  }
  return { seen, poor: [...poor] };
}"""  # noqa: E501


# -- keys, links, looks -----------------------------------------------------------------


def test_the_keyboard_is_enough(opened: Callable[..., Any]) -> None:
    """From the top: skip to the claims, search, open a claim, sort, switch a figure's protocol, the theme."""
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#claims"
    page.keyboard.press("/")
    page.keyboard.type("H7")
    eventually(page, f"{SHOWN} === 3")
    page.focus("#H7 summary")
    for opens in (True, False):
        page.keyboard.press("Enter" if opens else "Space")
        assert page.evaluate("document.querySelector('#H7 details').open") is opens
    page.locator("#table thead button").nth(4).focus()
    page.keyboard.press("Space")
    assert page.locator("#table thead th").nth(4).get_attribute("aria-sort") == "ascending"
    page.locator("#figure-1 .plot-choices button").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("#figure-1 figure").get_attribute("data-view") == "std: standard deviation i + 2"
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_links_lead_to_their_claims(opened: Callable[..., Any]) -> None:
    """From the table to the opened card and its setting, though a filter had hidden them."""
    page = opened()
    page.locator("#table tbody tr", has_text="E8").first.locator("th a").click()
    eventually(page, "Math.abs(document.getElementById('E8').getBoundingClientRect().top) < 200")
    assert page.evaluate("document.querySelector('#E8 details').open")
    anchor = page.locator("#E2 tbody").first.get_attribute("id")
    ask(page, "H1")
    page.evaluate(f"location.hash = '{anchor}'")
    eventually(page, f"document.getElementById('{anchor}').checkVisibility()")
    assert page.input_value("#filter-text") == ""


def test_the_bar_stays(opened: Callable[..., Any]) -> None:
    """Search and parts of the page are in reach wherever the reader is."""
    for width in (380, 1200):
        page = opened(width=width)
        page.evaluate("scrollTo(0, 9000)")
        assert page.evaluate("document.querySelector('.bar').getBoundingClientRect().top") == 0
        assert page.evaluate("document.querySelector('.bar').offsetHeight") < 110


@pytest.mark.parametrize("width", [380, 1200])
def test_the_bar_says_where_the_reader_is(opened: Callable[..., Any], width: int) -> None:
    """Nowhere at the top, at the end in the last part; else in that whose heading was last passed, upwards,
    downwards, after jumps, and though a search has hidden parts."""
    page = opened(width=width)
    links = "document.querySelectorAll('.bar nav a')"
    parts = page.evaluate(f"Object.fromEntries(Array.from({links}, a => [a.textContent, a.hash]))")
    assert {"Hypotheses", "Empirical", "Figures", "Table", "Provenance"} <= set(parts)

    def goes_to(part: str, beyond: int) -> None:
        """The heading stands so many px above the line that counts, at 160 px of 800."""
        page.evaluate(
            f"""scrollTo({{ behavior: "instant", top: scrollY + {beyond} - 160
                + document.querySelector("{parts[part]}").getBoundingClientRect().top }})"""
        )

    def is_in(part: str | None) -> None:
        current = "document.querySelector('.bar [aria-current]')?.textContent ?? null"
        eventually(page, f"({current}) === {dumps(part)}")
        assert page.locator(".bar [aria-current]").count() == (part is not None)

    is_in(None)
    for before, part in pairwise(parts):
        for beyond in (60, -60, 60):
            goes_to(part, beyond)
            is_in(part if beyond > 0 else before)
    for part in ("Table", "Hypotheses", "Figures"):  # as a click in the table jumps
        goes_to("Empirical", 200)
        goes_to(part, 200)
        goes_to("Empirical", 200)
        is_in("Empirical")
    page.set_viewport_size({"width": width, "height": 4000})  # the last part's heading cannot be passed
    page.evaluate("scrollTo({ behavior: 'instant', top: document.documentElement.scrollHeight })")
    is_in(list(parts)[-1])
    page.set_viewport_size({"width": width, "height": 800})
    ask(page, "E6")
    goes_to("Empirical", 60)
    is_in("Empirical")
    page.evaluate("scrollTo({ behavior: 'instant', top: 0 })")
    is_in(None)


def test_the_theme_is_the_systems_until_it_is_chosen(opened: Callable[..., Any]) -> None:
    """The system's theme first; the reader's choice survives a reload."""
    page = opened(theme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    assert sum(map(int, re.findall(r"\d+", dark))) < 150
    page.get_by_role("button", name="Light theme").click()
    assert sum(map(int, re.findall(r"\d+", page.evaluate(ground)))) > 600
    page.reload()
    assert page.evaluate(ground) != dark
    page.get_by_role("button", name="Dark theme").click()
    assert page.evaluate(ground) == dark


@pytest.mark.parametrize(("theme", "width"), [("light", 380), ("dark", 1200)])
def test_axe_finds_nothing_serious(opened: Callable[..., Any], theme: str, width: int) -> None:
    """The accessibility engine, with all that is folded away unfolded."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is in the dev extra").Axe()
    page = opened(theme=theme, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
    grave = [entry for entry in found if entry["impact"] in ("serious", "critical")]
    assert [(entry["id"], entry["nodes"][0]["html"][:200]) for entry in grave] == []


@THEMES
def test_text_stands_out_from_its_ground(opened: Callable[..., Any], theme: str) -> None:
    """WCAG's ratio of 4.5 for every visible text, in the figures too."""
    page = opened(theme=theme)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = page.evaluate(CONTRAST)
    assert found["seen"] > 1000
    assert found["poor"] == []


@pytest.mark.parametrize("width", [380, 768, 1200])
def test_the_page_never_scrolls_sideways(opened: Callable[..., Any], width: int) -> None:
    """Tables and figures scroll in boxes of their own, on a phone as well, with very long words too."""
    page = opened(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_has_a_name(opened: Callable[..., Any]) -> None:
    """Inputs have labels, images alternatives, boxes that scroll a name, headings an order without gaps."""
    page = opened()
    unnamed = page.evaluate("""() => [
      ...[...document.querySelectorAll("input, select")].filter(e => !e.labels.length),
      ...[...document.querySelectorAll("button")].filter(e => !(e.ariaLabel || e.textContent.trim())),
      ...[...document.querySelectorAll("svg:not([aria-hidden])")].filter(e => e.getAttribute("role") !== "img"
        || !e.getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id).textContent.trim())),
      ...[...document.querySelectorAll("[role=region]")].filter(e => !e.ariaLabel && !e.getAttribute("aria-labelledby")),
      ...[...document.querySelectorAll("a")].filter(e => !e.textContent.trim()),
    ].map(e => e.outerHTML.slice(0, 120))""")  # noqa: E501
    assert unnamed == []
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4, h5')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.locator("html").get_attribute("lang") == "en"


def test_without_scripts_it_is_a_plain_page(opened: Callable[..., Any]) -> None:
    """The whole table, no dead controls, captions and medians in place of curves."""
    page = opened(script=False)
    assert page.locator("#filters").is_hidden()
    assert page.locator("#theme").is_hidden()
    assert page.locator("#table thead button").count() == 0
    assert page.locator("#table tbody tr").last.is_visible()
    assert (
        "Over 4 epochs the training loss falls 100-fold" in page.locator("#figure-1 figcaption").inner_text()
    )
    assert page.locator("#figure-1 button").count() == 0
    page.locator("#figure-1 summary").click()
    assert page.locator("#figure-1 .values td").first.is_visible()


def test_it_prints_what_is_to_be_read_and_no_controls(opened: Callable[..., Any]) -> None:
    """On paper there is nothing to click, dark is light, and cards are as short as they come."""
    page = opened(theme="dark")
    page.emulate_media(media="print")
    for gone in ("#filters", ".bar", "#E6 summary", ".plot-tools", ".scale"):
        assert page.locator(gone).first.is_hidden(), gone
    for there in (".answer", "#E6 .judged", "#figure-1 figure", "#table thead"):
        assert page.locator(there).first.is_visible(), there
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_all_of_it_fits_on_twenty_sheets(opened: Callable[..., Any]) -> None:
    """Every claim of the catalogue, the figures and the table, whose header stands on each of its sheets."""
    page = opened()
    paper = page.pdf()
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) <= 20
    page.emulate_media(media="print")
    repeats = "getComputedStyle(document.querySelector('#table thead')).display"
    assert page.evaluate(repeats) == "table-header-group"
    # A button is a box of its own, and Chromium repeats no header that has one.
    assert page.evaluate("getComputedStyle(document.querySelector('#table th button')).display") == "contents"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_taken(chromium: Any, browsed: Path, tmp_path: Path, scheme: str) -> None:
    """A PNG of the size and in the theme that were asked for, and nothing beside it."""
    del chromium  # skips where there is none
    target = tmp_path / "docs" / "report.png"
    asked = Namespace(folder=browsed.parent, to=target, width=700, height=500, scheme=scheme)
    assert screenshot.run(asked) == 0
    assert target.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", target.read_bytes()[16:24]) == (700, 500)
    assert bool(imread(target)[-1, 1, :3].mean() < 0.5) is (scheme == "dark")
    assert [path.name for path in target.parent.iterdir()] == ["report.png"]


def test_a_folder_without_a_page_has_no_picture(tmp_path: Path) -> None:
    """A usage error that says what writes one."""
    asked = Namespace(folder=tmp_path, to=tmp_path / "x.png", width=1, height=1, scheme="light")
    with pytest.raises(pytest.UsageError, match=r"which has no index\.html, wanted a report's folder"):
        screenshot.run(asked)


def test_numbers_stand_out_in_the_cells_of_a_matrix() -> None:
    """WCAG's ratio of 4.5 on every shade, in the light and the dark theme and on paper."""
    css = (ROOT / "reports" / "templates" / "style.css").read_text(encoding="utf-8")
    themes = re.findall(r"(--shade-0: .*?--cell-high: #[0-9a-f]{6})", css)
    assert len(themes) == 4
    for theme in themes:
        colour = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})", theme))
        for shade in range(6):
            pair = (
                luminance(colour[f"shade-{shade}"]),
                luminance(colour["cell-high" if shade > 2 else "cell-low"]),
            )
            assert (max(pair) + 0.05) / (min(pair) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """WCAG's relative luminance of rrggbb."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_a_missing_browser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one the error says what to install."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    with pytest.raises(pytest.UsageError, match="apt-get install chromium, or name one in"):
        screenshot.program()
