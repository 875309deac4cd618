"""Every claim as data: what it says, where the paper says it, and the rule that decides it.

Margins, n and alpha stand here and nowhere else, fixed before any run; a change
is one line in the diff. Losses are normalised, l = L / L0, with L0 the loss of
the best constant predictor (the label mean), because a raw loss axis hides the
scale the paper's curves start from.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from claims.verdict import Region

__all__ = ["CATALOGUE", "Claim", "Convergence", "Kind", "claim"]

ALPHA = 0.05
"""Error rate of every verdict: simultaneous over the parts of a claim in one setting."""

NEAR_ZERO = 0.05
"""A normalised loss of 0.05: 95 % of what the best constant predictor leaves unexplained is gone."""

NO_LOSS = 1e-4
"""A smaller l counts as this much in a geometric mean: 1e-9 and 1e-12 are both nothing."""

EQUAL_LOSS = 0.01
"""Equivalence margin for losses: one hundredth of the best constant predictor's loss."""

SAME_LABELS = 0.95
"""Two models label a set identically when they agree on at least this fraction of it."""

MUCH_SLOWER = 2.0
""""Much slower", "much quicker": at least twice the epochs."""

A_POINT = 0.01
"""The least change of agreement that counts as one: a percentage point of the samples."""

A_LOT = 0.05
""""A lot": five percentage points of accuracy."""

FEW = 0.01
"""A share of restarts that may end in a minimum that is not global before "every" is called wrong."""

DEPENDS = 0.01
"""A label that explains at most a hundredth of a path activation's variance leaves it independent."""


class Kind(StrEnum):
    HYPOTHESIS = "hypothesis"
    THEOREM = "theorem"
    EMPIRICAL = "empirical"
    METRIC = "metric"
    DISCUSSION = "discussion"
    FUTURE_WORK = "future work"


class Convergence(StrEnum):
    """Which outcomes need an optimiser that has settled.

    END_STATE: the claim is about where training ends, so neither outcome stands without convergence.
    REACHES: reaching the region is enough to support; only "does not reach" needs convergence.
    TRAJECTORY: the claim is about the epochs that were run, or about no training at all.
    """

    END_STATE = "end state"
    REACHES = "reaches"
    TRAJECTORY = "trajectory"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of the paper.

    Attributes:
        id: as in the verdict table, "E1".
        statement: the claim in one line.
        place: where the paper makes it.
        kind: hypothesis, theorem, empirical, metric, discussion or future work.
        rule: the decision rule in words.
        region: the estimates for which the claim is true; its finite edge is the margin.
        unit: what the estimate is measured in.
        paper: the paper's own reading: "yes", "no", "assumed", "open".
        n: independent models asked for, 0 for a proof.
        alpha: error rate of the verdict.
        convergence: which outcomes need a converged optimiser.
        prerequisites: ids of the hypotheses without which the claim says nothing.
    """

    id: str
    statement: str
    place: str
    kind: Kind
    rule: str
    region: Region
    unit: str
    paper: str
    n: int = 0
    alpha: float = ALPHA
    convergence: Convergence = Convergence.TRAJECTORY
    prerequisites: tuple[str, ...] = ()

    def blocked_by_nonconvergence(self, *, supported: bool) -> bool:
        """Whether an unconverged optimiser forbids this outcome."""
        return self.convergence is Convergence.END_STATE or (
            self.convergence is Convergence.REACHES and not supported
        )


PROVED = Region(low=1.0)
"""The region of a claim that proofs decide: the share of checks that came out true is one."""

N = 12
"""Four models i = 0..3 with three replicates each; `--replicates` and `--scale paper` raise it."""

_HYPOTHESES = (
    Claim(
        id="H1",
        statement="The labels have no more dimensions than the inputs: d_y <= d_x",
        place="section 2.1, hypothesis 1 (printed d_u < d_x)",
        kind=Kind.HYPOTHESIS,
        rule="integer comparison of the two shapes",
        region=Region(high=0.0),
        unit="d_y - d_x",
        paper="yes",
    ),
    Claim(
        id="H2",
        statement="X X^T has full rank",
        place="section 2.1, hypothesis 2",
        kind=Kind.HYPOTHESIS,
        rule="exact rank of the integer Gram matrix; true when no dimension is missing",
        region=Region(high=0.0),
        unit="missing rank",
        paper="yes",
    ),
    Claim(
        id="H3",
        statement="X Y^T has full rank",
        place="section 2.1, hypothesis 2",
        kind=Kind.HYPOTHESIS,
        rule="exact rank of the integer cross-product matrix; true when no dimension is missing",
        region=Region(high=0.0),
        unit="missing rank",
        paper="yes",
    ),
    Claim(
        id="H4",
        statement="Sigma = Y X^T (X X^T)^-1 X Y^T has d_y distinct eigenvalues",
        place="left out by the paper; Kawaguchi 2016, theorem 2.3",
        kind=Kind.HYPOTHESIS,
        rule="the characteristic polynomial has no repeated root, by exact arithmetic",
        region=Region(high=0.0),
        unit="repeated roots",
        paper="left out",
        prerequisites=("H2",),
    ),
    Claim(
        id="H5",
        statement="Only collinear or constant columns of X can make X X^T singular",
        place="section 2.1, after the conclusions",
        kind=Kind.HYPOTHESIS,
        rule="missing rank left unexplained after constant columns and collinear pairs are removed; "
        "true when none is",
        region=Region(high=0.0),
        unit="missing rank",
        paper="yes",
    ),
    Claim(
        id="H6",
        statement="det or QR checks the rank of X X^T easily",
        place="section 2.1, after the conclusions",
        kind=Kind.HYPOTHESIS,
        rule="each floating-point method's answer beside the exact rank; true when det and QR both agree "
        "with it",
        region=Region(high=0.0),
        unit="wrong methods",
        paper="yes",
    ),
    Claim(
        id="H7",
        statement="ReLU path activations are independent of the input (A5u-m)",
        place="section 2.2: the hypotheses are called identical; Kawaguchi 2016, section 3.2",
        kind=Kind.HYPOTHESIS,
        rule="share of the variance of a path's activation over the samples that the label explains, mean "
        "over sampled paths, corrected for chance; t-interval over models, before and after training, "
        "simultaneous; both must lie at or below the margin",
        region=Region(high=DEPENDS),
        unit="share of variance",
        paper="assumed",
        n=N,
    ),
)

_LINEAR = ("H1", "H2", "H3", "H4")
"""What theorem 2.3 asks of the data."""

_THEOREMS = (
    Claim(
        id="T1",
        statement="The deep linear loss is neither convex nor concave",
        place="section 2.1, conclusion 1; Kawaguchi 2016, theorem 2.3 (i)",
        kind=Kind.THEOREM,
        rule="rational weights A, B with L((A+B)/2) above the mean of L(A) and L(B), and others with it "
        "below, for 1 to 3 hidden layers; true when both are found at every depth",
        region=PROVED,
        unit="share of witnesses",
        paper="yes",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T2",
        statement="Deep linear networks: every local minimum is global",
        place="section 2.1, conclusion 2; Kawaguchi 2016, theorem 2.3 (ii)",
        kind=Kind.THEOREM,
        rule="share of restarts, among those that reached second-order stationarity, whose loss is above the "
        "closed form 1/2 (tr YY^T - sum of the p largest eigenvalues of Sigma); Clopper-Pearson, where a "
        "restart that did not converge counts as global in the lower bound and as not global in the upper "
        "one; one certified minimum above the closed form refutes",
        region=Region(high=FEW),
        unit="share not global",
        paper="yes",
        n=300,
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T3",
        statement="Every critical point that is not a global minimum is a saddle",
        place="section 2.1, conclusion 3; Kawaguchi 2016, theorem 2.3 (iii)",
        kind=Kind.THEOREM,
        rule="every critical point built from an index set S, |S| <= p, has zero gradient, and each that is "
        "not a global minimum an ascent and a descent direction; share of points for which both are proved",
        region=PROVED,
        unit="share of points",
        paper="yes",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T4",
        statement="rank(W_H ... W_2) = p: a strictly negative Hessian eigenvalue at every saddle",
        place="section 2.1, conclusion 4; Kawaguchi 2016, theorem 2.3 (iv)",
        kind=Kind.THEOREM,
        rule="v^T H v < 0 in exact or ball arithmetic at every saddle built with rank(W_H ... W_2) = p; "
        "share of saddles for which it is proved",
        region=PROVED,
        unit="share of saddles",
        paper="yes",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T5",
        statement="All saddles are strict for one hidden layer, and not all for more",
        place="Kawaguchi 2016, corollary 2.4; not in the paper",
        kind=Kind.THEOREM,
        rule="one hidden layer: v^T H v < 0 at every saddle; two and more: at zero weights every entry of "
        "the Hessian is 0 and a path of higher order descends; share of these checks that are proved",
        region=PROVED,
        unit="share of checks",
        paper="left out",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T6",
        statement="The conclusions T1 to T5 survive without this hypothesis",
        place="section 2.1: the hypotheses are called very flexible",
        kind=Kind.THEOREM,
        rule="T1 to T5 checked once more, exactly, on planted data that break one hypothesis; share of the "
        "conclusions that survive",
        region=PROVED,
        unit="share of conclusions",
        paper="open",
    ),
    Claim(
        id="N1",
        statement="ReLU networks with squared loss: every local minimum is global",
        place="section 1 and 2.2",
        kind=Kind.THEOREM,
        rule="an exact local minimum with exact weights of smaller loss refutes",
        region=PROVED,
        unit="share of minima",
        paper="yes",
    ),
    Claim(
        id="N2",
        statement="Over Bernoulli path activations, the loss is a rescaled deep linear loss",
        place="section 2.2; Kawaguchi 2016, corollary 3.2",
        kind=Kind.THEOREM,
        rule="relative difference from the deep linear loss of weights rescaled by the activation rate: "
        "exact on small networks, by Monte Carlo with an interval on larger ones",
        region=Region(high=0.01),
        unit="relative difference",
        paper="assumed",
    ),
)

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
        "output; changed when both are decided and differ, unchanged when both are decided and agree",
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
    c.id: c for c in (*_HYPOTHESES, *_THEOREMS, *_EMPIRICAL, *_METRICS, *_DISCUSSION)
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
