"""A scenario, and the count of what the judge says of many experiments drawn from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from claims.catalogue import claim
from claims.core.claim import Claim
from claims.core.design import SEQUENTIAL
from claims.core.margins import NETWORKS
from claims.core.verdict import Evidence, Outcome, decide
from models.runs.run import Run

__all__ = ["SIZES", "Scenario", "outcomes", "simulate"]

SIZES = tuple(sorted({*SEQUENTIAL.networks, NETWORKS}))
"""Numbers of networks at which a fixed design is judged."""

Runs = Callable[[int], Sequence[Run]]
"""Of a drawn experiment, the runs of its first so many networks."""


@dataclass(frozen=True)
class Scenario:
    """A population whose true number is known.

    Attributes:
        claims: ids of the claims with this evidence function and this region; the first is judged.
        data: kind of data, see `shapes.DATA`.
        spread: "equal" or "unequal" over the four models, or what else differs.
        holds: whether the claim is true of the population.
        edge: whether it stands at the edge of the region, else far from it.
        draw: an experiment.
        evidence: the claim's own evidence function, of the runs and the claim.
        effort: how many experiments this scenario is worth, as a part of the others' number.
        sizes: numbers of networks; () where the number is not chosen by a design.
    """

    claims: tuple[str, ...]
    data: str
    spread: str
    holds: bool
    edge: bool
    draw: Callable[[np.random.Generator], Runs]
    evidence: Callable[[Sequence[Run], Claim], Evidence]
    effort: float = 1.0
    sizes: tuple[int, ...] = SIZES

    def __str__(self) -> str:
        where = f"{'edge' if self.edge else 'far'}, {'holds' if self.holds else 'fails'}"
        return f"{'/'.join(self.claims)} {self.data} {self.spread} {where}"


def outcomes(scenario: Scenario, runs: Runs, *, shortcut: bool = True) -> dict[str, Outcome]:
    """The outcome of one experiment in each design: "12" and so on with the whole alpha, and "looks".

    Args:
        scenario: for its claim and evidence.
        runs: the experiment.
        shortcut: leave out a look at which the whole alpha has not decided: less of it does not either, since
            bounds at a smaller alpha lie outside those at a larger one (a test compares).
    """
    whole = claim(scenario.claims[0])

    def judged(n: int, weight: float = 1.0) -> Outcome:
        rule = replace(whole, alpha=whole.alpha * weight) if weight != 1.0 else whole
        evidence = scenario.evidence(runs(n), rule)
        return decide(rule, evidence, setting="", dataset="", spent=weight).outcome

    if not scenario.sizes:
        return {"as it is": judged(0)}
    fixed = {n: judged(n) for n in scenario.sizes}
    found = {str(n): outcome for n, outcome in fixed.items()}
    found["looks"] = Outcome.INCONCLUSIVE
    for look in SEQUENTIAL:
        if shortcut and fixed[look.networks] is Outcome.INCONCLUSIVE:
            continue
        found["looks"] = judged(look.networks, look.weight)
        if found["looks"] is not Outcome.INCONCLUSIVE:
            break
    return found


def simulate(scenario: Scenario, repetitions: int, seed: int = 0) -> list[dict[str, Any]]:
    """One row for each design: how often the claim was supported, refuted, and wrongly so.

    A row's `limit` is alpha and three Monte Carlo standard errors of a rate of alpha: no more may be wrong.
    """
    repetitions = max(1, round(repetitions * scenario.effort))
    name = np.frombuffer(str(scenario).encode(), dtype=np.uint8)
    rng = np.random.default_rng([seed, *name.tolist()])
    counts: dict[str, dict[Outcome, int]] = {}
    for _ in range(repetitions):
        for design, outcome in outcomes(scenario, scenario.draw(rng)).items():
            of = counts.setdefault(design, {})
            of[outcome] = of.get(outcome, 0) + 1
    alpha = claim(scenario.claims[0]).alpha
    error = math.sqrt(alpha * (1 - alpha) / repetitions)
    rows = []
    for design, of in counts.items():
        supported, refuted = (of.get(way, 0) / repetitions for way in (Outcome.SUPPORTED, Outcome.REFUTED))
        rows.append(
            {
                "claims": list(scenario.claims),
                "data": scenario.data,
                "spread": scenario.spread,
                "place": "edge" if scenario.edge else "far",
                "holds": scenario.holds,
                "design": design,
                "repetitions": repetitions,
                "supported": supported,
                "refuted": refuted,
                "limit": alpha + 3 * error,
            }
        )
    return rows
