"""Section 4.2: the same networks with a softmax output."""

from __future__ import annotations

from claims.catalogue.sections.rules import ABOVE_CHANCE_RULE, SETTLED, equal_losses, sigma_effect
from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import HALF_LABELS, HALF_LOSS, MUCH_SLOWER
from claims.core.verdict import Region

__all__ = ["CLAIMS"]

CLAIMS = (
    Claim(
        id="E6",
        statement="With a softmax output convergence is much slower",
        place="section 4.2, figures 5 and 6",
        figures=(5, 6),
        kind=Kind.EMPIRICAL,
        rule=f"median over seeds of minibatch steps to training l = {HALF_LOSS:g}, softmax over linear "
        "output, MSE both; the first four epochs are recorded on a geometric grid of steps, a time lies "
        "between two records or beyond the last; exact bounds from order statistics",
        region=Region(low=MUCH_SLOWER),
        unit="times",
        paper="yes",
        since=2,
        topic=Topic.TRAINED,
    ),
    equal_losses(
        "E7",
        "With a softmax output the models do not reach the same loss",
        "section 4.2, figures 5 and 6",
        (5, 6),
        different=True,
    ),
    sigma_effect(
        "E7-sigma",
        "With a softmax output the loss reached depends on sigma_i",
        "section 4.2, figures 5 and 6",
        (5, 6),
        different=True,
    ),
    Claim(
        id="E8",
        statement="Softmax pairs usually disagree on labels: they agree on at most one half",
        place="section 4.2, figure 7",
        figures=(7,),
        kind=Kind.EMPIRICAL,
        rule="median agreement of disjoint pairs on training labels, at the epoch after the first where it "
        "is highest; exact bounds from order statistics, the lower one at alpha shared among the epochs; "
        + ABOVE_CHANCE_RULE,
        region=Region(high=HALF_LABELS),
        unit="agreement",
        paper="yes",
        since=2,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="E8-one",
        statement="Exactly one of six pairs of softmax models agrees on labels (the paper: 2 and 3)",
        place="section 4.2, figure 7",
        figures=(7,),
        kind=Kind.EMPIRICAL,
        rule="number of the six pairs of models i, j whose median agreement on training "
        f"labels at the end exceeds {HALF_LABELS:g}, over quadruples of one network each; "
        f"exact bounds from order statistics at alpha / 6 each; {SETTLED}; " + ABOVE_CHANCE_RULE,
        region=Region(low=1.0, high=1.0),
        unit="pairs of six",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
)
