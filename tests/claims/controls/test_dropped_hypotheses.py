"""T6 on planted data: what each dropped hypothesis costs, and that an open proof stays open."""

from dataclasses import replace

import pytest
from msgspec import structs

from claims.catalogue import claim
from claims.core.verdict import Evidence, Strength, decide
from claims.evidence.linear.dropped_hypotheses import DROPPED, WRITTEN, survival_evidence
from data import load_synthetic
from models.exact.moments import moments
from models.linear.critical_checks import check_point


def survival(name: str) -> Evidence:
    planted = load_synthetic(name)
    return survival_evidence(
        moments(planted.X, planted.Y), planted.reflection.T.tolist(), DROPPED.get(name, "nothing")
    )


@pytest.mark.parametrize("name", DROPPED)
def test_survival_table(name):
    """Only labels unrelated to the inputs cost a conclusion, and the note names the broken hypotheses."""
    found = survival(name)
    assert (found.estimate, found.proved) == ((0.75, False) if name == "synthetic-unrelated" else (1.0, True))
    assert found.note.startswith(f"without {DROPPED[name]}: T1 yes, T2 yes (")


@pytest.mark.parametrize("name", DROPPED)
def test_a_written_proof_is_cited_and_not_counted(name):
    """T2 rests on words: four conclusions are counted, and what holds at points is no proof."""
    found = survival(name)
    assert (found.n, found.sampling_unit) == (4, "conclusions checked")
    assert found.cites == WRITTEN == "written proof in claims/evidence/linear/dropped_hypotheses.py"
    assert found.strength is (Strength.PROOF if found.proved is False else Strength.POINTS)
    assert "checked exactly at the " in found.note
    verdict = decide(claim("T6"), found, setting="planted", dataset=name)
    assert (verdict.cites, verdict.sampling_unit) == (found.cites, found.sampling_unit)


def test_no_saddles_at_all_keep_t4_and_cost_t5():
    """Labels unrelated to the inputs leave global minima only: T4 has nothing to say of them, and holds."""
    note = survival("synthetic-unrelated").note
    assert "T4 yes (no saddles)" in note
    assert "T5 no (zero weights are a global minimum)" in note


@pytest.mark.parametrize(
    ("name", "open_"),
    [("synthetic-repeated", "curvature_evidence"), ("synthetic-unrelated", "saddle_evidence")],
    ids=["there are saddles", "T3 is open"],
)
def test_t4_needs_no_saddles_and_t3_to_hold_for_want_of_saddles(monkeypatch, name, open_):
    """Without the one or the other, what was found of the saddles stands."""
    from claims.evidence.linear import dropped_hypotheses

    found = getattr(dropped_hypotheses, open_)
    monkeypatch.setattr(dropped_hypotheses, open_, lambda *given: structs.replace(found(*given), proved=None))
    assert "T4 open" in survival(name).note


def test_survival_is_open_while_a_way_down_is_missing(monkeypatch):
    """The written proof of T2 does not cover for a built point that is not proved to descend."""
    monkeypatch.setattr(
        "claims.evidence.linear.points.check_point",
        lambda data, point: replace(check_point(data, point), down=None),
    )
    found = survival("synthetic-repeated")
    assert "T2 open" in found.note
    assert found.proved is None


def test_nothing_dropped_costs_nothing():
    """On the set that meets every hypothesis all five conclusions hold."""
    found = survival("synthetic")
    assert (found.estimate, found.proved) == (1.0, True)


def test_rotated_bases_are_included():
    """A repeated eigenvalue is met in a second basis of its eigenspace: twice the points."""
    assert "T3 yes (152 of 198 points)" in survival("synthetic-repeated").note
    assert "T3 yes (85 of 99 points)" in survival("synthetic-rank-deficient").note
