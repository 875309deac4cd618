"""Section 2.1: do the hypotheses of the deep linear theorem hold on the data? Exact, nothing trains."""

from __future__ import annotations

import pytest

from claims.catalogue.exact_sets import exact_sets, of_scale
from claims.evidence.linear import hypotheses
from claims.evidence.linear.hypotheses import on_moments, source
from claims.evidence.linear.prerequisites import failed_on

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
def prove(judge, evidence_cache, name, prepared):
    """Judges a hypothesis by a proof on the prepared moments, kept in the store under the data's digest."""

    def proved(claim_id, evidence, *, preparation=prepared, instead=None):
        depends, setting = (
            {"data": source(name).exact_table.digest, "preparation": preparation},
            f"{name}-{prepared}",
        )

        found = evidence_cache.evidence(
            f"{claim_id} {setting}", depends, on_moments, evidence, name, preparation
        )
        broken = (
            evidence_cache.value(
                f"{claim_id} needs {setting}",
                depends,
                failed_on,
                claim_id,
                name,
                preparation,
                name,
                instead=instead,
            )
            if instead
            else []
        )
        return judge(claim_id, found, setting=setting, dataset=name, failed_prerequisites=broken)

    return proved


@settings("raw")
def test_labels_have_no_more_dimensions_than_inputs(prove):
    """H1 is judged by comparing two integers."""
    assert prove("H1", hypotheses.shape_evidence).reason


@settings(*SCALED)
def test_gram_has_full_rank(prove):
    """H2 is judged by the exact rank of X X^T, for each way of preparing the inputs."""
    assert prove("H2", hypotheses.gram_rank_evidence).reason


@settings("literal")
def test_gram_has_full_rank_as_printed(prove):
    """H2 is judged as the paper prints it too, with samples in rows, where X X^T is m by m."""
    assert prove("H2", hypotheses.literal_rank_evidence, preparation="raw").reason


@settings("raw", "centred", "bias")
def test_cross_product_has_full_rank(prove):
    """H3 is judged by the exact rank of X Y^T."""
    assert prove("H3", hypotheses.cross_rank_evidence).reason


@settings("raw", "independent", "centred-independent")
def test_sigma_has_distinct_eigenvalues(prove, name, prepared):
    """H4 is judged where X X^T can be inverted, and says which hypothesis failed where it cannot."""
    verdict = prove(
        "H4",
        hypotheses.eigenvalue_evidence,
        instead=f"{name}-independent",
    )
    assert verdict.reason


@settings("raw", "centred", "bias")
def test_only_collinear_columns_lower_the_rank(prove):
    """H5 is judged by what zero and pairwise collinear columns leave unexplained."""
    assert prove("H5", hypotheses.column_evidence).reason


@settings("raw", "nonzero", "independent")
def test_det_and_qr_check_the_rank(prove):
    """H6 is judged by the answers of det and QR beside the exact rank, with the cost of each."""
    assert prove("H6", hypotheses.method_evidence).reason
