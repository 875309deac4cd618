"""Forest plots: estimates and intervals of a claim against its region."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from claims.core.verdict import Outcome
from reports.figures.forest import forest, linear_below
from reports.records import Row
from tests.reports import page_samples as samples


def planted(**numbers: Any) -> Row:
    return samples.verdict("E1", "mnist-5k-500-he", Outcome.INCONCLUSIVE, **numbers)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if element.tag.endswith("}text")]


def test_a_forest_plot_says_what_it_shows() -> None:
    """Settings, numbers, the margin and the unit as text, and all of it in the description."""
    rows = [planted(estimate=0.17, interval=(0.14, 0.22)), planted(estimate=0.01, interval=(0.0, 0.04))]
    svg = forest(rows, "E1-forest")
    root = ET.fromstring(svg)
    assert root.get("aria-labelledby") == "E1-forest-title E1-forest-desc"
    assert "mnist-5k-500-he: inconclusive, 0.17 [0.14, 0.22] > 0.05" in (root.findtext("{*}desc") or "")
    found = texts(svg)
    assert {"margin 0.05", "mnist-5k-500-he", "0.17 [0.14, 0.22] > 0.05"} <= set(found)
    assert "L/L0 (shaded: where the claim is true)" in found


def test_a_decided_row_that_does_not_survive_has_a_star() -> None:
    """As in the table."""
    assert "0.3 [0.1, 0.5] > 0.05*" in texts(forest([planted(survives=False)], "n"))


def test_open_ends_are_drawn() -> None:
    """An infinite end reaches to the plot's edge, and no coordinate is infinite."""
    svg = forest([planted(estimate=None, interval=(0.1, math.inf))], "n")
    assert not re.search(r"\b(nan|inf)\b", "".join(re.findall(r' d="([^"]*)"', svg)))
    assert "[0.1, inf] > 0.05" in texts(svg)


@pytest.mark.parametrize(
    ("values", "decade"),
    [
        ((0.04, 0.05, 0.3), None),
        ((0.0, 1.0), None),
        ((1e-9, 3.0), 1e-9),
        ((0.04, 2.5e7), 0.01),
        ((-1e6, 1e-3), 1e-3),
        ((1e-30, 1.0), 1e-14),
    ],
    ids=str,
)
def test_wide_ranges_are_logarithmic(values: tuple[float, ...], decade: float | None) -> None:
    """Beyond a factor of forty, from the smallest decade on, and never more than fourteen decades."""
    assert linear_below(values) == (None if decade is None else pytest.approx(decade))
    rows = [planted(estimate=value, interval=(value, value)) for value in values]
    assert any("log scale from" in text for text in texts(forest(rows, "n"))) is (decade is not None)


def test_verdicts_without_numbers_have_no_forest() -> None:
    """Nothing to draw; a single row without numbers among others stays empty."""
    assert forest([planted(estimate=None, interval=None)], "n") == ""
    assert "-" in texts(forest([planted(estimate=None, interval=None), planted()], "n"))
