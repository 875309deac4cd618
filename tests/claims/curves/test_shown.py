"""Which quantity a claim's plot shows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from claims.catalogue import CATALOGUE, Kind, Leg
from claims.curves.shown import shown
from reports.plots.fields import declared

PROVED = (Kind.HYPOTHESIS, Kind.THEOREM)


@pytest.mark.parametrize("id", [id for id, of in CATALOGUE.items() if of.kind not in PROVED])
def test_what_is_shown_is_recorded(id: str) -> None:
    """Each field is one of those that can be drawn, and what is estimated has a name."""
    of = shown(id)
    assert set(of.behind) <= set(declared())
    assert of.name or id in ("D8",)


def test_proofs_show_no_curves() -> None:
    """They are of no training."""
    assert {shown(id).behind for id, of in CATALOGUE.items() if of.kind in PROVED} == {()}


def test_claims_on_the_end_show_their_quantity() -> None:
    """All but those that are of one number at the end, or of a pair of protocols."""
    ends = {id for id, of in CATALOGUE.items() if of.leg is Leg.END and of.kind not in PROVED}
    assert {id for id in ends if not shown(id).judged} <= {"D7", "D8", "D9", "N3"}


def test_a_claim_of_ones_own_shows_its_losses() -> None:
    """It is not in the catalogue, and has a plot all the same."""
    assert shown("X1").behind == ("train_loss",)


def test_nothing_heavy_is_imported_to_ask() -> None:
    """A report that computes nothing needs no arithmetic."""
    code = (
        "import sys, claims.curves.shown; print([n for n in ('numpy', 'scipy', 'torch') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
