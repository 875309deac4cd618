"""Planted controls for N3: verdicts that a ReLU output leaves alone, changes, or cannot be compared by."""

from dataclasses import replace

import pytest
from claims.empirical import near_zero
from planted import by_model, fall, judge, planted, plateau

from claims.catalogue import claim
from claims.output_relu import changed_verdict
from claims.verdict import Outcome
from models.run import Run

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE

ZERO, HIGH, ASTRIDE = ([0.001] * 4, 1e-4), ([0.5] * 4, 1e-3), ([0.05] * 4, 0.02)
"""Final losses by model, and their spread: below E1's margin, above it, around it."""

CONTROLS = [
    ("both supported", ZERO, ZERO, SUPPORTED),
    ("both refuted", HIGH, HIGH, SUPPORTED),
    ("refuted with ReLU", ZERO, HIGH, REFUTED),
    ("supported with ReLU", HIGH, ZERO, REFUTED),
    ("undecided with ReLU", HIGH, ASTRIDE, INCONCLUSIVE),
    ("undecided without", ASTRIDE, ZERO, INCONCLUSIVE),
    ("undecided twice", ASTRIDE, ASTRIDE, INCONCLUSIVE),
]
PLANTED = {("N3", outcome) for _, _, _, outcome in CONTROLS}


def ended(values: list[float], width: float, output: str) -> Run:
    return planted(plateau(by_model(values, 3, width)), output=output)


@pytest.mark.parametrize(
    ("usual", "literal", "outcome"), [c[1:] for c in CONTROLS], ids=[c[0] for c in CONTROLS]
)
def test_a_changed_verdict_is_told_from_an_unchanged_one(record_property, usual, literal, outcome):
    """Only two decided verdicts can be compared; two alike support the claim, two unlike refute it."""
    record_property("control", "N3")
    runs = ended(*usual, "linear"), ended(*literal, "relu")
    verdict = judge("N3", changed_verdict("E1", near_zero, *runs, claim("N3")))
    assert verdict.outcome is outcome, verdict.reason
    assert verdict.n == 24
    assert "E1 with a ReLU output: " in verdict.reason
    assert "; with a linear output: " in verdict.reason


def test_non_convergence_is_no_change():
    """A ReLU run that is still falling leaves the question open: it is never read as a changed verdict."""
    moving = planted(fall(by_model([10] * 4, 3, 0.1)), output="relu")
    found = changed_verdict("E1", near_zero, ended(*ZERO, "linear"), moving, claim("N3"))
    assert found.interval == (0.0, 1.0)
    assert judge("N3", found).outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    "outputs", [("relu", "linear"), ("relu", "relu"), ("linear", "softmax")], ids="-".join
)
def test_runs_in_the_wrong_order_are_refused(outputs):
    """A verdict must not be printed under the other output's name."""
    runs = [ended(*ZERO, output) for output in outputs]
    with pytest.raises(
        ValueError, match=f"got outputs {outputs[0]} and {outputs[1]}, wanted the paper's, then"
    ):
        changed_verdict("E1", near_zero, *runs, claim("N3"))


def test_runs_of_two_networks_are_refused():
    """Only the output may differ."""
    usual, literal = ended(*ZERO, "linear"), ended(*ZERO, "relu")
    other = replace(literal, spec=replace(literal.spec, widths=(3,)))
    with pytest.raises(ValueError, match="wanted one network with two outputs"):
        changed_verdict("E1", near_zero, usual, other, claim("N3"))
