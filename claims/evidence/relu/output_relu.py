"""N3: whether a claim's verdict changes when the output is a ReLU as well (section 2.2, equation (1))."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from claims.catalogue import Claim, claim
from claims.core.verdict import Evidence, Outcome, Verdict, decide
from models.runs.run import Run

__all__ = ["changed_verdict"]

DECIDED = (Outcome.SUPPORTED, Outcome.REFUTED)


def changed_verdict(
    rule: str, evidence: Callable[[Run, Claim], Evidence], usual: Run, literal: Run, of: Claim
) -> Evidence:
    """How many verdicts change, 0 or 1, when the rule of one claim judges the ReLU output too.

    Both verdicts are taken at half of alpha, so that they hold together. Where one of
    them is inconclusive the answer is open: the interval is [0, 1].

    Args:
        rule: id of the claim whose rule is applied, such as "E1".
        evidence: its evidence function.
        usual: the run with the paper's output for that claim.
        literal: the same with a ReLU on the output.
        of: the claim N3.

    Raises:
        ValueError: the runs are not one without and one with a ReLU on the output, of the same network.
    """
    outputs = usual.spec.objective.output, literal.spec.objective.output
    if (outputs[0] == "relu", outputs[1]) != (False, "relu"):
        raise ValueError(
            f"got outputs {outputs[0]} and {outputs[1]}, wanted the paper's, then relu: "
            "give the runs in that order"
        )
    if usual.spec.setting != literal.spec.setting:
        raise ValueError(
            f"got {usual.spec.setting} and {literal.spec.setting}, wanted one network with two outputs"
        )
    judge = replace(claim(rule), alpha=of.alpha / 2)
    found = {run.spec.objective.output: evidence(run, judge) for run in (literal, usual)}
    with_relu, without = (
        decide(
            judge,
            found[run.spec.objective.output],
            setting=run.spec.setting,
            dataset=run.spec.data,
            protocol=run.spec.initialisation.kind,
        )
        for run in (literal, usual)
    )
    note = f"{rule} with a ReLU output: {_said(with_relu)}; with a {outputs[0]} output: {_said(without)}"
    n = with_relu.n + without.n
    inapplicable = [v for v in (with_relu, without) if v.outcome is Outcome.NOT_APPLICABLE]
    if inapplicable:
        why = f"{rule} does not apply on both outputs ({note})"
        return Evidence(None, None, n, sampling_unit=with_relu.sampling_unit, inapplicable=why)
    changed = float(with_relu.outcome is not without.outcome)
    decided = with_relu.outcome in DECIDED and without.outcome in DECIDED
    pairs = list(found.values())
    supports, refutes = [_bound(e.p_support) for e in pairs], [_bound(e.p_refute) for e in pairs]
    same = min(max(supports), max(refutes))
    differ = min(max(supports[0], refutes[1]), max(refutes[0], supports[1]))
    return Evidence(
        estimate=changed if decided else None,
        interval=(changed, changed) if decided else (0.0, 1.0),
        n=n,
        p_support=min(1.0, 2 * same),
        p_refute=min(1.0, 2 * differ),
        sampling_unit=with_relu.sampling_unit,
        unresolved=sum(e.unresolved for e in pairs),
        diverged=sum(e.diverged for e in pairs),
        note=note,
    )


def _bound(p: float | None) -> float:
    assert p is not None, "what trained networks show is bounded, not proved"
    return p


def _said(verdict: Verdict) -> str:
    estimate = "" if verdict.estimate is None else f", {verdict.estimate:.3g} {verdict.unit}"
    return f"{verdict.outcome}{estimate} ({verdict.reason})"
