"""Evidence on the hypotheses H1 to H6 of the linear theorem (paper, section 2.1): proofs in integers.

A `Dataset` becomes integer moments once; every function below turns moments into
`Evidence` of strength "proof". The embedded sets are small, so all their samples
are used; of full MNIST, the 60,000 training images, as in the paper.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from claims.core.verdict import Evidence, Strength
from data import SYNTHETIC, Dataset, Planted, load, load_synthetic
from models.exact import collinear, rank_methods, sigma
from models.exact.moments import Moments, moments

__all__ = [
    "VARIANTS",
    "column_evidence",
    "cross_rank_evidence",
    "eigenvalue_evidence",
    "gram_rank_evidence",
    "literal_rank_evidence",
    "method_evidence",
    "of_dataset",
    "prepared",
    "shape_evidence",
    "source",
    "variant",
]

UNIT = "data set"
"""What n counts: the statements are about the one matrix, and all of it is looked at."""

SIDE, BLOCK = 28, 4


def _pooling() -> np.ndarray:
    """[784, 49] of zeros and ones: column k adds up the pixels of the k-th block of 4 by 4."""
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    blocks = SIDE // BLOCK
    return np.eye(blocks * blocks, dtype=np.int64)[row // BLOCK * blocks + column // BLOCK]


VARIANTS: dict[str, Callable[[Moments], Moments]] = {
    "raw": lambda of: of,
    "centred": Moments.centred,
    "standardised": Moments.standardised,
    "bias": Moments.with_bias,
    "nonzero": Moments.nonzero,
    "independent": Moments.independent,
    "pooled": lambda of: of.projected(_pooling()),
}
"""How the inputs are prepared. "nonzero" leaves out columns that are zero in every sample, "independent"
keeps only pivot columns, so that X X^T is regular and the theorem applies to the same row space, "pooled"
projects the digits to 49 numbers by adding up blocks of 4 by 4 pixels. Steps are joined by "-" and taken
from left to right: "centred-independent"."""


def source(name: str) -> Dataset | Planted:
    """The data set or planted set with this name."""
    return load_synthetic(name) if name in SYNTHETIC else load(name)


def prepared(name: str, preparation: str) -> Moments:
    """The moments of the set `name` after the steps in `preparation`."""
    return variant(source(name), preparation)


def on_moments(evidence: Callable[[Moments], Evidence], name: str, preparation: str) -> Evidence:
    """Evidence on the moments of the set `name` after the steps in `preparation`."""
    return evidence(prepared(name, preparation))


@cache
def of_dataset(dataset: Dataset | Planted) -> Moments:
    """The integer moments of what the data set says the exact claims are about."""
    table = dataset.exact_table
    return moments(table.X, table.Y, scale=table.scale)


@cache
def variant(dataset: Dataset | Planted, name: str) -> Moments:
    """The moments after the steps in `name`, computed once a process so that tests share the exact rank.

    Raises:
        ValueError: a step that is not in VARIANTS.
    """
    before, _, step = name.rpartition("-")
    if step not in VARIANTS:
        raise ValueError(f"got the preparation {step!r}, wanted one of {', '.join(VARIANTS)}, joined by '-'")
    return VARIANTS[step](variant(dataset, before) if before else of_dataset(dataset))


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

    slogdet, SVD and Cholesky are reported beside them and do not count. Times are of the run that asked them.
    """
    full = of.rank == of.d_x
    answers = rank_methods.check_rank(of.gram, of.scale)
    wrong = sum(not answer.agrees(full) for answer in answers if answer.method in ("det", "QR"))
    parts = [f"exact rank {of.rank} of {of.d_x} ({of.rank_seconds:.2g} s)"]
    for answer in answers:
        word = "no answer" if answer.full_rank is None else "right" if answer.agrees(full) else "wrong"
        parts.append(f"{answer.method}: {answer.shown}, {word} ({answer.seconds:.2g} s)")
    return _proof(wrong, wrong == 0, "; ".join(parts))


def _proof(estimate: int, proved: bool, note: str) -> Evidence:
    """A proof about one data matrix: no interval, because nothing is uncertain."""
    return Evidence(float(estimate), None, 1, Strength.PROOF, proved=proved, note=note, sampling_unit=UNIT)
