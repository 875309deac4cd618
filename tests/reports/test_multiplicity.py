"""Many rows: which p-values are counted, what survives, and what the report says of it."""

from __future__ import annotations

from typing import Any

import pytest

from reports import files
from reports.records import Multiplicity, Row
from tests.reports.sample_verdicts import row as made

INSIDE, OUTSIDE, ASTRIDE = (0.01, 0.02), (0.1, 0.2), (0.01, 0.2)
PROOF = {"strength": "proof", "estimate": 0.0, "interval": None}


def rows(*pairs: tuple[Any, float | None]) -> list[Row]:
    """E1 with these intervals and p-values."""
    return [made("E1", f"s{i}", interval=at, p_value=p) for i, (at, p) in enumerate(pairs)]


def test_the_adjusted_p_values_are_those_of_the_textbook() -> None:
    """Of 0.01, 0.04, 0.03, 0.005: Benjamini-Hochberg 0.02, 0.04, 0.04, 0.02; Holm 0.03, 0.06, 0.06, 0.02."""
    found = files.corrected(rows((INSIDE, 0.01), (OUTSIDE, 0.04), (INSIDE, 0.03), (OUTSIDE, 0.005)), 0.05)
    assert [row.p_bh for row in found] == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert [row.p_holm for row in found] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [row.survives for row in found] == [True] * 4
    assert [row.stands(0.05) for row in found] == [True, False, False, True]
    assert files.multiplicity(found, 0.05) == Multiplicity(
        method=files.METHOD, alpha=0.05, rows=4, decided=4, surviving_bh=4, surviving_holm=2
    )


def test_undecided_rows_count_towards_the_family() -> None:
    """One decided row among twenty: 0.04 becomes 0.8, it does not survive, and the others have no answer."""
    found = files.corrected(rows((INSIDE, 0.04), *[(ASTRIDE, 0.9)] * 19), 0.05)
    assert found[0].p_holm == pytest.approx(0.8)
    assert [row.survives for row in found] == [False, *[None] * 19]
    assert [row.fell for row in found] == [True, *[False] * 19]
    assert files.multiplicity(found, 0.05).surviving_bh == 0


def test_rows_without_a_p_value_take_no_part() -> None:
    """A proof, a point check, and a claim that is not applicable: no adjusted values, and the others' do not
    change for them. What is not sampled stands all the same."""
    others = [
        made("H2", "a", proved=True, **PROOF),
        made("H2", "b", proved=False, **PROOF | {"strength": "exact at points", "p_value": 0.5}),
        made("E1", "c", failed=["H2 failed"], interval=None, estimate=None),
    ]
    found = files.corrected([*others, *rows((INSIDE, 0.05))], 0.05)
    assert [(row.p_bh, row.p_holm, row.survives) for row in found[:3]] == [(None, None, None)] * 3
    assert (found[3].p_bh, found[3].survives) == (0.05, True)
    assert [row.stands(0.05) for row in found] == [True, True, False, True]
    assert files.multiplicity(found, 0.05).rows == 1


def test_no_rows_are_no_error() -> None:
    """A run of proofs alone, or of nothing."""
    assert files.corrected([], 0.05) == ()
    assert files.multiplicity([], 0.05).rows == 0
