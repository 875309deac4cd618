"""Planted controls for N1, N2 and H7: cases to be supported, to be refuted, and that prove nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence, Outcome, Strength, Verdict, decide
from claims.evidence.relu import bernoulli_paths, path_activations, relu_theorem
from claims.evidence.relu.bernoulli_paths import exact_evidence, sampled_evidence
from claims.evidence.relu.path_activations import independence
from claims.evidence.relu.relu_theorem import StrictTask, dead_unit_evidence, strict_evidence
from data import Dataset
from models.backend import resolve_backend
from models.engines.trainer import Trainer
from models.relu.dead_units import dead_network
from models.relu.paths import Layers, PathEffects
from models.runs.run import Run
from tests.claims.controls.declared import control
from tests.helpers.specs import mlp

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE

X = np.array([[0, 3], [2, 1], [5, 0], [1, 1], [4, 2]])
Y = np.array([[0, 1], [1, 0], [4, 0], [1, 2], [3, 1]])
UNITS = 3


def judge(id: str, evidence: Evidence) -> Verdict:
    return decide(claim(id), evidence, setting="planted", dataset="planted")


# -- N1 -------------------------------------------------------------------------------


@control("N1", REFUTED)
def test_labels_that_vary_refute_n1():
    """Dead units are a local minimum, and one live unit does better."""
    verdict = judge("N1", dead_unit_evidence(X, Y, UNITS))
    assert (verdict.outcome, verdict.strength, verdict.estimate) == (REFUTED, Strength.PROOF, 0.0)
    assert (
        "2-3-2, 5 samples, 3 units: highest pre-activation -1, output bias at the label mean"
        in verdict.reason
    )
    assert "units stay dead while each first-layer weight and bias moves by less than " in verdict.reason


@control("N1", SUPPORTED)
def test_labels_that_never_vary_support_n1():
    """The loss is convex in the output layer and zero is within its reach: no local minimum is above."""
    verdict = judge("N1", dead_unit_evidence(X, np.full((5, 1), 7), UNITS))
    assert (verdict.outcome, verdict.strength, verdict.estimate) == (SUPPORTED, Strength.PROOF, 1.0)


@control("N1", REFUTED)
def test_networks_without_biases_refute_n1():
    """Negative weights on inputs that are not negative: the loss is constant around, and not the least."""
    verdict = judge("N1", dead_unit_evidence(X, Y, UNITS, biased=False))
    assert verdict.outcome is REFUTED
    assert "local minimum, flat: 2-3-2, 5 samples, 3 units: highest pre-activation -" in verdict.reason
    assert "first-layer weight moves by less than 1; L = 16.5 there" in verdict.reason


@pytest.mark.parametrize("standardised", [True, False])
def test_without_biases_the_raw_table_is_not_what_networks_train_on(standardised):
    """Dead units without biases need inputs of one sign; standardised inputs add up to zero, and it is
    said."""
    evidence = dead_unit_evidence(X, Y, UNITS, biased=False, standardised=standardised)
    said = "on the raw table only: networks train on the standardised one" in evidence.note
    assert said is standardised
    with_biases = dead_unit_evidence(X, Y, UNITS, standardised=standardised)
    assert "raw table" not in with_biases.note
    assert evidence.sampling_unit == "local minima built"


@pytest.mark.parametrize("sample", [[0, 0], [-9, 0]], ids=["all zero", "negative"])
def test_a_sample_that_wakes_a_unit_without_biases_proves_nothing(sample):
    """An input of zeros is on the edge, a negative one alive."""
    inputs = np.vstack([X, [sample]])
    verdict = judge("N1", dead_unit_evidence(inputs, np.vstack([Y, [[1, 1]]]), UNITS, biased=False))
    assert verdict.outcome is INCONCLUSIVE
    assert "not shown to be a local minimum" in verdict.reason


DEAD = dead_network(X, Y, UNITS)


@pytest.mark.parametrize(
    ("network", "note"),
    [
        (replace(DEAD, b1=DEAD.b1 + np.array([0, 2, 0])), "highest pre-activation 1, output bias at"),
        (replace(DEAD, b1=DEAD.b1 + np.array([0, 1, 0])), "highest pre-activation 0, output bias at"),
        (replace(DEAD, b2=DEAD.b2 + np.array([0, 1])), "output bias not at the label mean"),
    ],
    ids=["alive on one sample", "zero on one sample", "bias off the mean"],
)
def test_a_point_that_is_no_dead_minimum_proves_nothing(network, note):
    """One unit alive or on the edge, or a bias elsewhere: the proof does not close."""
    verdict = judge("N1", dead_unit_evidence(X, Y, UNITS, network))
    assert verdict.outcome is INCONCLUSIVE
    assert note in verdict.reason


def test_a_dead_minimum_without_a_better_point_proves_nothing():
    """Labels that no column tells: the minimum may be global for all that is known."""
    inputs, labels = np.array([[1], [1], [2], [2]]), np.array([[0], [1], [0], [1]])
    verdict = judge("N1", dead_unit_evidence(inputs, labels, UNITS))
    assert verdict.outcome is INCONCLUSIVE
    assert "no better network is known: got labels that are uncorrelated" in verdict.reason


@control("N1", REFUTED)
def test_two_strict_minima_of_different_loss_refute_n1():
    """On the Boston table, and the worse of them is described."""
    verdict = judge("N1", strict_evidence(relu_theorem.strict_task("boston"), starts=20))
    assert (verdict.outcome, verdict.strength) == (REFUTED, Strength.PROOF)
    assert 0.0 < verdict.estimate < 1.0
    assert "2-2-1, 506 samples, output weights one" in verdict.reason


def test_one_strict_minimum_proves_nothing():
    """Labels that two facing units fit exactly have one strict minimum, with zero loss."""
    inputs = np.arange(-6, 7)[:, None]
    task = StrictTask(inputs, np.abs(inputs[:, 0]) - 1, "a valley")
    verdict = judge("N1", strict_evidence(task, starts=1, seed=2))
    assert verdict.outcome is INCONCLUSIVE
    assert "wanted two with different losses" in verdict.reason


def test_a_singular_hessian_proves_nothing(monkeypatch):
    """Candidates whose units share a pattern are no strict minima, and none is counted."""
    task = relu_theorem.strict_task("boston")
    alike = np.repeat(task.X[:, :1] > 1000, 2, axis=1)
    monkeypatch.setattr(relu_theorem.strict_minimum, "search", lambda *args, **kwargs: [alike, ~alike])
    verdict = judge("N1", strict_evidence(task))
    assert verdict.outcome is INCONCLUSIVE
    assert "0 strict local minima found" in verdict.reason


def test_a_candidate_that_leaves_its_cell_proves_nothing(monkeypatch):
    """The minimiser of a pattern that it does not keep is stationary for another quadratic only."""
    task = relu_theorem.strict_task("boston")
    draw = np.random.default_rng(0)
    patterns = [draw.random((len(task.X), 2)) < 0.5 for _ in range(3)]
    monkeypatch.setattr(relu_theorem.strict_minimum, "search", lambda *args, **kwargs: patterns)
    assert judge("N1", strict_evidence(task)).outcome is INCONCLUSIVE


def test_a_task_on_other_data_is_refused():
    """The strict construction names the data it has."""
    with pytest.raises(ValueError, match="got the data set 'mnist', wanted one of boston, mnist-5k"):
        relu_theorem.strict_task("mnist")


# -- N2 -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reading", "outcome"),
    [
        pytest.param(reading, outcome, id=f"{reading}-{outcome}", marks=control("N2", outcome))
        for reading, outcome in (("expected-output", SUPPORTED), ("expected-loss", REFUTED))
    ],
)
def test_both_readings_come_out_as_they_must(reading, outcome):
    """Exactly and by sampling, the same way."""
    exact, sampled = exact_evidence(reading, claim("N2")), sampled_evidence(reading, claim("N2"))
    assert (sampled.n, sampled.sampling_unit) == (40, "batches of draws")
    assert judge("N2", exact).p_value is None
    assert judge("N2", sampled).p_value <= 0.05
    assert (judge("N2", exact).outcome, judge("N2", exact).strength) == (outcome, Strength.PROOF)
    assert (judge("N2", sampled).outcome, judge("N2", sampled).strength) == (outcome, Strength.STATISTICAL)


def test_paths_that_are_almost_always_on_leave_the_expected_loss_open():
    """At rho near 1 the variance is below the margin: no counterexample, and no proof either."""
    evidence = exact_evidence("expected-loss", claim("N2"), rate=Fraction(999, 1000))
    assert evidence.estimate < 0.01
    assert judge("N2", evidence).outcome is INCONCLUSIVE


def test_a_wrong_enumeration_is_not_a_proof(monkeypatch):
    """With rho and 1 - rho exchanged the output's identity fails and the claim is refuted, not supported."""
    right = bernoulli_paths.bernoulli.enumerated_output
    wrong = lambda weights, X, rate: right(weights, X, 1 - rate)  # noqa: E731 - a stand-in of one line
    monkeypatch.setattr(bernoulli_paths.bernoulli, "enumerated_output", wrong)
    assert judge("N2", exact_evidence("expected-output", claim("N2"))).outcome is REFUTED


def test_a_wrong_variance_formula_is_not_a_proof(monkeypatch):
    """Enumeration and formula must agree before the difference is called one."""
    monkeypatch.setattr(bernoulli_paths.bernoulli, "variance_term", lambda *args: Fraction(1))
    verdict = judge("N2", exact_evidence("expected-loss", claim("N2")))
    assert verdict.outcome is INCONCLUSIVE
    assert "the variance formula and the enumeration disagree" in verdict.reason


@pytest.mark.parametrize("evidence", [exact_evidence, sampled_evidence], ids=["exact", "sampled"])
def test_another_reading_is_refused(evidence):
    """There are two."""
    with pytest.raises(
        ValueError, match="got the reading 'mean', wanted one of expected-output, expected-loss"
    ):
        evidence("mean", claim("N2"))


# -- H7 -------------------------------------------------------------------------------

CLASSES, SIDE, MEMBERS = 4, 30, 6


def drawn_inputs(shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian inputs [m, 8] whose first columns are moved by `shift` on their own label."""
    draw = np.random.default_rng(seed)
    labels = np.arange(1200) % CLASSES
    inputs = draw.normal(size=(1200, 8))
    inputs[:, :CLASSES] += shift * np.eye(CLASSES)[labels]
    return inputs, labels


def models(seed: int = 1) -> list[Layers]:
    draw = np.random.default_rng(seed)
    return [
        [(draw.normal(size=(8, SIDE)), np.zeros(SIDE)), (np.ones((SIDE, CLASSES)), np.zeros(CLASSES))]
        for _ in range(MEMBERS)
    ]


@pytest.mark.parametrize(
    ("before", "after", "outcome"),
    [
        pytest.param(before, after, outcome, id=name, marks=control("H7", outcome))
        for name, before, after, outcome in (
            ("labels shuffled", "shuffled", "shuffled", SUPPORTED),
            ("labels in the inputs", "labelled", "labelled", REFUTED),
            ("units on one class after training", "shuffled", "one class", REFUTED),
        )
    ],
)
def test_path_activations_come_out_as_planted(before, after, outcome):
    """Independent before and after: supported; dependent at one time: refuted, and the time is named."""
    inputs, labels = drawn_inputs(0.0 if before == "shuffled" else 3.0)
    late = models()
    if after == "one class":
        # Unit k fires where the one-hot copy of the label says so.
        inputs = np.column_stack([inputs, np.eye(CLASSES)[labels]])
        blind = np.zeros((CLASSES, SIDE))
        early = [[(np.vstack([W, blind]), b), out] for (W, b), out in models()]
        W = np.vstack([np.zeros((8, SIDE)), np.eye(CLASSES)[:, np.arange(SIDE) % CLASSES]])
        late = [[(W + 1e-9 * k, np.full(SIDE, -0.5)), out] for k, (_, out) in enumerate(models())]
    else:
        early = models()
    times = {"at initialisation": early, "after training": late}
    verdict = judge("H7", independence(times, inputs, labels, claim("H7")))
    assert verdict.outcome is outcome
    assert verdict.n == MEMBERS
    if after == "one class":
        assert verdict.reason.startswith("after training: whole interval outside")
        assert verdict.estimate == pytest.approx(1.0)


def test_dead_paths_count_as_independent_and_are_shown():
    """A network without a live unit depends on nothing, and the note says why."""
    inputs, labels = drawn_inputs(3.0)
    dead = [[(W, b - 1e3), out] for (W, b), out in models()]
    verdict = judge("H7", independence({"after training": dead}, inputs, labels, claim("H7")))
    assert verdict.outcome is SUPPORTED
    assert "dead 1, always on 0 (both count as 0)" in verdict.reason


def test_a_network_without_a_number_counts_against_either_bound():
    """Nothing is known of NaN weights: six networks need every one to decide, twelve do not."""
    inputs, labels = drawn_inputs(0.0)
    broken = models()
    broken[2][0][0][0, 0] = np.nan
    few = independence({"after training": broken}, inputs, labels, claim("H7"))
    assert judge("H7", few).outcome is INCONCLUSIVE
    assert few.interval == (-np.inf, np.inf)
    many = independence({"after training": broken + models(seed=2)}, inputs, labels, claim("H7"))
    assert judge("H7", many).outcome is SUPPORTED
    assert many.interval[1] <= 0.01


def test_the_bounds_are_order_statistics_of_the_networks_own_values(monkeypatch):
    """The median over networks of what the label explains, each network's own: no mean over networks."""
    values = iter([0.02, 0.03, 0.5, 0.04, 0.025, 0.035])

    def written_down(*arguments) -> PathEffects:
        return PathEffects(label=next(values), pixel=0.0, dead=0.0, always=0.0)

    monkeypatch.setattr(path_activations, "effects", written_down)
    found = independence({"after training": models()}, *drawn_inputs(0.0), claim("H7"))
    assert found.interval == (0.02, 0.5)
    assert found.estimate == pytest.approx(0.0325)
    assert found.p_refute == 0.5**6


def tiny() -> Dataset:
    draw = np.random.default_rng(0)
    pixels, labels = draw.integers(0, 256, (73, 12), dtype=np.uint8), draw.integers(0, 4, 73, dtype=np.uint8)
    return Dataset(
        "tiny", "classification", pixels[:53], labels[:53], pixels[53:], labels[53:], 4, "0" * 64, ""
    )


@pytest.mark.parametrize("precision", ["fp32", "fp64"])
@pytest.mark.parametrize("protocol", ["std", "var", "he"])
def test_initial_weights_are_those_the_trainer_starts_from(protocol, precision):
    """Bit for bit, in the precision of training, for every member and layer; and trained ones have moved."""
    spec = mlp(
        "tiny",
        (7, 5),
        protocol=protocol,
        networks=8,
        epochs=1,
        batch=10,
        precision=precision,
        checkpoints=(0,),
    )
    trainer = Trainer(spec, tiny(), resolve_backend("cpu"), 1)
    trainer.run_epoch()
    run = Run(spec, trainer.result())
    kept = run.weights(0)
    initial, trained = path_activations.initial_layers(run, tiny()), path_activations.trained_layers(run)
    assert len(initial) == len(trained) == 8
    for member, layers in enumerate(initial):
        for (W, b), (kept_W, kept_b) in zip(layers, kept, strict=True):
            assert W.dtype == kept_W.dtype
            assert np.array_equal(W, kept_W[member])
            assert np.array_equal(b, kept_b[member])
        assert not np.array_equal(layers[0][0], trained[member][0][0])


def test_evidence_from_a_run_counts_models_and_samples():
    """All networks, at most as many samples as there are, and both times in the note."""
    spec = mlp("tiny", (7,), networks=8, epochs=1, batch=10)
    trainer = Trainer(spec, tiny(), resolve_backend("cpu"), 1)
    trainer.run_epoch()
    run = Run(spec, trainer.result())
    evidence = path_activations.activation_evidence(run, tiny(), claim("H7"))
    assert (evidence.n, evidence.sampling_unit) == (8, "networks")
    assert evidence.note.startswith("7 paths, 53 samples; at initialisation ")
    assert "; after training " in evidence.note
    assert "; |correlation| by chance 0.11" in evidence.note
    assert evidence.diverged == 0
    lost = replace(run, arrays={**run.arrays, "diverged_at": np.array([-1, 0, 0] + [-1] * 5)})
    found = path_activations.activation_evidence(lost, tiny(), claim("H7"))
    assert found.diverged == 2
    assert found.note == f"{evidence.note}; 2 of 8 networks diverged"


def test_each_chosen_sample_is_looked_at_once(monkeypatch):
    """A draw without replacement, in the order of the data, and the same in every run; labels go with it."""
    spec = mlp("tiny", (7,), networks=4, epochs=1, batch=10)
    trainer = Trainer(spec, tiny(), resolve_backend("cpu"), 1)
    trainer.run_epoch()
    run, seen = Run(spec, trainer.result()), []
    monkeypatch.setattr(path_activations, "PATH_SAMPLES", 20)
    monkeypatch.setattr(
        path_activations,
        "independence",
        lambda times, X, y, rule: seen.append((X, y)) or Evidence(0, None, 4),
    )
    for _ in range(2):
        path_activations.activation_evidence(run, tiny(), claim("H7"))
    (X, y), (again, _) = seen
    assert np.array_equal(X, again)
    rows = {row.tobytes(): k for k, row in enumerate(tiny().rows_train)}
    places = [rows[row.tobytes()] for row in X]
    assert len(set(places)) == 20
    assert places == sorted(places)
    assert np.array_equal(y, tiny().y_train[places])


def test_the_same_paths_are_drawn_in_every_run(monkeypatch):
    """A seeded draw where there are more paths than are looked at."""
    monkeypatch.setattr(path_activations, "PATHS", 7)
    inputs, labels = drawn_inputs(3.0)
    first, second = (independence({"": models()}, inputs, labels, claim("H7")) for _ in range(2))
    assert first == second
    assert first.note.startswith("7 paths, 1200 samples; ")
