"""Every claim as data: what it says, where the paper says it, and the rule that decides it.

Section 2 is in `claims.catalogue.theory`, the margins in `claims.core.margins`; the sections with
experiments (3.1, 4 and 5) are below, and `CATALOGUE` holds all of them.
"""

from __future__ import annotations

from claims.catalogue.theory import HYPOTHESES, THEOREMS
from claims.core.claim import Claim, Kind
from claims.core.margins import (
    A_LOT,
    A_POINT,
    ABOVE_CHANCE,
    EQUAL_LOSS,
    HALF_LABELS,
    HALF_LOSS,
    MODEL_SHARE,
    MUCH_SLOWER,
    NEAR_ZERO,
    PAIR_SHARE,
    RANKS_ALIKE,
    RISING,
    SAME_LABELS,
    SHARE,
    TENTH_LOSS,
)
from claims.core.verdict import Region
from models.experiment import WEIGHT_THRESHOLD

__all__ = ["CATALOGUE", "Claim", "Kind", "claim"]

_UNRESOLVED = "one that may still change, or diverged, counts against each bound"
_SETTLED = (
    "an end is where the curve stands, give or take twice what a power law through T/4, T/2 and T leaves"
)
_COUNT = f"exact binomial bounds; {_UNRESOLVED}; {_SETTLED}"
_EACH = f"{SHARE:g} or more, and under std and var {MODEL_SHARE:g} or more for every model i by itself"
_EQUAL_RULE = (
    f"share of networks whose final training l all lie within {EQUAL_LOSS:g} of each other, in the "
    "fullest such window; lower bound by the sample's range (Wilks, union bound over where it begins), upper "
    f"bound by the exact binomial; {_UNRESOLVED}; {_SETTLED}; equal where the share is {SHARE:g} or more"
)
_SIGMA_RULE = (
    "largest |median difference of final training l| between two models i, by pairs of networks of one "
    f"quadruple, all six pairs; exact bounds from order statistics, simultaneous; {_UNRESOLVED}; {_SETTLED}"
)
_CHANCE_RULE = (
    f"applies where half of the networks label the training set better than the largest class by "
    f"{ABOVE_CHANCE:g} or more"
)


def _reaches_zero(id: str, statement: str, place: str, side: str) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        place=place,
        kind=Kind.EMPIRICAL,
        rule=f"share of networks with final {side} l = L/L0 at or below {NEAR_ZERO:g}; {_COUNT}; true "
        f"where the share is {_EACH}",
        region=Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=2,
    )


def _both_sides(id: str, networks: str, place: str) -> tuple[Claim, Claim]:
    """The claim on the training loss, and the figure's lower panel."""
    return (
        _reaches_zero(id, f"{networks}: all models reach near zero training loss", place, "training"),
        _reaches_zero(f"{id}-test", f"{networks}: all models reach near zero test loss", place, "test"),
    )


def _same_behaviour(id: str, side: str) -> Claim:
    return Claim(
        id=id,
        statement=f"784-10-10-10 behaves as 784-500-10 on the {side} loss: it is not overfitting",
        place="section 4.1, figure 4",
        kind=Kind.EMPIRICAL,
        rule=f"share of seeds whose two networks both end with {side} l at or below {NEAR_ZERO:g}, or both "
        f"above; {_COUNT}; the same behaviour where the share is {_EACH}",
        region=Region(low=SHARE),
        unit="share of seeds",
        paper="yes",
        since=2,
    )


def _equal(id: str, statement: str, place: str, *, different: bool = False) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        place=place,
        kind=Kind.EMPIRICAL,
        rule=_EQUAL_RULE + (", different where it is less" if different else ""),
        region=Region(high=SHARE) if different else Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=2,
    )


def _sigma(id: str, statement: str, place: str, *, different: bool = False) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        place=place,
        kind=Kind.EMPIRICAL,
        rule=_SIGMA_RULE
        + (
            f"; an effect where it is {EQUAL_LOSS:g} or more" if different else f"; none up to {EQUAL_LOSS:g}"
        ),
        region=Region(low=EQUAL_LOSS) if different else Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        since=2,
    )


_EMPIRICAL = (
    *_both_sides("E1", "784-500-10, MSE, linear output", "section 4.1, figure 1"),
    _equal("E2", "ReLU networks with MSE reach equal training loss", "section 4.1, figures 1 and 3"),
    _sigma(
        "E2-sigma", "Networks with MSE reach the same loss whatever sigma_i", "section 4.1, figures 1 and 3"
    ),
    Claim(
        id="E3",
        statement="Models first disagree more on labels, then agree more and more",
        place="section 4.1, figure 2",
        kind=Kind.EMPIRICAL,
        rule=f"share of disjoint pairs whose agreement on training labels falls by {A_POINT:g} or more "
        "from the start to its minimum, has its minimum in the first half of the training, rises by "
        f"{A_POINT:g} or more from there to the end, with Kendall's tau with the epoch of {RISING:g} or "
        "more; the first four epochs are recorded by minibatch; exact binomial bounds; a pair without that "
        "shape is unresolved while a loss moves, unless it began by agreeing more; true where the share is "
        f"{PAIR_SHARE:g} or more; " + _CHANCE_RULE,
        region=Region(low=PAIR_SHARE),
        unit="share of pairs",
        paper="yes",
        since=2,
    ),
    *_both_sides("E4", "784-500-300-10, MSE, linear output", "section 4.1, figure 3"),
    _same_behaviour("E5", "training"),
    _same_behaviour("E5-test", "test"),
    Claim(
        id="E6",
        statement="With a softmax output convergence is much slower",
        place="section 4.2, figures 5 and 6",
        kind=Kind.EMPIRICAL,
        rule=f"median over seeds of minibatch steps to training l = {HALF_LOSS:g}, softmax over linear "
        "output, MSE both; the first four epochs are recorded on a geometric grid of steps, a time lies "
        "between two records or beyond the last; exact bounds from order statistics",
        region=Region(low=MUCH_SLOWER),
        unit="times",
        paper="yes",
        since=2,
    ),
    _equal(
        "E7",
        "With a softmax output the models do not reach the same loss",
        "section 4.2, figures 5 and 6",
        different=True,
    ),
    _sigma(
        "E7-sigma",
        "With a softmax output the loss reached depends on sigma_i",
        "section 4.2, figures 5 and 6",
        different=True,
    ),
    Claim(
        id="E8",
        statement="Softmax pairs usually disagree on labels: they agree on at most one half",
        place="section 4.2, figure 7",
        kind=Kind.EMPIRICAL,
        rule="median agreement of disjoint pairs on training labels, at the epoch after the first where it "
        "is highest; exact bounds from order statistics, the lower one at alpha shared among the epochs; "
        + _CHANCE_RULE,
        region=Region(high=HALF_LABELS),
        unit="agreement",
        paper="yes",
        since=2,
    ),
    Claim(
        id="E8-one",
        statement="Exactly one of six pairs of softmax models agrees on labels (the paper: 2 and 3)",
        place="section 4.2, figure 7",
        kind=Kind.EMPIRICAL,
        rule="number of the six pairs of models i, j whose median agreement on training "
        f"labels at the end exceeds {HALF_LABELS:g}, over quadruples of one network each; "
        "exact bounds from order statistics at alpha / 6 each; " + _CHANCE_RULE,
        region=Region(low=1.0, high=1.0),
        unit="pairs of six",
        paper="yes",
        since=2,
    ),
    *_both_sides("E9", "Boston, 50 hidden units, linear output", "section 4.4, figure 8"),
    _equal("E10", "Binary cross entropy: all models reach the same loss", "section 4.5, figure 9 (caption)"),
    _sigma(
        "E10-sigma",
        "Binary cross entropy: the same loss is reached whatever sigma_i",
        "section 4.5, figure 9 (caption)",
    ),
    Claim(
        id="E10-groups",
        statement="Binary cross entropy: two groups of models, {0, 1} and {2, 3}",
        place="section 4.5 (text)",
        kind=Kind.EMPIRICAL,
        rule="median differences of final training l between models i, by pairs of networks of one "
        f"quadruple: both inside the groups within {EQUAL_LOSS:g}, all four across them at or beyond it; "
        f"the least room left to either; exact bounds from order statistics, simultaneous; {_UNRESOLVED}; "
        f"{_SETTLED}",
        region=Region(low=0.0),
        unit="room in L/L0",
        paper="yes",
        since=2,
    ),
    Claim(
        id="E10-merge",
        statement="Binary cross entropy: the two groups merge with more epochs",
        place="section 4.5 (text)",
        kind=Kind.EMPIRICAL,
        rule="applies where the rule of E10-groups finds two groups at half the epochs, and is open where it "
        "neither finds nor excludes them; largest |median difference of final training l| across the groups, "
        "by pairs of networks of one quadruple; exact "
        f"bounds from order statistics, simultaneous; {_UNRESOLVED}; {_SETTLED}",
        region=Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="open",
        since=2,
    ),
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
        since=2,
    ),
)

_METRICS = (
    Claim(
        id="M1",
        statement="Count of differing weights and Euclidean distance rank pairs the same way",
        place="section 3.1",
        kind=Kind.METRIC,
        rule="median over quadruples of networks of Kendall's tau between the number of weights differing "
        f"by more than {WEIGHT_THRESHOLD:g} and the Euclidean distance, over their six pairs at the last "
        "epoch; exact "
        "bounds from order statistics; with the hidden units as they stand and aligned",
        region=Region(low=RANKS_ALIKE),
        unit="tau",
        paper="open",
        since=2,
    ),
    Claim(
        id="M2",
        statement="Two models label a given set of examples identically",
        place="section 3.1, figures 2 and 7",
        kind=Kind.METRIC,
        rule=f"share of disjoint pairs that agree on {SAME_LABELS:g} of the labels or more at the end, on "
        f"the training and on the test set; {_COUNT}; true where both shares are {PAIR_SHARE:g} or more",
        region=Region(low=PAIR_SHARE),
        unit="share of pairs",
        paper="ideally",
        since=2,
    ),
)


def _equal_losses_mean(id: str, statement: str, what: str) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="share of disjoint pairs, paired off by training loss so that their final training l "
        f"certainly differ by at most {EQUAL_LOSS:g}, that {what}; {_COUNT}; true where the share is "
        f"{PAIR_SHARE:g} or more",
        region=Region(low=PAIR_SHARE),
        unit="share of pairs",
        paper="yes",
        silent=("softmax",),
        since=2,
    )


_DISCUSSION = (
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
    ),
    Claim(
        id="D2",
        statement="Without softmax they always converge to zero: all global minima are 0",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule=f"share of networks with final training l at or below {NEAR_ZERO:g}, in the architecture of "
        f"section 4.1 in which it is smallest; {_COUNT}, simultaneous; true where the share is {_EACH}",
        region=Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=2,
    ),
    _equal_losses_mean(
        "D3",
        "Equal training loss means equal labels",
        f"agree on {SAME_LABELS:g} of the training labels or more",
    ),
    _equal_losses_mean(
        "D4",
        "Equal training loss means equal generalisation",
        f"end with test l within {EQUAL_LOSS:g} of each other",
    ),
    Claim(
        id="D5",
        statement="Softmax reduces test accuracy a lot",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="median over seeds of final test accuracy without softmax less with, MSE both; exact bounds "
        f"from order statistics; {_UNRESOLVED}; {_SETTLED}",
        region=Region(low=A_LOT),
        unit="accuracy",
        paper="yes",
        since=2,
    ),
    Claim(
        id="D6",
        statement="The choice of the loss changes the landscape",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="share of seeds from which two of MSE, BCE and cross entropy end on different sides, one "
        f"with training l at or below {NEAR_ZERO:g} and the other at rest above, for the two losses where "
        f"it is largest; {_COUNT}, simultaneous; changed where the share is {1 - SHARE:g} or more",
        region=Region(low=round(1 - SHARE, 12)),
        unit="share of seeds",
        paper="yes",
        since=2,
    ),
)

CATALOGUE: dict[str, Claim] = {
    c.id: c for c in (*HYPOTHESES, *THEOREMS, *_EMPIRICAL, *_METRICS, *_DISCUSSION)
}


def claim(id: str) -> Claim:
    """The claim with this id.

    Raises:
        KeyError: naming the ids that exist.
    """
    try:
        return CATALOGUE[id]
    except KeyError:
        raise KeyError(f"got the claim id {id!r}, wanted one of {', '.join(CATALOGUE)}") from None
