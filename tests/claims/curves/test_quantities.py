"""The quantities of plots: at the end of a run they are what the claims' evidence estimates there."""

from __future__ import annotations

import numpy as np
import pytest

from claims.catalogue import claim
from claims.curves import quantities
from claims.curves.moments import Moments
from claims.curves.shown import shown
from models.runs.run import Run
from tests.claims.cases import CASES, Case
from tests.claims.planted import descended, planted, plateau

JUDGED = [case for case in CASES if shown(case.id).judged]


def over_time(id: str, *runs: Run) -> np.ndarray:
    quantity: quantities.Quantity = getattr(quantities, shown(id).judged)
    return quantity(Moments.of(runs), runs)


@pytest.mark.parametrize("case", JUDGED, ids=str)
def test_a_quantity_ends_at_what_the_evidence_estimates(case: Case) -> None:
    """Of every planted case: that of E8 where it is highest, all others at the end."""
    runs = case.runs(32)
    found = over_time(case.id, *runs)
    estimate = case.evidence(runs, claim(case.id)).estimate
    assert (found[1:].max() if shown(case.id).highest else found[-1]) == pytest.approx(estimate)


def test_every_function_is_some_claims() -> None:
    """What a claim names is there, and nothing else is."""
    named = {shown(case.id).judged for case in CASES} - {""}
    assert named == set(quantities.__all__) - {"Array", "Quantity"}


def test_the_course_of_a_quantity_is_told_step_by_step() -> None:
    """None at first, all once the loss has fallen, in the second leg here."""
    first = planted(plateau(np.full(8, 0.3), epochs=4))
    found = over_time("E1", descended(first, np.full(8, 0.01)))
    assert found.tolist() == [0.0] * 5 + [1.0] * 4


def test_a_network_without_a_loss_is_near_no_other() -> None:
    """It counts among all networks, and is in no window."""
    losses = plateau(np.full(8, 0.1))
    losses[-1, 0] = np.nan
    run = planted(losses)
    assert over_time("E2", run)[-1] == 7 / 8
    assert over_time("E1", run)[-1] == 0


def test_one_population_has_no_models_to_compare() -> None:
    """Then there is nothing to draw, at any moment."""
    run = planted(plateau(np.full(8, 0.1)), protocol="he")
    for id in ("E8-one", "E10-groups", "E10-merge"):
        assert np.isnan(over_time(id, run)).all()
