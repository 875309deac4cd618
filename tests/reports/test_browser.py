"""The page in a real browser: filters, sorting, links, themes, a phone, the keyboard, contrast, silence."""

from __future__ import annotations

import re
import struct
from argparse import Namespace
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread
from msgspec.structs import replace

from claims.harness.launch.controls import Controls
from reports import screenshot
from reports.page import build
from tests.reports import page_samples as samples

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


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, or a reason to skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the dev extra")
    try:
        program = screenshot.program()
    except pytest.UsageError as missing:
        pytest.skip(str(missing))
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=list(screenshot.ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of every claim, with figures."""
    folder = tmp_path_factory.mktemp("browser") / "cpu"
    folder.mkdir()
    full = samples.full_report(folder / "store")
    first, *rest = full.verdicts
    first = replace(first, reason="W" * 3000, setting="mnist-5k-" + "500-" * 60 + "std")
    full = replace(full, verdicts=(first, *rest))
    for name in ("verdicts.json", "verdicts.csv", "verdicts.md"):
        (folder / name).write_text("{}")
    return build(full, folder, folder / "store", Controls())


@pytest.fixture
def opened(chromium: Any, report: Path) -> Iterator[Callable[..., Any]]:
    """`opened(width=, theme=)` opens the page; at the end it has logged nothing and asked for nothing."""
    contexts, noise = [], []

    def open_page(width: int = 1200, theme: str = "light", script: bool = True) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme=theme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: noise.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: noise.append(f"error: {error}"))
        page.on("request", lambda request: noise.append(request.url) if _leaves(request.url) else None)
        page.goto(report.as_uri())
        return page

    def _leaves(url: str) -> bool:
        return url != report.as_uri() and not url.startswith(("data:", f"{report.as_uri()}#"))

    yield open_page
    for context in contexts:
        context.close()
    assert noise == []


SHOWN = "[...document.querySelectorAll('#table tbody tr')].filter(row => row.checkVisibility()).length"


def rows(page: Any) -> int:
    """How many verdicts the table shows."""
    return page.evaluate(SHOWN)


def eventually(page: Any, condition: str) -> None:
    """Wait for an animation or an event; the page's policy keeps playwright's own wait from working."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def test_filters_narrow_the_table(opened: Callable[..., Any]) -> None:
    """By each column and by words; the count follows, and a reset shows all again."""
    page = opened()
    everything = rows(page)
    page.select_option("#filter-outcome", "refuted")
    refuted = rows(page)
    assert 0 < refuted < everything
    assert set(page.locator("#table tbody tr:visible .chip").all_inner_texts()) == {"▲ refuted"}
    page.select_option("#filter-protocol", "he")
    assert 0 < rows(page) < refuted
    assert page.locator("#shown").inner_text() == f"{rows(page)} of {everything} verdicts"
    page.fill("#filter-text", "no such claim")
    assert rows(page) == 0
    assert page.locator("#none").is_visible()
    page.get_by_role("button", name="Show all").click()
    assert rows(page) == everything
    page.select_option("#filter-kind", "hypothesis")
    page.select_option("#filter-dataset", "mnist-5k")
    page.fill("#filter-text", "FULL rank x")
    assert {text[:2] for text in page.locator("#table tbody tr:visible th").all_inner_texts()} == {"H2", "H3"}


def test_the_counts_at_the_top_filter(opened: Callable[..., Any]) -> None:
    """A click on "refuted" shows the refuted verdicts."""
    page = opened()
    page.locator(".counts .refuted a").click()
    eventually(page, "document.getElementById('filter-outcome').value === 'refuted'")
    assert rows(page) == int(page.locator(".counts .refuted b").inner_text())


@pytest.mark.parametrize("column", ["Estimate [interval] margin", "Setting", "Claim"])
def test_columns_sort_both_ways(opened: Callable[..., Any], column: str) -> None:
    """By number where there are numbers, with the state announced."""
    page = opened()
    head = page.locator("#table thead th", has=page.get_by_role("button", name=column, exact=True))
    assert head.get_attribute("aria-sort") is None
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    index = head.evaluate("cell => cell.cellIndex")
    read = f"""() => [...document.querySelectorAll("#table tbody tr")].map(row => {{
        const cell = row.cells[{index}]; return cell.dataset.sort ?? cell.textContent; }})"""
    up = page.evaluate(read)
    head.get_by_role("button").click()
    down = page.evaluate(read)
    assert (head.get_attribute("aria-sort"), page.locator("[aria-sort]").count()) == ("descending", 1)
    assert up != down
    assert sorted(up) == sorted(down)
    if column != "Setting":
        assert [float(value) for value in up] == sorted(map(float, up))
        assert [float(value) for value in down] == sorted(map(float, up), reverse=True)


def test_the_keyboard_is_enough(opened: Callable[..., Any]) -> None:
    """From the top: skip to the table, filter, sort, switch a figure's protocol, switch the theme."""
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#verdicts"
    page.focus("#filter-text")
    page.keyboard.type("H7")
    eventually(page, f"{SHOWN} === 3")
    page.locator("#table thead button").nth(4).focus()
    page.keyboard.press("Space")
    assert page.locator("#table thead th").nth(4).get_attribute("aria-sort") == "ascending"
    page.focus("#figure-1-tab-1")
    page.keyboard.press("ArrowRight")
    assert page.locator("#figure-1 figure:visible strong").inner_text() == "var."
    page.focus("#theme")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_links_lead_to_their_claims(opened: Callable[..., Any]) -> None:
    """From the table to the section, and into what is folded away."""
    page = opened()
    page.locator("#table tbody tr", has_text="E8").first.locator("th a").click()
    eventually(page, "Math.abs(document.getElementById('E8').getBoundingClientRect().top) < 200")
    anchor = page.locator("details.more article.figure").first.get_attribute("id")
    page.evaluate(f"location.hash = '{anchor}'")
    eventually(page, f"document.getElementById('{anchor}').checkVisibility()")


def test_the_theme_can_be_switched_and_is_kept(opened: Callable[..., Any]) -> None:
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
      ...[...document.querySelectorAll("svg")].filter(e => e.getAttribute("role") !== "img"
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
    """The whole table, no dead controls, figures that still switch."""
    page = opened(script=False)
    assert page.locator("#filters").is_hidden()
    assert page.locator("#theme").is_hidden()
    assert page.locator("#table thead button").count() == 0
    assert page.locator("#table tbody tr").last.is_visible()
    page.locator("#figure-1 label").nth(1).click()
    assert page.locator("#figure-1 figure:visible strong").inner_text() == "var."


def test_it_prints_all_protocols_and_no_controls(opened: Callable[..., Any]) -> None:
    """On paper nothing is folded away, and nothing is there to click."""
    page = opened(theme="dark")
    page.emulate_media(media="print")
    assert page.locator("#filters").is_hidden()
    assert page.locator("#figure-1 figure:visible").count() == 3
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_is_taken(chromium: Any, report: Path, tmp_path: Path, scheme: str) -> None:
    """A PNG of the size and in the theme that were asked for, and nothing beside it."""
    del chromium  # skips where there is none
    target = tmp_path / "docs" / "report.png"
    asked = Namespace(folder=report.parent, to=target, width=700, height=500, scheme=scheme)
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
