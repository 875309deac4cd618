"""Evidence on the hypotheses H1 to H6 of the linear theorem (paper, section 2.1): proofs in integers.

Every function turns the integer moments of a data set (`claims.evidence.linear.preparation`) into `Evidence`
of strength "proof".
"""

from __future__ import annotations

import numpy as np

from claims.core.verdict import Evidence, Strength
from models.exact import collinear, rank_methods, sigma
from models.exact.moments import Moments

__all__ = [
    "column_evidence",
    "cross_rank_evidence",
    "eigenvalue_evidence",
    "gram_rank_evidence",
    "literal_rank_evidence",
    "method_evidence",
    "shape_evidence",
]

UNIT = "data set"
"""What n counts: the statements are about the one matrix, and all of it is looked at."""


def shape_evidence(of: Moments) -> Evidence:
    """H1: d_y - d_x, true when it is not positive."""
    return _proof(of.d_y - of.d_x, of.d_y <= of.d_x, f"d_y = {of.d_y}, d_x = {of.d_x}")


def gram_rank_evidence(of: Moments) -> Evidence:
    """H2: the dimensions missing from X X^T [d_x, d_x]."""
    missing = of.d_x - of.rank
    return _proof(missing, missing == 0, f"rank {of.rank} of {of.d_x}, {of.m} samples")


def literal_rank_evidence(of: Moments) -> Evidence:
    """H2 as printed, with X in R^(m x d_x): X X^T is m by m and its rank is that of X, at most d_x.

    So for m > d_x it cannot be full, whatever the data; the exact rank of X says by how much.
    """
    missing = of.m - of.rank
    bound = f", and never more than d_x = {of.d_x}" if of.m > of.d_x else ""
    return _proof(missing, missing == 0, f"X X^T is {of.m} by {of.m} of rank {of.rank}{bound}")


def cross_rank_evidence(of: Moments) -> Evidence:
    """H3: the dimensions missing from X Y^T [d_x, d_y], whose full rank is the smaller of the two.

    Centred inputs are orthogonal to constants and one-hot labels add up to one, so there the label columns
    of X Y^T add up to zero and one dimension is lost whatever the data.
    """
    full = min(of.d_x, of.d_y)
    missing = full - of.cross_rank
    dependent = "; the label columns of X Y^T add up to zero" if not of.cross.sum(axis=1).any() else ""
    return _proof(missing, missing == 0, f"rank {of.cross_rank} of {full}{dependent}")


def eigenvalue_evidence(of: Moments) -> Evidence:
    """H4: repeated eigenvalues of Sigma, which exists only where H2 holds.

    Where it does not, the evidence is empty and the caller names H2 as the failed prerequisite.
    """
    if of.rank < of.d_x:
        return Evidence(None, None, 1, Strength.PROOF, note="Sigma does not exist", sampling_unit=UNIT)
    repeated = sigma.repeated_eigenvalues(of)
    if repeated is None:
        note = "eigenvalues coincide modulo three primes; too large to settle over the rationals"
        return Evidence(None, None, 1, Strength.PROOF, note=note, sampling_unit=UNIT)
    return _proof(
        repeated, repeated == 0, f"{of.d_y - repeated} distinct eigenvalues of {of.d_y}, d_x = {of.d_x}"
    )


def column_evidence(of: Moments) -> Evidence:
    """H5: the missing rank that constant and pairwise collinear columns leave unexplained.

    They explain what goes away with them: take out every column that is constant over the samples (a zero
    column, a bias) and of every set of columns proportional to one another all but one. What is then missing
    from the rank of the columns left is unexplained. So a, 1 - a, 1 is explained, since a and 1 - a are
    independent; a, 1 - a, b, 1 - b is not, having no constant column and no proportional pair. Where
    nothing is missing the claim holds without content, and the note says so.
    """
    missing = of.d_x - of.rank
    if not missing:
        return _proof(0, True, f"rank {of.rank} of {of.d_x}: nothing is missing, so nothing to explain")
    constant = of.constant_columns
    zero = of.d_x - len(of.nonzero_columns)
    varying = of.restricted(np.setdiff1d(np.arange(of.d_x), constant)) if len(constant) > zero else of
    classes = collinear.column_classes(varying.gram)
    unexplained = classes.distinct - varying.rank
    others = f", {len(constant) - zero} are constant" if len(constant) > zero else ""
    note = (
        f"{missing} of {of.d_x} missing: {zero} columns are zero{others}, {classes.proportional} are "
        f"multiples of another, {unexplained} unexplained"
    )
    return _proof(unexplained, unexplained == 0, note)


def method_evidence(of: Moments) -> Evidence:
    """H6: how many of det and QR get "is X X^T of full rank?" wrong, in float64, beside the exact answer.

    slogdet, SVD and Cholesky are reported beside them and do not count. How long each took is not told: two
    runs on the same data say the same.
    """
    full = of.rank == of.d_x
    answers = rank_methods.check_rank(of.gram, of.scale)
    wrong = sum(not answer.agrees(full) for answer in answers if answer.method in ("det", "QR"))
    parts = [f"exact rank {of.rank} of {of.d_x}"]
    for answer in answers:
        word = "no answer" if answer.full_rank is None else "right" if answer.agrees(full) else "wrong"
        parts.append(f"{answer.method}: {answer.shown}, {word}")
    return _proof(wrong, wrong == 0, "; ".join(parts))


def _proof(estimate: int, proved: bool, note: str) -> Evidence:
    """A proof about one data matrix: no interval, because nothing is uncertain."""
    return Evidence(float(estimate), None, 1, Strength.PROOF, proved=proved, note=note, sampling_unit=UNIT)
