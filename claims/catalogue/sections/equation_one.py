"""Section 2.2, equation (1) read literally: a ReLU on the output too."""

from __future__ import annotations

from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.verdict import Region

__all__ = ["CLAIMS"]

CLAIMS = (
    Claim(
        id="N3",
        statement="A ReLU on the output too, as in equation (1), changes no verdict",
        place="section 2.2, equation (1)",
        kind=Kind.EMPIRICAL,
        rule="E1, E2 and E8 judged once more with a ReLU output, beside the same rule with the paper's "
        "output, each at half of alpha; changed when both are decided and differ, unchanged when both are "
        "decided and agree; E8 with one hidden layer, and with both at the paper's scale",
        region=Region(high=0.0),
        unit="changed verdicts",
        paper="open",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
)
