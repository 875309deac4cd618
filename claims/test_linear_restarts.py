"""Section 2.1, conclusion 2: restarts of deep linear networks against the closed form."""

from __future__ import annotations

import pytest

from claims.catalogue.declaration import claim
from claims.catalogue.exact_sets import exact_sets, of_scale, preparations
from claims.core.verdict import Evidence
from claims.evidence.linear import restarts
from claims.evidence.linear.prerequisites import broken_on, judged_on
from claims.evidence.sources import source

CASES = [(name, prepared) for name in ("synthetic", *exact_sets()) for prepared in preparations(name)]


def variant(name: str, preparation: str) -> str:
    return name if preparation == "raw" else f"{name}-{preparation}"


@claim("T2")
@pytest.mark.parametrize(
    ("name", "preparation"),
    [
        pytest.param(
            name,
            preparation,
            id=variant(name, preparation),
            marks=[pytest.mark.xdist_group(f"restarts {variant(name, preparation)}"), *of_scale(name)],
        )
        for name, preparation in CASES
    ],
)
def test_every_local_minimum_is_global(judge, claim, setting, evidence_cache, name, preparation):
    """By restarts to second-order stationarity, where the theorem's hypotheses hold."""
    failed = broken_on(evidence_cache, claim.prerequisites, name, preparation, shown=setting)
    if failed:
        judge(judged_on(f"{name}-independent", Evidence(None, None, 0)), dataset=name, failed=failed)
        return
    depends = {"data": source(name).exact_table.digest, "preparation": preparation, "alpha": claim.alpha}
    found = evidence_cache.evidence(
        f"{claim.id} {setting}", depends, restarts.restarted, name, preparation, claim.alpha
    )
    judge(found, dataset=name)
