"""Verdicts written down as JSON, of claims planted here, so that no test hangs on the catalogue's margins."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claims.catalogue import CATALOGUE

__all__ = ["PLANTED", "Said", "plain"]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a verdict says of its claim."""

    statement: str
    place: str
    kind: str
    rule: str
    region: str
    unit: str
    paper: str = "yes"
    rule_since: int = 2


_ZERO = "share of networks whose L/L0 comes to 0.05, exact binomial bound at 0.05"
_RANK = "exact rank by elimination"

PLANTED = {
    "E1": _Claim(
        "784-500-10, MSE, linear output: all models reach near zero loss",
        *("section 4.1, figure 1", "empirical", _ZERO, "<= 0.05", "L/L0"),
    ),
    "E4": _Claim(
        "784-500-300-10, MSE, linear output: all models reach near zero loss",
        *("section 4.1, figure 3", "empirical", _ZERO, "<= 0.05", "L/L0"),
    ),
    "E6": _Claim(
        "softmax output: convergence is much slower",
        *("section 4.2, figures 5 and 6", "empirical", "ratio of the epochs", ">= 2", "ratio"),
    ),
    "H2": _Claim(
        "X X^T has full rank",
        *("section 2", "hypothesis", _RANK, "<= 0", "missing rank"),
        rule_since=1,
    ),
    "H4": _Claim(
        "Sigma has d_y distinct eigenvalues",
        *("section 2", "hypothesis", "exact eigenvalues", ">= 1", "distinct"),
        rule_since=1,
    ),
}
"""Claims whose words and margins the tests know; any other is the catalogue's own."""


def plain(
    id: str,
    setting: str,
    *,
    estimate: float | None = 0.0123,
    interval: tuple[float, float] | None = (0.0101, 0.0301),
    n: int = 32,
    strength: str = "statistical",
    proved: bool | None = None,
    note: str = "",
    dataset: str = "mnist-5k",
    protocol: str = "",
    failed: Sequence[str] = (),
    **more: Any,
) -> dict[str, Any]:
    """A verdict as a test records it, decided by its interval against the region of its claim."""
    claim: Any = PLANTED.get(id) or CATALOGUE[id]
    region = str(claim.region)
    outcome, why = _decided(region, interval, strength, proved, failed)
    sampled = strength == "statistical" and not failed
    return {
        "claim": id,
        "setting": setting,
        "statement": claim.statement,
        "outcome": outcome,
        "strength": strength,
        "estimate": estimate,
        "unit": claim.unit,
        "interval": None if interval is None else [_finite(end) for end in interval],
        "margin": _edge(region),
        "region": region,
        "alpha": 0.05,
        "n": n,
        "protocol": protocol,
        "dataset": dataset,
        "reason": "; ".join(text for text in (why, note) if text),
        "paper": claim.paper,
        "place": claim.place,
        "kind": str(claim.kind),
        "p_value": {"supported": 1e-5, "refuted": 1e-5}.get(outcome, 0.2) if sampled else None,
        "sampling_unit": "networks" if sampled else "data set",
        "look": "",
        "rule": claim.rule,
        "rule_since": getattr(claim, "rule_since", 1),
        "cites": "",
    } | more


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _edges(region: str) -> tuple[float, float]:
    if region.startswith("<="):
        return -math.inf, float(region[2:])
    if region.startswith(">="):
        return float(region[2:]), math.inf
    low, high = (float(end) for end in region.strip("[]").split(","))
    return low, high


def _edge(region: str) -> float | None:
    low, high = _edges(region)
    return _finite(high) if math.isfinite(high) else _finite(low)


def _decided(
    region: str, interval: Any, strength: str, proved: bool | None, failed: Sequence[str]
) -> tuple[str, str]:
    if failed:
        return "not applicable", "; ".join(failed)
    if strength != "statistical":
        return {True: "supported", False: "refuted"}.get(proved, "inconclusive"), ""
    if interval is None:
        return "inconclusive", "no interval could be formed"
    low, high = _edges(region)
    if low <= interval[0] and interval[1] <= high:
        return "supported", f"whole interval inside {region}"
    if interval[1] < low or interval[0] > high:
        return "refuted", f"whole interval outside {region}"
    return "inconclusive", f"the interval straddles {region}"


@dataclass(frozen=True, slots=True)
class Said:
    """Stands in for a verdict where one is recorded."""

    fields: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As given."""
        return dict(self.fields)
