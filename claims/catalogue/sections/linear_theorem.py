"""Section 2.1: what the deep linear theorem concludes (Kawaguchi 2016, theorem 2.3)."""

from __future__ import annotations

from claims.catalogue.sections.rules import PROVED
from claims.core.claim import Claim, Kind, Topic
from claims.core.margins import FEW, NOT_GLOBAL
from claims.core.verdict import Region

__all__ = ["CLAIMS", "LINEAR_HYPOTHESES"]

LINEAR_HYPOTHESES = ("H1", "H2", "H3", "H4")
"""What theorem 2.3 asks of the data."""

CLAIMS = (
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
        prerequisites=LINEAR_HYPOTHESES,
        topic=Topic.LINEAR,
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
        prerequisites=LINEAR_HYPOTHESES,
        topic=Topic.LINEAR,
        central=True,
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
        prerequisites=LINEAR_HYPOTHESES,
        topic=Topic.LINEAR,
        central=True,
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
        prerequisites=LINEAR_HYPOTHESES,
        topic=Topic.LINEAR,
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
        prerequisites=LINEAR_HYPOTHESES,
        topic=Topic.LINEAR,
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
        topic=Topic.LINEAR,
    ),
)
