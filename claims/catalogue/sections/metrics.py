"""Section 3.1: the paper's own measures of how alike two models are."""

from __future__ import annotations

from claims.catalogue.sections.rules import COUNT, OF_ITS_STEPS, SETTLED
from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import PAIR_SHARE, RANKS_ALIKE, SAME_LABELS
from claims.core.verdict import Region
from models.recorders.weights import WEIGHT_THRESHOLD

__all__ = ["CLAIMS"]

CLAIMS = (
    Claim(
        id="M1",
        statement="Count of differing weights and Euclidean distance rank pairs the same way",
        place="section 3.1",
        kind=Kind.METRIC,
        rule="median over quadruples of networks of Kendall's tau between the number of weights differing "
        f"by more than {WEIGHT_THRESHOLD:g} and the Euclidean distance, over their six pairs at the end; "
        f"exact bounds from order statistics; with the hidden units as they stand and aligned; {SETTLED}",
        region=Region(low=RANKS_ALIKE),
        unit="tau",
        paper="open",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="M2",
        statement="Two models label a given set of examples identically",
        place="section 3.1, figures 2 and 7",
        figures=(2, 7),
        kind=Kind.METRIC,
        rule=f"share of disjoint pairs that agree on {SAME_LABELS:g} of the labels or more at the end, on "
        f"the training and on the test set; {COUNT}; {OF_ITS_STEPS}; true where both shares are "
        f"{PAIR_SHARE:g} or more",
        region=Region(low=PAIR_SHARE),
        unit="share of pairs",
        paper="ideally",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
)
