"""Section 2 of the paper as data: the hypotheses, the theorems on linear and on ReLU networks."""

from __future__ import annotations

from claims.core.claim import Claim, Kind
from claims.core.margins import DEPENDS, FEW, NOT_GLOBAL, PATH_SAMPLES, PATHS, RESCALED
from claims.core.verdict import Region

__all__ = ["HYPOTHESES", "THEOREMS"]

PROVED = Region(low=1.0)
"""The region of a claim that proofs decide: the share of checks that came out true is one."""

HYPOTHESES = (
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
        rule="constant columns (zero ones and a bias among them) are taken out, and of columns proportional "
        "to one another all but one; rank missing from the columns left is unexplained; true when none is, "
        "by exact ranks",
        region=Region(high=0.0),
        unit="missing rank",
        since=2,
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
        "over sampled paths, corrected for chance; median over networks, exact bounds from order statistics, "
        f"before and after training; both must lie at or below {DEPENDS:g}; {PATHS} paths, at most "
        f"{PATH_SAMPLES} training samples; paths that never vary count as 0",
        region=Region(high=DEPENDS),
        unit="share of variance",
        paper="assumed",
        since=2,
    ),
)

_LINEAR = ("H1", "H2", "H3", "H4")
"""What theorem 2.3 asks of the data."""

THEOREMS = (
    Claim(
        id="T1",
        statement="The deep linear loss is neither convex nor concave",
        place="section 2.1, conclusion 1; Kawaguchi 2016, theorem 2.3 (i)",
        kind=Kind.THEOREM,
        rule="rational weights A, B with L((A+B)/2) above the mean of L(A) and L(B), and others with it "
        "below, for 1 to 3 hidden layers; true when both are found at every depth, which proves it there; "
        "n counts witnesses",
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
        "closed form L* = 1/2 (tr YY^T - sum of the p largest eigenvalues of Sigma) by more than "
        f"{NOT_GLOBAL:g} of L0 - L*, L0 the loss of zero weights; Clopper-Pearson, one-sided at alpha, "
        "where a restart that did "
        "not converge counts as global in the lower bound and as not global in the upper one; one certified "
        "minimum above L* refutes",
        region=Region(high=FEW),
        unit="share not global",
        paper="yes",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T3",
        statement="Every critical point that is not a global minimum is a saddle",
        place="section 2.1, conclusion 3; Kawaguchi 2016, theorem 2.3 (iii)",
        kind=Kind.THEOREM,
        rule="a critical point is built for every index set S, |S| <= p, of the eigenvalues of Sigma; share "
        "of the points with zero gradient and either the least loss L* of the closed form or a descent and "
        "an ascent direction; true when all have them, checked at these points and no others, exactly or in "
        "ball arithmetic; a critical point above L* whose Hessian is definite, by its exact inertia, refutes "
        "by proof; with no point built it stays open",
        region=PROVED,
        unit="share of points",
        since=2,
        paper="yes",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T4",
        statement="rank(W_H ... W_2) = p: a strictly negative Hessian eigenvalue at every saddle",
        place="section 2.1, conclusion 4; Kawaguchi 2016, theorem 2.3 (iv)",
        kind=Kind.THEOREM,
        rule="v^T H v < 0 in exact or ball arithmetic at the saddles built with rank(W_H ... W_2) = p; share "
        "of these saddles for which it is found; true when for all, checked at these points and no others; "
        "one without a negative eigenvalue, by its exact inertia, refutes by proof; with no saddle built it "
        "stays open",
        region=PROVED,
        unit="share of saddles",
        since=2,
        paper="yes",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T5",
        statement="All saddles are strict for one hidden layer, and not all for more",
        place="Kawaguchi 2016, corollary 2.4; not in the paper",
        kind=Kind.THEOREM,
        rule="one hidden layer: v^T H v < 0 at every saddle built, exactly or in ball arithmetic, at these "
        "points and no others; two and three: at zero weights every entry of the Hessian is 0 and a path of "
        "higher order descends, exactly; share of these checks that hold; a saddle of one hidden layer "
        "without a negative eigenvalue, or zero weights that are a global minimum, refutes by proof",
        region=PROVED,
        unit="share of checks",
        since=2,
        paper="left out",
        prerequisites=_LINEAR,
    ),
    Claim(
        id="T6",
        statement="The conclusions T1 to T5 survive without this hypothesis",
        place="section 2.1: the hypotheses are called very flexible",
        kind=Kind.THEOREM,
        rule="T1, T3, T4 and T5 checked once more on planted data that break one hypothesis, exactly at the "
        "points built; share of these four that hold; T2 is cited from a written proof and not counted, but "
        "open while a built point above L* is not seen to descend; one conclusion proved false refutes",
        region=PROVED,
        unit="share of conclusions",
        since=2,
        paper="open",
    ),
    Claim(
        id="N1",
        statement="ReLU networks with squared loss: every local minimum is global",
        place="section 1 and 2.2",
        kind=Kind.THEOREM,
        rule="an exact local minimum with exact weights of smaller loss refutes; labels that one "
        "constant fits exactly support, because the loss is convex in the output layer",
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
        "exact on small networks, by Monte Carlo with a t-interval over batches of draws on larger ones; "
        "two readings: the "
        "expectation inside the square (the corollary's) and of the square; n counts batches of draws",
        region=Region(high=RESCALED),
        unit="relative difference",
        paper="assumed",
    ),
)
