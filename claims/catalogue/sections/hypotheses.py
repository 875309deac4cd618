"""Sections 2.1 and 2.2: the hypotheses of the theorems."""

from __future__ import annotations

from claims.core.claim import Claim, Kind, Topic
from claims.core.margins import DEPENDS, PATH_SAMPLES, PATHS
from claims.core.verdict import Region

__all__ = ["CLAIMS"]

CLAIMS = (
    Claim(
        id="H1",
        statement="The labels have no more dimensions than the inputs: d_y <= d_x",
        place="section 2.1, hypothesis 1 (printed d_u < d_x)",
        kind=Kind.HYPOTHESIS,
        rule="integer comparison of the two shapes",
        region=Region(high=0.0),
        unit="d_y - d_x",
        paper="yes",
        topic=Topic.LINEAR,
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
        topic=Topic.LINEAR,
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
        topic=Topic.LINEAR,
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
        topic=Topic.LINEAR,
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
        topic=Topic.LINEAR,
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
        topic=Topic.LINEAR,
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
        topic=Topic.RELU,
    ),
)
