"""Verdicts written down, of claims planted here, so that no test hangs on the catalogue's margins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from claims.catalogue import CATALOGUE
from claims.core.verdict import Outcome, Region, Strength, Verdict
from reports.records import Row

__all__ = ["PLANTED", "recorded_verdict", "row"]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a verdict says of its claim."""

    statement: str
    place: str
    kind: str
    rule: str
    region: Region
    unit: str
    paper: str = "yes"
    rule_since: int = 2


_ZERO = "share of networks whose L/L0 comes to 0.05, exact binomial bound at 0.05"
_RANK = "exact rank by elimination"

PLANTED = {
    "E1": _Claim(
        "784-500-10, MSE, linear output: all models reach near zero loss",
        *("section 4.1, figure 1", "empirical", _ZERO, Region(high=0.05), "L/L0"),
    ),
    "E4": _Claim(
        "784-500-300-10, MSE, linear output: all models reach near zero loss",
        *("section 4.1, figure 3", "empirical", _ZERO, Region(high=0.05), "L/L0"),
    ),
    "E6": _Claim(
        "softmax output: convergence is much slower",
        *("section 4.2, figures 5 and 6", "empirical", "ratio of the epochs", Region(low=2), "ratio"),
    ),
    "H2": _Claim(
        "X X^T has full rank",
        *("section 2", "hypothesis", _RANK, Region(high=0), "missing rank"),
        rule_since=1,
    ),
    "H4": _Claim(
        "Sigma has d_y distinct eigenvalues",
        *("section 2", "hypothesis", "exact eigenvalues", Region(low=1), "distinct"),
        rule_since=1,
    ),
}
"""Claims whose words and margins the tests know; any other is the catalogue's own."""


def recorded_verdict(
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
) -> Verdict:
    """A verdict as a test records it, decided by its interval against the region of its claim; `failed` are
    sentences that begin with the id of a prerequisite. The rest replaces fields as they are."""
    claim: Any = PLANTED.get(id) or CATALOGUE[id]
    region = more.get("region", claim.region)
    outcome, why = _decided(region, interval, strength, proved, failed)
    sampled = strength == "statistical" and not failed
    fields = {
        "claim": id,
        "setting": setting,
        "statement": claim.statement,
        "outcome": outcome,
        "strength": Strength(strength),
        "estimate": estimate,
        "unit": claim.unit,
        "interval": interval,
        "margin": region.margin,
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
        "figures": getattr(claim, "figures", ()),
        "failed": tuple(sentence.split()[0] for sentence in failed if "failed" in sentence),
    }
    return Verdict(**fields | more)


def row(id: str, setting: str, **evidence: Any) -> Row:
    """The same in a report."""
    about = {name: evidence.pop(name) for name in set(Row.__struct_fields__) & set(evidence) - EVIDENCE}
    about.setdefault("nodeid", f"claims/test_x.py::test_{id}[{setting}]")
    return Row(**asdict(recorded_verdict(id, setting, **evidence)) | about)


EVIDENCE = {"estimate", "interval", "n", "strength", "dataset", "protocol", "failed"}
"""Fields that `recorded_verdict` decides the outcome from."""


def _decided(
    region: Region, interval: Any, strength: str, proved: bool | None, failed: Sequence[str]
) -> tuple[Outcome, str]:
    if failed:
        return Outcome.NOT_APPLICABLE, "; ".join(failed)
    if strength != "statistical":
        return {True: Outcome.SUPPORTED, False: Outcome.REFUTED}.get(proved, Outcome.INCONCLUSIVE), ""
    if interval is None:
        return Outcome.INCONCLUSIVE, "no interval could be formed"
    if region.contains(interval):
        return Outcome.SUPPORTED, f"whole interval inside {region}"
    if region.excludes(interval):
        return Outcome.REFUTED, f"whole interval outside {region}"
    return Outcome.INCONCLUSIVE, f"the interval straddles {region}"
