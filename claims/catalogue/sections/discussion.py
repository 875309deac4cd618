"""Section 5: what the paper concludes."""

from __future__ import annotations

from claims.catalogue.sections.rules import CERTIFIED, COUNT, EACH, OF_ITS_STEPS, SETTLED, UNRESOLVED
from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import (
    A_LOT,
    EQUAL_LOSS,
    MUCH_SLOWER,
    NEAR_ZERO,
    PAIR_SHARE,
    RISING,
    SAME_LABELS,
    SHARE,
    TENTH_LOSS,
)
from claims.core.verdict import Region

__all__ = ["CLAIMS"]


def equal_losses_mean(id: str, statement: str, what: str, topic: Topic) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="share of disjoint pairs, paired off by training loss so that their final training l "
        f"certainly differ by at most {EQUAL_LOSS:g}, that {what}; {COUNT}; {OF_ITS_STEPS}; true "
        f"where the share is {PAIR_SHARE:g} or more",
        region=Region(low=PAIR_SHARE),
        unit="share of pairs",
        paper="yes",
        silent=("softmax",),
        since=3,
        leg=Leg.END,
        topic=topic,
    )


CLAIMS = (
    Claim(
        id="D1",
        statement="Networks without softmax converge much quicker",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule=f"as E6 to l = {TENTH_LOSS:g}, for squared error and for cross entropy (with softmax against "
        "binary without); both must hold",
        region=Region(low=MUCH_SLOWER),
        unit="times",
        paper="yes",
        since=2,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="D2",
        statement="Without softmax they always converge to zero: all global minima are 0",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule=f"share of networks with final training l at or below {NEAR_ZERO:g}, in the architecture of "
        f"section 4.1 in which it is smallest; {COUNT}, simultaneous; true where the share is {EACH}",
        region=Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
    equal_losses_mean(
        "D3",
        "Equal training loss means equal labels",
        f"agree on {SAME_LABELS:g} of the training labels or more",
        Topic.TRAINED,
    ),
    equal_losses_mean(
        "D4",
        "Equal training loss means equal generalisation",
        f"end with test l within {EQUAL_LOSS:g} of each other",
        Topic.GENERALISATION,
    ),
    Claim(
        id="D5",
        statement="Softmax reduces test accuracy a lot",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="median over seeds of final test accuracy without softmax less with, MSE both; exact bounds "
        f"from order statistics; {UNRESOLVED}; {SETTLED}; {OF_ITS_STEPS}",
        region=Region(low=A_LOT),
        unit="accuracy",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.GENERALISATION,
    ),
    Claim(
        id="D6",
        statement="The choice of the loss changes the landscape",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="share of seeds from which two of MSE, BCE and cross entropy end on different sides, one "
        f"with training l at or below {NEAR_ZERO:g} and the other at rest above, for the two losses where "
        f"it is largest; {COUNT}, simultaneous; changed where the share is {1 - SHARE:g} or more",
        region=Region(low=round(1 - SHARE, 12)),
        unit="share of seeds",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="D7",
        statement="At equal training loss the initial scale changes test accuracy a lot",
        place="the paper's second question; section 5",
        kind=Kind.DISCUSSION,
        rule="largest |median difference of test accuracy| between two protocols, seed by seed, and under "
        "std and var between the models of the smallest and the largest i, by pairs of networks of one "
        f"quadruple; of pairs that both end certified, with training l within {EQUAL_LOSS:g} of each other; "
        f"exact bounds from order statistics, simultaneous; {UNRESOLVED}; {CERTIFIED}; {OF_ITS_STEPS}; "
        f"a lot where it is {A_LOT:g} or more",
        region=Region(low=A_LOT),
        unit="accuracy",
        paper="open",
        since=3,
        leg=Leg.END,
        topic=Topic.GENERALISATION,
    ),
    Claim(
        id="D8",
        statement="The larger the initial scale, the less weights move, relatively",
        place="not in the paper; Chizat, Oyallon & Bach 2019, section 1.1",
        kind=Kind.DISCUSSION,
        rule="median over quadruples of networks, one of each sigma_i, of Kendall's tau between sigma and "
        "how far a network came from its initial weights w0: |w - w0| / |w0|, and the share of hidden "
        "activations on the training set that flipped; the larger of the two, so that both must hold; exact "
        f"bounds from order statistics; {UNRESOLVED}; {CERTIFIED}; {OF_ITS_STEPS}; lazy where it is "
        f"{-RISING:g} or less",
        region=Region(high=-RISING),
        unit="tau",
        paper="open",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="D9",
        statement="Training can end at a minimum with a silent layer (N1's dead units)",
        place="section 2.2: the theorem is applied to what training reaches",
        kind=Kind.DISCUSSION,
        rule="number of networks that a certificate proves to end with a hidden layer silent on all "
        "training samples and no constant output better beyond the certificate's tolerance; one is enough; "
        "none leaves the claim open, with an exact binomial bound on the share by optimiser; a network "
        f"without hidden layers refutes it; {CERTIFIED}",
        region=Region(low=1.0),
        unit="networks",
        paper="no",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
)
