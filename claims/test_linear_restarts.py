"""Section 2.1, conclusion 2: restarts of deep linear networks against the closed form."""

from __future__ import annotations

import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence
from claims.evidence.linear import restarts
from claims.evidence.linear.hypotheses import source
from claims.evidence.linear.prerequisites import failed_on

CASES = (
    ("synthetic", "raw"),
    ("boston", "raw"),
    ("mnist-5k", "raw"),
    ("mnist-5k", "pooled-independent"),
    ("mnist-5k", "independent"),
    ("mnist", "raw"),
    ("mnist", "pooled-independent"),
    ("mnist", "independent"),
)


def setting(name: str, preparation: str) -> str:
    return name if preparation == "raw" else f"{name}-{preparation}"


@pytest.mark.parametrize(
    ("name", "preparation"),
    [
        pytest.param(
            name,
            preparation,
            id=setting(name, preparation),
            marks=[pytest.mark.xdist_group(f"restarts {setting(name, preparation)}")]
            + ([pytest.mark.scale("paper")] if name == "mnist" else []),
        )
        for name, preparation in CASES
    ],
)
def test_every_local_minimum_is_global(judge, evidence_cache, name, preparation):
    """T2 is judged by restarts to second-order stationarity, where the theorem's hypotheses hold."""
    where, alpha = setting(name, preparation), claim("T2").alpha
    depends = {"data": source(name).checksum, "preparation": preparation, "alpha": alpha}
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
