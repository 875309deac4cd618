"""Section 2.1: do the hypotheses of the deep linear theorem hold on the data? Exact, nothing trains."""

from __future__ import annotations

import pytest

from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale
from claims.evidence.linear import hypotheses
from claims.evidence.linear.preparation import on_moments
from claims.evidence.linear.prerequisites import broken_on, judged_on
from claims.evidence.sources import source

SCALED = ("raw", "centred", "standardised", "bias")
"""The ways of preparing the inputs that a practitioner would use."""


def settings(*variants: str) -> pytest.MarkDecorator:
    """Parametrises by (name, prepared); one xdist group a data set, so that one worker forms its moments."""
    return pytest.mark.parametrize(
        ("name", "prepared"),
        [
            pytest.param(
                name,
                prepared,
                id=f"{name}-{prepared}",
                marks=[pytest.mark.xdist_group(f"hypotheses-{name}"), *of_scale(name)],
            )
            for name in exact_sets()
            for prepared in variants
        ],
    )


@pytest.fixture
def prove(judge, claim, setting, evidence_cache, name, prepared):
    """Judges a hypothesis by a proof on the prepared moments, kept in the store under the data's digest."""

    def proved(evidence, *, preparation=prepared, instead=""):
        depends = {"data": source(name).exact_table.digest, "preparation": preparation}
        failed = broken_on(evidence_cache, claim.prerequisites, name, preparation, shown=name)
        found = evidence_cache.evidence(
            f"{claim.id} {setting}", depends, on_moments, evidence, name, preparation
        )
        judge(judged_on(instead, found) if failed else found, dataset=name, failed=failed)

    return proved


@claim("H1")
@settings("raw")
def test_labels_have_no_more_dimensions_than_inputs(prove):
    """By comparing two integers."""
    prove(hypotheses.shape_evidence)


@claim("H2")
@settings(*SCALED)
def test_gram_has_full_rank(prove):
    """By the exact rank of X X^T, for each way of preparing the inputs."""
    prove(hypotheses.gram_rank_evidence)


@claim("H2")
@settings("literal")
def test_gram_has_full_rank_as_printed(prove):
    """As the paper prints it too, with samples in rows, where X X^T is m by m."""
    prove(hypotheses.literal_rank_evidence, preparation="raw")


@claim("H3")
@settings("raw", "centred", "bias")
def test_cross_product_has_full_rank(prove):
    """By the exact rank of X Y^T."""
    prove(hypotheses.cross_rank_evidence)


@claim("H4")
@settings("raw", "independent", "centred-independent")
def test_sigma_has_distinct_eigenvalues(prove, name):
    """Where X X^T can be inverted; where it cannot, the row says which hypothesis failed."""
    prove(hypotheses.eigenvalue_evidence, instead=f"{name}-independent")


@claim("H5")
@settings("raw", "centred", "bias")
def test_only_collinear_columns_lower_the_rank(prove):
    """By what zero and pairwise collinear columns leave unexplained."""
    prove(hypotheses.column_evidence)


@claim("H6")
@settings("raw", "nonzero", "independent")
def test_det_and_qr_check_the_rank(prove):
    """By the answers of det and QR beside the exact rank, with the cost of each."""
    prove(hypotheses.method_evidence)
