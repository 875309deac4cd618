"""Every claim as data: what it says, where the paper says it, and the rule that decides it.

Section 2 is in `claims.theory`, the margins in `claims.margins`; the sections with
experiments (3.1, 4 and 5) are below, and `CATALOGUE` holds all of them.
"""

from __future__ import annotations

from claims.claim import Claim, Convergence, Kind
from claims.margins import A_LOT, A_POINT, EQUAL_LOSS, MUCH_SLOWER, NEAR_ZERO, SAME_LABELS, N
from claims.theory import HYPOTHESES, THEOREMS
from claims.verdict import Region

__all__ = ["CATALOGUE", "Claim", "Convergence", "Kind", "claim"]

_NEAR_ZERO_RULE = (
    "geometric mean over replicates of l = L/L0 (at least 1e-4) after the last epoch, train and test, for "
    "each model i; simultaneous t-intervals (Bonferroni); all must lie at or below the margin"
)
_EQUAL_RULE = (
    "largest difference of mean final training l between two models i, j; TOST with simultaneous Welch "
    "intervals over all pairs"
)


def _reaches_zero(id: str, statement: str, place: str) -> Claim:
    return Claim(
        id=id,
        statement=statement,
        place=place,
        kind=Kind.EMPIRICAL,
        rule=_NEAR_ZERO_RULE,
        region=Region(high=NEAR_ZERO),
        unit="L/L0",
        paper="yes",
        n=N,
        convergence=Convergence.REACHES,
    )


_EMPIRICAL = (
    _reaches_zero(
        "E1", "784-500-10, MSE, linear output: all models reach near zero loss", "section 4.1, figure 1"
    ),
    Claim(
        id="E2",
        statement="ReLU networks with MSE reach equal training loss",
        place="section 4.1, figures 1 and 3",
        kind=Kind.EMPIRICAL,
        rule=_EQUAL_RULE + "; equal when the whole interval is within the margin",
        region=Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        n=N,
        convergence=Convergence.END_STATE,
    ),
    Claim(
        id="E3",
        statement="Models first disagree more on labels, then agree more and more",
        place="section 4.1, figure 2",
        kind=Kind.EMPIRICAL,
        rule="mean pairwise agreement on training labels: it falls over the first tenth of the epochs, rises "
        "from there to the end, and Kendall's tau with the epoch is positive; bootstrap over models, "
        "simultaneous; all three must reach the margin",
        region=Region(low=A_POINT),
        unit="change or tau",
        paper="yes",
        n=N,
        convergence=Convergence.REACHES,
    ),
    _reaches_zero(
        "E4", "784-500-300-10, MSE, linear output: all models reach near zero loss", "section 4.1, figure 3"
    ),
    _reaches_zero("E5", "784-10-10-10 behaves the same, so it is not overfitting", "section 4.1, figure 4"),
    Claim(
        id="E6",
        statement="With a softmax output convergence is much slower",
        place="section 4.2, figures 5 and 6",
        kind=Kind.EMPIRICAL,
        rule="ratio of the geometric mean epochs to l = 0.5, softmax over linear output, MSE both; Welch "
        "interval on the log; models that never get there bound it from one side",
        region=Region(low=MUCH_SLOWER),
        unit="times",
        paper="yes",
        n=2 * N,
    ),
    Claim(
        id="E7",
        statement="With a softmax output the models do not reach the same loss",
        place="section 4.2, figures 5 and 6",
        kind=Kind.EMPIRICAL,
        rule=_EQUAL_RULE + "; different when the whole interval is beyond the margin",
        region=Region(low=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        n=N,
        convergence=Convergence.END_STATE,
    ),
    Claim(
        id="E8",
        statement="Softmax pairs disagree on labels: agreement stays under one half",
        place="section 4.2, figure 7",
        kind=Kind.EMPIRICAL,
        rule="highest mean pairwise agreement between models i != j on training labels over the epochs after "
        "the first; bootstrap over models",
        region=Region(high=0.5),
        unit="agreement",
        paper="yes",
        n=N,
    ),
    _reaches_zero(
        "E9", "Boston, 50 hidden units, linear output: the loss goes to zero", "section 4.4, figure 8"
    ),
    Claim(
        id="E10",
        statement="Binary cross entropy: all models reach the same loss",
        place="section 4.5, figure 9 (caption)",
        kind=Kind.EMPIRICAL,
        rule=_EQUAL_RULE + "; equal when the whole interval is within the margin",
        region=Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        n=N,
        convergence=Convergence.END_STATE,
    ),
    Claim(
        id="E10-groups",
        statement="Binary cross entropy: two groups of models, {0, 1} and {2, 3}",
        place="section 4.5 (text)",
        kind=Kind.EMPIRICAL,
        rule="mean final training l of {0, 1} against {2, 3}, less the larger difference inside a group; "
        "simultaneous Welch intervals; two groups when the whole interval is at or above the margin",
        region=Region(low=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        n=N,
        convergence=Convergence.REACHES,
    ),
    Claim(
        id="E10-merge",
        statement="Binary cross entropy: the two groups merge with more epochs",
        place="section 4.5 (text)",
        kind=Kind.EMPIRICAL,
        rule="gap in mean training l between {0, 1} and {2, 3} at half the epochs less the gap at the end, "
        "paired by replicate, with the sign of the mean; t-interval",
        region=Region(low=EQUAL_LOSS),
        unit="fall of the gap",
        paper="open",
        n=N,
        convergence=Convergence.REACHES,
    ),
    Claim(
        id="N3",
        statement="A ReLU on the output too, as in equation (1), changes no verdict",
        place="section 2.2, equation (1)",
        kind=Kind.EMPIRICAL,
        rule="E1, E2 and E8 judged once more with a ReLU output, beside the same rule with the paper's "
        "output; changed when both are decided and differ, unchanged when both are decided and agree; E8 "
        "with one hidden layer, and with both at the paper's scale",
        region=Region(high=0.0),
        unit="changed verdicts",
        paper="open",
        n=2 * N,
    ),
)

_METRICS = (
    Claim(
        id="M1",
        statement="Count of differing weights and Euclidean distance rank pairs the same way",
        place="section 3.1",
        kind=Kind.METRIC,
        rule="Kendall's tau over pairs between the number of weights differing by more than 0.1 and the "
        "Euclidean distance, at the last epoch, with and without aligning hidden units; bootstrap over "
        "models",
        region=Region(low=0.8),
        unit="tau",
        paper="open",
        n=N,
    ),
    Claim(
        id="M2",
        statement="Two models label a given set of examples identically",
        place="section 3.1, figures 2 and 7",
        kind=Kind.METRIC,
        rule="mean pairwise agreement after the last epoch, train and test; bootstrap over models, "
        "simultaneous",
        region=Region(low=SAME_LABELS),
        unit="agreement",
        paper="ideally",
        n=N,
        convergence=Convergence.REACHES,
    ),
)

_DISCUSSION = (
    Claim(
        id="D1",
        statement="Networks without softmax converge much quicker",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="ratio of the geometric mean epochs to l = 0.1, with softmax over without, for MSE and for "
        "cross entropy; Welch intervals on the log, simultaneous; models that never get there bound it from "
        "one side",
        region=Region(low=MUCH_SLOWER),
        unit="times",
        paper="yes",
        n=4 * N,
    ),
    Claim(
        id="D2",
        statement="Without softmax they always converge to zero: all global minima are 0",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="share of models, all widths together, with final training l at or below 0.05; Clopper-Pearson; "
        "a model still falling, or diverged, counts as a miss in the lower bound and as a hit in the upper",
        region=Region(low=0.9),
        unit="share of models",
        paper="yes",
        n=3 * N,
    ),
    Claim(
        id="D3",
        statement="Equal training loss means equal labels",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="mean agreement on training labels over the pairs whose final training l differs by at most "
        "0.01; bootstrap over models",
        region=Region(low=SAME_LABELS),
        unit="agreement",
        paper="yes",
        n=N,
        convergence=Convergence.END_STATE,
    ),
    Claim(
        id="D4",
        statement="Equal training loss means equal generalisation",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="mean difference in test l over the pairs whose final training l differs by at most 0.01; "
        "bootstrap over models",
        region=Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        n=N,
        convergence=Convergence.END_STATE,
    ),
    Claim(
        id="D5",
        statement="Softmax reduces test accuracy a lot",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="mean test accuracy without softmax less with, MSE both; Welch interval",
        region=Region(low=A_LOT),
        unit="accuracy",
        paper="yes",
        n=2 * N,
        convergence=Convergence.END_STATE,
    ),
    Claim(
        id="D6",
        statement="The choice of the loss changes the landscape",
        place="section 5",
        kind=Kind.DISCUSSION,
        rule="largest difference of mean final training accuracy among MSE, BCE and cross entropy; "
        "simultaneous Welch intervals; different when the whole interval is beyond the margin",
        region=Region(low=A_LOT),
        unit="accuracy",
        paper="yes",
        n=3 * N,
        convergence=Convergence.END_STATE,
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
