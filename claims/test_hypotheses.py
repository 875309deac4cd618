"""Section 2.1: do the hypotheses of the deep linear theorem hold on the data? Exact, nothing trains."""

from __future__ import annotations

import pytest

from claims import hypotheses
from claims.prerequisites import failed
from data import load

DATASETS = ("mnist-5k", "boston", "mnist")
SCALED = ("raw", "centred", "standardised", "bias")
"""The ways of preparing the inputs that a practitioner would use."""


def settings(*variants: str, datasets: tuple[str, ...] = DATASETS) -> pytest.MarkDecorator:
    """Parametrises by (name, prepared); one xdist group a data set, so that one worker forms its moments."""
    return pytest.mark.parametrize(
        ("name", "prepared"),
        [
            pytest.param(
                name,
                prepared,
                id=f"{name}-{prepared}",
                marks=[pytest.mark.xdist_group(f"hypotheses-{name}")]
                + ([pytest.mark.scale("paper")] if name == "mnist" else []),
            )
            for name in datasets
            for prepared in variants
        ],
    )


@settings("raw")
def test_labels_have_no_more_dimensions_than_inputs(judge, name, prepared):
    """H1 is judged by comparing two integers."""
    evidence = hypotheses.shape_evidence(hypotheses.variant(load(name), prepared))
    assert judge("H1", evidence, setting=f"{name}-{prepared}", dataset=name).reason


@settings(*SCALED)
def test_gram_has_full_rank(judge, name, prepared):
    """H2 is judged by the exact rank of X X^T, for each way of preparing the inputs."""
    evidence = hypotheses.gram_rank_evidence(hypotheses.variant(load(name), prepared))
    assert judge("H2", evidence, setting=f"{name}-{prepared}", dataset=name).reason


@settings("literal")
def test_gram_has_full_rank_as_printed(judge, name, prepared):
    """H2 is judged as the paper prints it too, with samples in rows, where X X^T is m by m."""
    evidence = hypotheses.literal_rank_evidence(hypotheses.variant(load(name), "raw"))
    assert judge("H2", evidence, setting=f"{name}-{prepared}", dataset=name).reason


@settings("raw", "centred", "bias")
def test_cross_product_has_full_rank(judge, name, prepared):
    """H3 is judged by the exact rank of X Y^T."""
    evidence = hypotheses.cross_rank_evidence(hypotheses.variant(load(name), prepared))
    assert judge("H3", evidence, setting=f"{name}-{prepared}", dataset=name).reason


@settings("raw", "independent", "centred-independent")
def test_sigma_has_distinct_eigenvalues(judge, name, prepared):
    """H4 is judged where X X^T can be inverted, and says which hypothesis failed where it cannot."""
    of = hypotheses.variant(load(name), prepared)
    verdict = judge(
        "H4",
        hypotheses.eigenvalue_evidence(of),
        setting=f"{name}-{prepared}",
        dataset=name,
        failed_prerequisites=failed("H4", of, name, instead=f"{name}-independent"),
    )
    assert verdict.reason


@settings("raw", "centred", "bias")
def test_only_collinear_columns_lower_the_rank(judge, name, prepared):
    """H5 is judged by what zero and pairwise collinear columns leave unexplained."""
    evidence = hypotheses.column_evidence(hypotheses.variant(load(name), prepared))
    assert judge("H5", evidence, setting=f"{name}-{prepared}", dataset=name).reason


@settings("raw", "nonzero", "independent")
def test_det_and_qr_check_the_rank(judge, name, prepared):
    """H6 is judged by the answers of det and QR beside the exact rank, with the cost of each."""
    evidence = hypotheses.method_evidence(hypotheses.variant(load(name), prepared))
    assert judge("H6", evidence, setting=f"{name}-{prepared}", dataset=name).reason
