"""Planted controls for N3: verdicts that a ReLU output leaves alone, changes, or cannot be compared by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence, Outcome
from claims.evidence.relu.output_relu import changed_verdict
from claims.evidence.trained.labels import exactly_one_pair, highest_agreement
from claims.evidence.trained.reaching import near_zero
from models.runs.run import Run
from tests.claims.cases import accuracies, losses, one_in, pairs_of_six
from tests.claims.controls.declared import control
from tests.claims.planted import by_model, fall, judge, planted, plateau
from tests.helpers.specs import changed

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE

ZERO, HIGH, ASTRIDE = one_in(0.0), one_in(1.0), one_in(0.2)
"""Final losses: every network at E1's zero, none, and so many that 32 do not tell."""

CONTROLS = [
    ("both supported", ZERO, ZERO, SUPPORTED),
    ("both refuted", HIGH, HIGH, SUPPORTED),
    ("refuted with ReLU", ZERO, HIGH, REFUTED),
    ("supported with ReLU", HIGH, ZERO, REFUTED),
    ("undecided with ReLU", HIGH, ASTRIDE, INCONCLUSIVE),
    ("undecided without", ASTRIDE, ZERO, INCONCLUSIVE),
    ("undecided twice", ASTRIDE, ASTRIDE, INCONCLUSIVE),
]


def ended(make, output: str, networks: int = 32) -> Run:
    return losses(make, output=output)(networks)[0]


@pytest.mark.parametrize(
    ("usual", "literal", "outcome"),
    [
        pytest.param(usual, literal, outcome, id=name, marks=control("N3", outcome))
        for name, usual, literal, outcome in CONTROLS
    ],
)
def test_a_changed_verdict_is_told_from_an_unchanged_one(usual, literal, outcome):
    """Only two decided verdicts can be compared; two alike support the claim, two unlike refute it."""
    runs = ended(usual, "linear"), ended(literal, "relu")
    evidence = changed_verdict("E1", near_zero, *runs, claim("N3"))
    verdict = judge("N3", evidence)
    assert verdict.outcome is outcome, verdict.reason
    assert (verdict.n, verdict.sampling_unit) == (64, "networks")
    assert "E1 with a ReLU output: " in verdict.reason
    assert "; with a linear output: " in verdict.reason
    expected = {SUPPORTED: (0.0, (0.0, 0.0)), REFUTED: (1.0, (1.0, 1.0)), INCONCLUSIVE: (None, (0.0, 1.0))}
    assert (evidence.estimate, evidence.interval) == expected[outcome]
    assert (verdict.p_value <= claim("N3").alpha) == (outcome is not INCONCLUSIVE)


def written(support: float, refute: float):
    """An evidence function whose p-values are written down, by the output: literal, then usual."""

    def evidence(of: dict[str, tuple[float, float]]):
        def found(run: Run, rule) -> Evidence:
            p_support, p_refute = of[run.spec.objective.output]
            inside = (0.9, 1.0) if p_support <= rule.alpha else (0.0, 1.0)
            interval = (0.0, 0.1) if p_refute <= rule.alpha else inside
            return Evidence(
                0.5, interval, 32, p_support=p_support, p_refute=p_refute, unresolved=1, diverged=2
            )

        return found

    return evidence({"relu": (support, refute), "linear": (0.001, 0.9)})


@pytest.mark.parametrize(
    ("support", "refute", "interval", "p_support", "p_refute"),
    [
        (0.01, 0.9, (0.0, 0.0), 0.02, 1.0),  # both supported: twice the larger of 0.01 and 0.001
        (0.024, 1.0, (0.0, 0.0), 0.048, 1.0),
        (0.03, 0.9, (0.0, 1.0), 0.06, 1.0),  # at half of alpha it is not decided
        (0.9, 0.002, (1.0, 1.0), 1.0, 0.004),  # one supported, the other refuted
        (0.9, 0.03, (0.0, 1.0), 1.0, 0.06),
    ],
    ids=str,
)
def test_both_verdicts_are_taken_at_half_of_alpha(support, refute, interval, p_support, p_refute):
    """So that they hold together; the p-value is twice the larger of the two that agree, or differ."""
    runs = ended(ZERO, "linear"), ended(ZERO, "relu")
    found = changed_verdict("E1", written(support, refute), *runs, claim("N3"))
    assert found.interval == interval
    assert (found.p_support, found.p_refute) == pytest.approx((p_support, p_refute))
    assert (found.unresolved, found.diverged, found.n) == (2, 4, 64)


def test_a_look_takes_half_of_its_own_alpha():
    """The claim's alpha is that of the look, and each verdict has half of it."""
    seen = []

    def watched(run: Run, rule) -> Evidence:
        seen.append(rule.alpha)
        return near_zero(run, rule)

    look = replace(claim("N3"), alpha=0.004)
    changed_verdict("E1", watched, ended(ZERO, "linear"), ended(ZERO, "relu"), look)
    assert seen == [0.002, 0.002]


def test_non_convergence_is_no_change():
    """A ReLU run that is still falling leaves the question open: it is never read as a changed verdict."""
    moving = planted(fall(by_model([10] * 4, 32, 0.1)), output="relu")
    found = changed_verdict("E1", near_zero, ended(ZERO, "linear"), moving, claim("N3"))
    assert (found.interval, found.unresolved) == ((0.0, 1.0), 32)
    verdict = judge("N3", found)
    assert verdict.outcome is INCONCLUSIVE
    assert "32 of 64 networks had not converged" in verdict.reason


def chance(output: str) -> Run:
    """Networks that label at chance."""
    return planted(plateau(np.full(32, 0.2)), accuracy=0.1, output=output)


@pytest.mark.parametrize("at_chance", ["linear", "relu", "both"])
def test_a_rule_that_does_not_apply_on_one_output_compares_nothing(at_chance):
    """E8 of networks at chance says nothing, so nothing can have changed; and the reason says where."""
    good = accuracies(0.9)(32)[0]
    usual = chance("linear") if at_chance in ("linear", "both") else good
    literal = chance("relu") if at_chance in ("relu", "both") else replace(good, spec=chance("relu").spec)
    verdict = judge("N3", changed_verdict("E8", highest_agreement, usual, literal, claim("N3")))
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert (verdict.n, verdict.sampling_unit) == (32, "disjoint pairs")
    assert verdict.reason.startswith("E8 does not apply on both outputs (E8 with a ReLU output: ")
    assert "accuracy clearly above chance failed on the run" in verdict.reason


def test_a_rule_with_its_own_unit_keeps_it():
    """n of E8-one counts quadruples of both runs."""
    usual = pairs_of_six(0.2, 0.2, 0.2, 0.2, 0.2, 0.9)(32)[0]
    literal = replace(usual, spec=changed(usual.spec, output="relu"))
    found = changed_verdict("E8-one", exactly_one_pair, usual, literal, claim("N3"))
    assert (found.n, found.sampling_unit) == (16, "quadruples")


@pytest.mark.parametrize(
    "outputs", [("relu", "linear"), ("relu", "relu"), ("linear", "softmax")], ids="-".join
)
def test_runs_in_the_wrong_order_are_refused(outputs):
    """A verdict must not be printed under the other output's name."""
    runs = [ended(ZERO, output) for output in outputs]
    with pytest.raises(
        ValueError, match=f"got outputs {outputs[0]} and {outputs[1]}, wanted the paper's, then"
    ):
        changed_verdict("E1", near_zero, *runs, claim("N3"))


def test_runs_of_two_networks_are_refused():
    """Only the output may differ."""
    usual, literal = ended(ZERO, "linear"), ended(ZERO, "relu")
    other = replace(literal, spec=changed(literal.spec, widths=(3,)))
    with pytest.raises(ValueError, match="wanted one network with two outputs"):
        changed_verdict("E1", near_zero, usual, other, claim("N3"))
