"""Section 4.5: binary cross entropy without a softmax output."""

from __future__ import annotations

from claims.catalogue.sections.rules import SETTLED, UNRESOLVED, equal_losses, sigma_effect
from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import EQUAL_LOSS
from claims.core.verdict import Region

__all__ = ["CLAIMS"]

CLAIMS = (
    equal_losses(
        "E10", "Binary cross entropy: all models reach the same loss", "section 4.5, figure 9 (caption)", (9,)
    ),
    sigma_effect(
        "E10-sigma",
        "Binary cross entropy: the same loss is reached whatever sigma_i",
        "section 4.5, figure 9 (caption)",
        (9,),
    ),
    Claim(
        id="E10-groups",
        statement="Binary cross entropy: two groups of models, {0, 1} and {2, 3}",
        place="section 4.5 (text)",
        figures=(9,),
        kind=Kind.EMPIRICAL,
        rule="median differences of final training l between models i, by pairs of networks of one "
        f"quadruple: both inside the groups within {EQUAL_LOSS:g}, all four across them at or beyond it; "
        f"the least room left to either; exact bounds from order statistics, simultaneous; {UNRESOLVED}; "
        f"{SETTLED}",
        region=Region(low=0.0),
        unit="room in L/L0",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="E10-merge",
        statement="Binary cross entropy: the two groups merge with more epochs",
        place="section 4.5 (text)",
        figures=(9,),
        kind=Kind.EMPIRICAL,
        rule="applies where the rule of E10-groups finds two groups at half the epochs, and is open where it "
        "neither finds nor excludes them; largest |median difference of final training l| across the groups, "
        "by pairs of networks of one quadruple; exact "
        f"bounds from order statistics, simultaneous; {UNRESOLVED}; {SETTLED}",
        region=Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="open",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
)
