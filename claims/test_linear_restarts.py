"""Section 2.1, conclusion 2: restarts of deep linear networks against the closed form."""

from __future__ import annotations

import pytest

from claims.catalogue import claim
from claims.catalogue.exact_sets import exact_sets, of_scale, preparations
from claims.core.verdict import Evidence
from claims.evidence.linear import restarts
from claims.evidence.linear.hypotheses import source
from claims.evidence.linear.prerequisites import failed_on

CASES = [(name, prepared) for name in ("synthetic", *exact_sets()) for prepared in preparations(name)]


def setting(name: str, preparation: str) -> str:
    return name if preparation == "raw" else f"{name}-{preparation}"


@pytest.mark.parametrize(
    ("name", "preparation"),
    [
        pytest.param(
            name,
            preparation,
            id=setting(name, preparation),
            marks=[pytest.mark.xdist_group(f"restarts {setting(name, preparation)}"), *of_scale(name)],
        )
        for name, preparation in CASES
    ],
)
def test_every_local_minimum_is_global(judge, evidence_cache, name, preparation):
    """T2 is judged by restarts to second-order stationarity, where the theorem's hypotheses hold."""
    where, alpha = setting(name, preparation), claim("T2").alpha
    depends = {"data": source(name).exact_table.digest, "preparation": preparation, "alpha": alpha}
    broken = evidence_cache.value(
        f"hypotheses of T2 {where}",
        depends,
        failed_on,
        *("T2", name, preparation, where),
        instead=f"{name}-independent",
    )
    found = (
        Evidence(None, None, 0)
        if broken
        else evidence_cache.evidence(f"T2 {where}", depends, restarts.restarted, name, preparation, alpha)
    )
    verdict = judge("T2", found, setting=where, dataset=name, failed_prerequisites=broken)
    assert verdict.n == found.n
