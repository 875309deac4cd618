"""Search, filters and order of the page in a real browser, and the address that keeps them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.reports.browser import ask, claims, eventually, rows

# -- search, filters, order -------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("E1", ["E1"]),
        ("e10", ["E10"]),
        ("E1 E10-groups", ["E1", "E10-groups"]),
        ("E1 he", ["E1"]),
        ("E99", []),
        ("does softmax converge slower", ["E6", "D1"]),
        ("slower softmax", ["E6", "D1"]),
        ("Are networks with softmax any faster?", ["E6", "D1"]),
        ("the saddles are strict", ["T4", "T5"]),
        ("figure 2", ["E3", "M2"]),
        ("agree in fig. 2", ["E3", "M2"]),
        ("no such words at all zzz", []),
        ("cross-entropy boundaries", ["E10", "E10-sigma", "E10-groups", "E10-merge", "D1", "D6"]),
    ],
)
def test_a_search_finds_claims(opened: Callable[..., Any], words: str, expected: list[str]) -> None:
    """Ids exactly, words in any order and form, words that mean the same; idle words are passed over."""
    assert ask(opened(), words) == expected


def test_what_a_cell_holds_is_found(opened: Callable[..., Any]) -> None:
    """A setting as it is printed, and the word for how a verdict is known."""
    page = opened()
    cells = page.eval_on_selector_all(
        "#table tbody tr", "rows => rows.map(row => [1, 2, 6].map(k => row.cells[k].textContent.trim()))"
    )
    assert cells
    holding: dict[str, set[str]] = {}
    for claim, *words in cells:
        for one in words:
            holding.setdefault(one, set()).add(claim)
    for word, holders in holding.items():
        assert holders <= set(ask(page, word))


def test_a_search_without_an_answer_says_what_is_near(opened: Callable[..., Any]) -> None:
    """Where no claim has all words, those that have the most are shown, and it is said."""
    page = opened()
    assert "E6" in ask(page, "does softmax converge slower on zebras")
    assert page.locator("#none").inner_text() == (
        "No claim has all of these words; shown are those with 3 of the 4."
    )
    assert ask(page, "zebras") == []
    assert page.locator("#none").inner_text() == "No claim passes this search and these filters."
    ask(page, "softmax")
    assert page.locator("#none").is_hidden()


def test_a_question_is_answered_in_sight(opened: Callable[..., Any]) -> None:
    """From opening the page: the key for the search, the words, and the claim's verdict and plot are on the
    screen; Enter opens the claim."""
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("does softmax converge slower")
    inside = """(() => { const box = document.querySelector('#E6 .judged').getBoundingClientRect();
        return box.top > 50 && box.bottom < innerHeight; })()"""
    assert page.evaluate(inside)
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#E6 details').open")
    eventually(page, inside)
    page.keyboard.press("Escape")
    assert page.input_value("#filter-text") == ""
    assert len(claims(page)) > 40


def test_filters_narrow_the_claims(opened: Callable[..., Any]) -> None:
    """By verdict, protocol, kind and data set, in the cards and in the table; a reset shows all again."""
    page = opened()
    everything = rows(page)
    page.select_option("#filter-outcome", "refuted")
    refuted = rows(page)
    assert 0 < refuted < everything
    assert set(page.locator("#table tbody tr:visible .chip").all_inner_texts()) == {"▲ refuted"}
    page.select_option("#filter-protocol", "he")
    assert 0 < rows(page) < refuted
    shown, of = len(claims(page)), page.locator(".claim").count()
    said = f"{shown} of {of} claims, {rows(page)} of {everything} verdicts"
    assert page.locator("#shown").inner_text() == said
    id = claims(page)[0]
    page.locator(f"#{id} summary").click()
    assert page.locator(f"#{id} .settings tbody:visible").count() == 1
    ask(page, "no such claim zzz")
    assert rows(page) == 0
    assert page.locator("#none").is_visible()
    page.get_by_role("button", name="Show all").click()
    assert rows(page) == everything


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


# -- the address ------------------------------------------------------------------------

SEEN = """() => ({
  q: document.getElementById('filter-text').value,
  outcome: document.getElementById('filter-outcome').value,
  protocol: document.getElementById('filter-protocol').value,
  sort: [...document.querySelectorAll('[aria-sort]')].map(h => h.dataset.key + ' ' + h.ariaSort).join(),
  tabs: [...document.querySelectorAll('[data-plot]')].map(p => p.dataset.view || '').join(''),
  theme: getComputedStyle(document.documentElement).colorScheme,
  rows: [...document.querySelectorAll('#table tbody tr:not([hidden])')].map(row => row.dataset.row).join(),
})"""


def test_the_address_keeps_what_was_chosen(opened: Callable[..., Any]) -> None:
    """Search, filters, order, tab and theme: a reload and the address in another window show the same."""
    page = opened()
    before = page.evaluate(SEEN)
    page.locator("#figure-1 .plot-choices button").nth(1).click()
    page.get_by_role("button", name="Dark theme").click()
    page.get_by_role("button", name="p", exact=True).click()
    page.get_by_role("button", name="p", exact=True).click()
    page.select_option("#filter-outcome", "refuted")
    page.select_option("#filter-protocol", "he")
    ask(page, "loss equal")
    chosen = page.evaluate(SEEN)
    assert chosen == before | {
        **{"q": "loss equal", "outcome": "refuted", "protocol": "he", "sort": "p descending"},
        **{"tabs": "std: standard deviation i + 2", "theme": "dark", "rows": chosen["rows"]},
    }
    assert 0 < chosen["rows"].count(",") < before["rows"].count(",")
    address = page.url
    page.reload()
    assert page.evaluate(SEEN) == chosen
    other = opened()
    other.goto(address)
    assert other.evaluate(SEEN) == chosen


def test_the_back_button_takes_back_what_was_chosen(opened: Callable[..., Any]) -> None:
    """A step a choice; typing a word is one step, and so is a link."""
    page = opened()
    start = page.evaluate(SEEN)
    page.select_option("#filter-outcome", "refuted")
    filtered = page.evaluate(SEEN)
    page.focus("#filter-text")
    page.keyboard.type("softmax")
    typed = page.evaluate(SEEN)
    page.locator("#table thead button").nth(1).click()
    page.locator(".bar nav a", has_text="Figures").click()
    for expected in (typed | {"sort": "claim ascending"}, typed, filtered, start):
        page.go_back()
        text = json.dumps(json.dumps(expected, separators=(",", ":")))
        eventually(page, f"JSON.stringify(({SEEN})()) === {text}")
    page.go_forward()
    assert page.evaluate(SEEN) == filtered
