"""Section 4.1: ReLU networks with a linear output and squared error."""

from __future__ import annotations

from claims.catalogue.sections.rules import (
    ABOVE_CHANCE_RULE,
    COUNT,
    EACH,
    both_sides,
    equal_losses,
    sigma_effect,
)
from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import A_POINT, NEAR_ZERO, PAIR_SHARE, RISING, SHARE
from claims.core.verdict import Region

__all__ = ["CLAIMS"]


def same_behaviour(id: str, side: str, beside: str = "") -> Claim:
    """The small network beside the large one, on this side."""
    return Claim(
        id=id,
        statement=f"784-10-10-10 behaves as 784-500-10 on the {side} loss: it is not overfitting",
        place="section 4.1, figure 4",
        figures=(4,),
        kind=Kind.EMPIRICAL,
        rule=f"share of seeds whose two networks both end with {side} l at or below {NEAR_ZERO:g}, or both "
        f"above; {COUNT}; the same behaviour where the share is {EACH}",
        region=Region(low=SHARE),
        unit="share of seeds",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.GENERALISATION if side == "test" else Topic.TRAINED,
        beside=beside,
    )


CLAIMS = (
    *both_sides("E1", "784-500-10, MSE, linear output", "section 4.1, figure 1", (1,)),
    equal_losses(
        "E2", "ReLU networks with MSE reach equal training loss", "section 4.1, figures 1 and 3", (1, 3)
    ),
    sigma_effect(
        "E2-sigma",
        "Networks with MSE reach the same loss whatever sigma_i",
        "section 4.1, figures 1 and 3",
        (1, 3),
    ),
    Claim(
        id="E3",
        statement="Models first disagree more on labels, then agree more and more",
        place="section 4.1, figure 2",
        figures=(2,),
        kind=Kind.EMPIRICAL,
        rule=f"share of disjoint pairs whose agreement on training labels falls by {A_POINT:g} or more "
        "from the start to its minimum, has its minimum in the first half of the training, rises by "
        f"{A_POINT:g} or more from there to the end, with Kendall's tau with the epoch of {RISING:g} or "
        "more; the first four epochs are recorded by minibatch; exact binomial bounds; a pair without that "
        "shape is unresolved while a loss moves, unless it began by agreeing more; true where the share is "
        f"{PAIR_SHARE:g} or more; " + ABOVE_CHANCE_RULE,
        region=Region(low=PAIR_SHARE),
        unit="share of pairs",
        paper="yes",
        since=2,
        topic=Topic.TRAINED,
    ),
    *both_sides("E4", "784-500-300-10, MSE, linear output", "section 4.1, figure 3", (3,)),
    same_behaviour("E5", "training"),
    same_behaviour("E5-test", "test", "E5"),
)
