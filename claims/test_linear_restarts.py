"""Section 2.1, conclusion 2: restarts of deep linear networks against the closed form."""

from __future__ import annotations

import pytest

from claims import restarts
from claims.catalogue import claim
from claims.hypotheses import prepared
from claims.prerequisites import failed
from claims.verdict import Evidence

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
def test_every_local_minimum_is_global(judge, name, preparation):
    """T2 is judged by restarts to second-order stationarity, where the theorem's hypotheses hold."""
    of, alpha = prepared(name, preparation), claim("T2").alpha
    broken = failed("T2", of, setting(name, preparation), instead=f"{name}-independent")
    if broken:
        found = Evidence(None, None, 0)
    else:
        ends = restarts.run(restarts.cells(of))
        found = restarts.evidence(ends, alpha, restarts.grid_note(of, ends))
    verdict = judge(
        "T2", found, setting=setting(name, preparation), dataset=name, failed_prerequisites=broken
    )
    assert verdict.n == found.n
