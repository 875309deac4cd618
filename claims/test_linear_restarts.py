"""Section 2.1, conclusion 2: restarts of deep linear networks against the closed form."""

from __future__ import annotations

import pytest

from claims.catalogue.computed import Computed
from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale, preparations
from claims.core.claim import Claim
from claims.evidence.computed.linear import restarted

CASES = [(name, prepared) for name in ("synthetic", *exact_sets()) for prepared in preparations(name)]


def variant(name: str, preparation: str) -> str:
    return name if preparation == "raw" else f"{name}-{preparation}"


def restarts(claim: Claim, setting: str, name: str, preparation: str) -> Computed:
    return Computed(restarted, claim, setting, name, {"preparation": preparation})


@claim("T2", computes=restarts)
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            {"name": name, "preparation": preparation},
            id=variant(name, preparation),
            marks=[pytest.mark.xdist_group(f"restarts {variant(name, preparation)}"), *of_scale(name)],
        )
        for name, preparation in CASES
    ],
)
def test_every_local_minimum_is_global(judge_computed):
    """By restarts to second-order stationarity, where the theorem's hypotheses hold."""
    judge_computed()
