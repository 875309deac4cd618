"""What is trained at each scale: every field of a spec comes from where it should."""

from __future__ import annotations

import dataclasses

import pytest

from claims.catalogue import experiments
from claims.catalogue.experiments import (
    BCE_500,
    BOSTON_50,
    LINEAR_10_10,
    LINEAR_500,
    PROTOCOLS,
    SOFTMAX_500_300,
    Training,
)
from claims.catalogue.scales import SCALES, chosen_scale
from claims.core.margins import NETWORKS
from data import load
from models.networks.convolutional import Convolutional
from models.networks.mlp import MLP
from models.objectives.objective import Objective
from models.optimisers.active_set import ActiveSet
from models.optimisers.lbfgs import LBFGS
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.optimisers.score_targets import ScoreTargets
from models.penalties.l2 import L2

TRAININGS_OF_THE_PAPER = [value for value in vars(experiments).values() if isinstance(value, Training)]

each_scale = pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)


@each_scale
@pytest.mark.parametrize("training", TRAININGS_OF_THE_PAPER, ids=lambda n: n.name)
@pytest.mark.parametrize("protocol", ["std", "var", "he"])
def test_a_spec_is_of_its_training_and_scale(scale, training, protocol):
    """Network, objective and optimiser are the training's, data and minibatch the scale's."""
    spec = scale.experiment(training, protocol)
    assert (spec.network, spec.objective, spec.optimiser) == (
        training.network,
        training.objective,
        training.optimiser,
    )
    assert spec.initialisation.kind == protocol
    assert (spec.networks.count, spec.networks.first, spec.networks.seed, spec.arithmetic.precision) == (
        NETWORKS,
        0,
        0,
        "fp32",
    )
    if training.data != experiments.DIGITS:
        assert (spec.data, spec.budget.batch, spec.budget.epochs) == (training.data, 32, scale.boston)
    else:
        assert (spec.data, spec.budget.batch) == (scale.digits, scale.batch)
        times = scale.slow if training.network.widths == (10, 10) else 1
        assert spec.budget.epochs == times * scale.epochs[protocol]


def test_options_reach_the_spec():
    """Which networks, in which arithmetic, from which seed."""
    spec = SCALES["quick"].experiment(
        experiments.SOFTMAX_500, "std", first=12, networks=24, precision="fp64", seed=7
    )
    assert (spec.networks.first, spec.networks.count, spec.arithmetic.precision, spec.networks.seed) == (
        12,
        24,
        "fp64",
        7,
    )


def test_networks_have_names_of_their_own():
    """A name tells what is trained; no two networks share one."""
    names = [network.name for network in TRAININGS_OF_THE_PAPER]
    assert len(set(names)) == len(names) == 10
    assert experiments.SOFTMAX_500_300.name == "500-300 softmax mse"


@each_scale
def test_a_law_can_be_told_from_he_and_boston(scale):
    """Where a training is to come to rest it has the eight epochs without which no law can be told."""
    for network in TRAININGS_OF_THE_PAPER:
        assert scale.experiment(network, "he").budget.epochs >= 8


@pytest.mark.parametrize(
    ("output", "loss", "method", "tolerances"),
    [
        ("linear", "mse", LevenbergMarquardt(), {"quick": 1e-3, "standard": 1e-3}),
        ("softmax", "mse", ScoreTargets(), {"quick": 1e-3, "standard": 1e-3}),
        ("softmax", "ce", LevenbergMarquardt(), {"quick": 1e-3, "standard": 1e-3}),
        ("linear", "bce", ScoreTargets(), {"quick": 1e-3, "standard": 1e-3}),
        ("relu", "mse", LevenbergMarquardt(), {"quick": 1e-3, "standard": 1e-3}),
    ],
)
def test_a_descent_follows_from_the_objective(output, loss, method, tolerances):
    """Of a network that nothing lists, too: two go by scores, a cross entropy stops earlier."""
    training = Training(MLP((77,)), Objective(output, loss))
    for scale, tolerance in tolerances.items():
        descent = SCALES[scale].descent(SCALES[scale].experiment(training, "he"))
        assert (descent.methods, descent.tolerance) == ((method,), tolerance)


def test_every_setting_descends_for_who_pays_for_it():
    """What a scale leaves out for its cost, and that alone, is had by an option."""
    for name in ("quick", "standard"):
        some, everything = SCALES[name], chosen_scale(name, everything=True)
        paid = [one for one in some.too_dear if one[0].split()[-1] == "mse"]
        assert paid
        for training in TRAININGS_OF_THE_PAPER:
            for protocol in PROTOCOLS:
                experiment = everything.experiment(training, protocol)
                assert everything.descent(experiment) is not None
                dear = (training.name, protocol) in some.too_dear
                assert (some.descent(experiment) is None) == dear
                assert ("--second-legs all" in some.without_descent(experiment)) == dear


def test_a_protocol_that_no_scale_names_descends_as_he_does():
    """With the same methods, and left out where that is."""
    quick = SCALES["quick"]
    for training in TRAININGS_OF_THE_PAPER:
        he, other = (quick.experiment(training, protocol) for protocol in ("he", "xavier"))
        if quick.descent(he) is None:
            assert quick.without_descent(other) == quick.without_descent(he) != ""
        else:
            assert quick.descent(other).methods == quick.descent(he).methods
    assert quick.descent(quick.experiment(BOSTON_50, "xavier")).methods == (ActiveSet(),)


def test_a_penalised_softmax_and_a_regression_descend_by_their_loss():
    """Right scores do not lower a penalty; and a regression's targets are no classes that could be right."""
    quick = SCALES["quick"]
    for training in (
        Training(MLP((77,)), Objective("softmax", penalty=L2(0.01))),
        Training(MLP((77,)), Objective("softmax"), data="boston"),
    ):
        assert quick.descent(quick.experiment(training, "he")).methods == (LevenbergMarquardt(),)


def test_the_reports_sizes_are_those_of_the_data():
    """What a scale says of its data sets is what they hold."""
    assert set(SCALES["quick"].sizes) == {"mnist-1k", "boston"}
    for name, sizes in SCALES["quick"].sizes.items():
        of = load(name)
        assert sizes == {"train": of.n_train, "test": of.n_test}
    assert SCALES["paper"].sizes["mnist"] == {"train": 60_000, "test": 10_000}


def test_no_descent_is_offered_that_is_too_dear_or_cannot_be_made():
    """On so many samples, or where buffers are carried; a sentence says why and what it would cost."""
    paper, quick = SCALES["paper"], SCALES["quick"]
    for training in (LINEAR_500, BCE_500, SOFTMAX_500_300):
        experiment = paper.experiment(training, "he")
        assert paper.descent(experiment) is None
        why = paper.without_descent(experiment)
        assert "no second leg at the paper scale, which would take" in why
        assert why.endswith("--second-legs all")
        paid = chosen_scale("paper", everything=True)
        assert paid.descent(experiment).methods == quick.descent(quick.experiment(training, "he")).methods
        assert paid.price(experiment) is None
    assert paper.price(paper.experiment(LINEAR_500, "he")) == pytest.approx(2_000 * 0.88, rel=0.01)
    assert paper.descent(paper.experiment(BOSTON_50, "he")).methods == (ActiveSet(),)
    assert paper.descent(paper.experiment(LINEAR_10_10, "he")).methods == (LBFGS(),)
    descended = dataclasses.replace(LINEAR_500, optimiser=LevenbergMarquardt())
    assert "no training by levenberg" in paper.left_out(paper.experiment(descended, "he"))
    normalised = quick.experiment(Training(Convolutional((2,), batch_norm=True)), "he")
    assert quick.descent(normalised) is None
    assert "carries buffers" in quick.without_descent(normalised)
    assert quick.descent(quick.experiment(LINEAR_500, "he")) is not None
