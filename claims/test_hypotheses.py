"""Section 2.1: do the hypotheses of the deep linear theorem hold on the data? Exact, nothing trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from claims.catalogue.computed import Computed
from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale
from claims.core.claim import Claim
from claims.core.verdict import Evidence
from claims.evidence.computed.linear import proved
from claims.evidence.linear import hypotheses

SCALED = ("raw", "centred", "standardised", "bias")
"""The ways of preparing the inputs that a practitioner would use."""


def settings(*variants: str) -> pytest.MarkDecorator:
    """A case a data set and preparation; one xdist group a data set, so that one worker forms its moments."""
    return pytest.mark.parametrize(
        "case",
        [
            pytest.param(
                {"name": name, "prepared": prepared},
                id=f"{name}-{prepared}",
                marks=[pytest.mark.xdist_group(f"hypotheses-{name}"), *of_scale(name)],
            )
            for name in exact_sets()
            for prepared in variants
        ],
    )


def proof(
    evidence: Callable[..., Evidence], preparation: str = "", instead: str = ""
) -> Callable[..., Computed]:
    """A proof on the prepared moments, or on another preparation than the setting says; where a prerequisite
    fails, the claim is judged on the inputs prepared as `instead`."""

    def computed(claim: Claim, setting: str, name: str, prepared: str) -> Computed:
        how = {"preparation": preparation or prepared, "instead": f"{name}-{instead}" if instead else ""}
        return Computed(proved, claim, setting, name, {"evidence": evidence, **how})

    return computed


@claim("H1", computes=proof(hypotheses.shape_evidence))
@settings("raw")
def test_labels_have_no_more_dimensions_than_inputs(judge_computed):
    """By comparing two integers."""
    judge_computed()


@claim("H2", computes=proof(hypotheses.gram_rank_evidence))
@settings(*SCALED)
def test_gram_has_full_rank(judge_computed):
    """By the exact rank of X X^T, for each way of preparing the inputs."""
    judge_computed()


@claim("H2", computes=proof(hypotheses.literal_rank_evidence, preparation="raw"))
@settings("literal")
def test_gram_has_full_rank_as_printed(judge_computed):
    """As the paper prints it too, with samples in rows, where X X^T is m by m."""
    judge_computed()


@claim("H3", computes=proof(hypotheses.cross_rank_evidence))
@settings("raw", "centred", "bias")
def test_cross_product_has_full_rank(judge_computed):
    """By the exact rank of X Y^T."""
    judge_computed()


@claim("H4", computes=proof(hypotheses.eigenvalue_evidence, instead="independent"))
@settings("raw", "independent", "centred-independent")
def test_sigma_has_distinct_eigenvalues(judge_computed):
    """Where X X^T can be inverted; where it cannot, the row says which hypothesis failed."""
    judge_computed()


@claim("H5", computes=proof(hypotheses.column_evidence))
@settings("raw", "centred", "bias")
def test_only_collinear_columns_lower_the_rank(judge_computed):
    """By what zero and pairwise collinear columns leave unexplained."""
    judge_computed()


@claim("H6", computes=proof(hypotheses.method_evidence))
@settings("raw", "nonzero", "independent")
def test_det_and_qr_check_the_rank(judge_computed):
    """By the answers of det and QR beside the exact rank, with the cost of each."""
    judge_computed()
