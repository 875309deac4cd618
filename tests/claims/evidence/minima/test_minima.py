"""What is counted as a global minimum, and how far a quadruple's order is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.catalogue import claim
from claims.evidence.minima import scales
from claims.evidence.minima.kinds import WITHIN, global_minima
from models.descent.certificates.certificate import Kind
from tests.claims.planted import altered, descended, planted, plateau


def test_a_global_minimum_is_a_loss_that_none_undercuts():
    """A tenth of near zero, by the bound of the certificate where that is larger than the loss."""
    ends = np.array([0.004, 0.0049, 0.2, 0.2, 0.2, 0.2, 0.0, 0.0])
    kinds = (
        [Kind.FALLING] * 2 + [Kind.LOCAL_MINIMUM, Kind.FLAT, Kind.DEAD, Kind.STATIONARY] + [Kind.GLOBAL] * 2
    )
    run = descended(planted(plateau(np.full(8, 0.2))), ends, kind=kinds)
    assert pytest.approx(0.005) == WITHIN
    assert global_minima(run, claim("E11")).note.startswith(
        "4 of 8 networks within 0.005 of a global minimum, 2 certified above one, 2 open; lowest l 0"
    )
    assert run.second is not None
    bound = run.second.arrays["certificate_l_bound"] + np.array([0, 0.001, 0, 0, 0, 0, 0, 0])
    rounded = replace(run, second=altered(run.second, certificate_l_bound=bound))
    assert global_minima(rounded, claim("E11")).note.startswith("3 of 8")


def test_a_quadruples_tau_is_as_wide_as_its_open_comparisons():
    """Six comparisons make a tau: three of them open with one network, all of them with three."""
    falls = np.array([4.0, 3.0, 2.0, 1.0])
    one, three, tied = falls.copy(), falls.copy(), np.array([4.0, 4.0, 2.0, 1.0])
    one[0], three[:3] = np.nan, np.nan
    low, high = scales._tau_with_rank(np.stack([falls, -falls, one, three, tied], 1))
    assert low == pytest.approx([-1, 1, -1, -1, -5 / 6])
    assert high == pytest.approx([-1, 1, 0, 1, -5 / 6])


def test_a_witness_has_a_loss_lower_by_the_margin():
    """Nearer than that, both may be the least there is; and a network that diverged witnesses nothing."""
    first = planted(plateau(np.full(8, 0.2)))
    ends = np.array([0.2, 0.2045, 0.2055, 0.3, 0.3, 0.3, 0.3, 0.0])
    run = descended(first, ends, kind=Kind.LOCAL_MINIMUM)
    assert global_minima(run, claim("E11")).note.startswith(
        "1 of 8 networks within 0.005 of a global minimum, 7 certified above one, 0 open; lowest l 0;"
    )
    lost = altered(run, diverged_at=np.where(np.arange(8) == 7, 3, -1))
    assert global_minima(lost, claim("E11")).note.startswith(
        "0 of 8 networks within 0.005 of a global minimum, 5 certified above one, 3 open; lowest l 0.2;"
    )


@pytest.mark.parametrize(
    ("ends", "kind", "gap", "known", "open_"),
    [
        (0.0, Kind.GLOBAL, np.nan, 32, 0),
        (0.3, Kind.LOCAL_MINIMUM, np.nan, 0, 0),  # certainly unequal: outside the claim
        (0.3, Kind.FALLING, np.nan, 0, 32),  # may end at 0 as well
        (0.005, Kind.FALLING, np.nan, 0, 32),  # certainly equal, and nobody knows its labels
        (0.02, Kind.LOCAL_MINIMUM, 0.015, 0, 32),  # its minimum may be equal or not
    ],
    ids=["equal", "unequal", "open", "equal but open", "deep"],
)
def test_pairs_whose_losses_may_be_equal_stay_in(ends, kind, gap, known, open_):
    """D7 knows of no accuracy where losses are not certainly equal, and leaves out the certainly unequal."""
    first = [planted(plateau(np.full(32, 0.2)), protocol=protocol) for protocol in ("he", "std")]
    he = descended(first[0], np.zeros(32))
    std = descended(first[1], np.full(32, ends), kind=kind, gap=gap)
    found = scales.scale_changes_accuracy([he, std], claim("D7")).note
    assert f"over {known} pairs of equal loss, {open_} open" in found.split(";")[0]
