"""Which experiments the claims are judged on, at each scale.

The paper leaves epochs, batch size and learning rate open. A scale fixes them
once for all claims; it is chosen by `--scale` and printed with the verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from claims.core.margins import NETWORKS
from models.descent.method import Method
from models.experiment import Arithmetic, Budget, Experiment, Networks
from models.networks.mlp import MLP
from models.networks.network import Network
from models.objectives.objective import Objective
from models.optimisers.adam import Adam
from models.optimisers.decayed_adam import DecayedAdam
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.optimisers.optimiser import Optimiser
from models.optimisers.score_targets import ScoreTargets
from models.parts.part import find
from models.second_leg.descent import TOLERANCE, Descent

__all__ = [
    "BCE_500",
    "BOSTON_50",
    "CE_500",
    "LINEAR_10_10",
    "LINEAR_500",
    "LINEAR_500_300",
    "PROTOCOLS",
    "RELU_500",
    "RELU_500_300",
    "SOFTMAX_500",
    "SOFTMAX_500_300",
    "Scale",
    "SecondLeg",
    "Training",
]


DIGITS = "digits"
"""The data of a network that trains on the scale's digits; another one names its data set."""


PROTOCOLS = ("std", "var", "he")
"""How networks draw initial weights: the paper's, read both ways, and He's (`models.initialisations`)."""


@dataclass(frozen=True, slots=True)
class Training:
    """What the paper trains, before a scale says on how much and for how long.

    Attributes:
        network: the architecture.
        objective: output and loss.
        optimiser: Adam, unless a claim is about another; a full-batch one descends from the initial weights.
        data: the scale's digits, unless it names another data set.
        slow: whether it is cheap and slow to settle, so that a scale trains it longer.
    """

    network: Network
    objective: Objective = field(default_factory=Objective)
    optimiser: Optimiser | Method = field(default_factory=Adam)
    data: str = DIGITS
    slow: bool = False

    @property
    def name(self) -> str:
        """Unique among the trainings below: "500-300 softmax mse"."""
        return f"{self.network.label} {self.objective.label}"


LINEAR_500 = Training(MLP((500,)))
LINEAR_500_300 = Training(MLP((500, 300)))
LINEAR_10_10 = Training(MLP((10, 10)), slow=True)
SOFTMAX_500 = Training(MLP((500,)), Objective("softmax"))
SOFTMAX_500_300 = Training(MLP((500, 300)), Objective("softmax"))
# Equation (1) read literally: a ReLU on the output as well.
RELU_500 = Training(MLP((500,)), Objective("relu"))
RELU_500_300 = Training(MLP((500, 300)), Objective("relu"))
BOSTON_50 = Training(MLP((50,)), data="boston")
# Section 4.5 names no architecture for the cross-entropy runs; the first one serves.
BCE_500 = Training(MLP((500,)), Objective(loss="bce"))
CE_500 = Training(MLP((500,)), Objective("softmax", "ce"))


@dataclass(frozen=True, slots=True)
class SecondLeg:
    """How far a descent may go, in one setting at one scale (`models.second_leg.descent.Descent`).

    Attributes:
        methods: full-batch optimisers, one after another.
        steps: most steps of a network.
        products: most products of a network.
        tolerance: tau; l of at most this ends a network's descent.
    """

    methods: tuple[Method, ...] = (LevenbergMarquardt(),)
    steps: int = 200
    products: int = 2_000
    tolerance: float = TOLERANCE


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of the experiments; how many networks is the design's (`claims.core.design`).

    Attributes:
        digits: data set of the MNIST claims.
        batch: minibatch; 32 is the default of Keras, which the paper used, 128 that of its MNIST examples.
        epochs: by protocol, those of `he` for one that is not named. `he` is trained longer at the quick
            scale because it settles within reach there, while the paper's two protocols do not settle in any
            budget of minutes; no verdict compares one protocol with another.
        slow: times as many epochs for the 10-10 networks, which are cheap and slow to settle.
        boston: epochs on the Boston table, 404 samples to MNIST's thousands.
        usual: second leg of a setting with squared error. A cross entropy's stops earlier. A softmax's is by
            scores: after training from the paper's weights it is sure of wrong classes, where steps of the
            loss have next to nothing to go by, at no minimum. Logits under bce take half the time so.
        descents: by training's name and protocol, the second leg where it is another one.
        too_dear: by training's name and protocol, core seconds a network that its second leg would take;
            these settings have none.
        long: by the same, core seconds a network of second legs that this scale pays for and that take longer
            than all else; they begin first.
        most_samples: most samples on which Gauss-Newton steps are taken without asking: beyond, a network
            takes half an hour. None for any number.
    """

    name: str
    digits: str
    batch: int
    epochs: Mapping[str, int]
    slow: int
    boston: int
    usual: SecondLeg = field(default_factory=lambda: SecondLeg())
    descents: Mapping[tuple[str, str], SecondLeg] = field(default_factory=dict)
    too_dear: Mapping[tuple[str, str], float] = field(default_factory=dict)
    long: Mapping[tuple[str, str], float] = field(default_factory=dict)
    most_samples: int | None = 10_000

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """Training and test samples of the data sets, for the report."""
        from data import entry  # and with it numpy, which the pytest plugin starts without

        return {name: entry(name).sizes for name in (self.digits, BOSTON_50.data)}

    def experiment(
        self,
        training: Training,
        protocol: str,
        *,
        first: int = 0,
        networks: int = NETWORKS,
        precision: str = "fp32",
        seed: int = 0,
    ) -> Experiment:
        """The spec of so many networks, from number `first` on, under a protocol at this scale."""
        if on_digits := training.data == DIGITS:
            epochs = self.epochs.get(protocol, self.epochs["he"]) * (self.slow if training.slow else 1)
        else:
            epochs = self.boston
        data, batch = self.digits if on_digits else training.data, self.batch if on_digits else 32
        optimiser = cast("Optimiser", training.optimiser)
        if isinstance(optimiser, DecayedAdam):  # it decays over the whole of a scale's training
            from data import entry

            optimiser = replace(optimiser, steps=epochs * -(-entry(data).train // batch))
        return Experiment(
            data=data,
            network=training.network,
            objective=training.objective,
            optimiser=optimiser,
            initialisation=find("initialisations", protocol)(),
            networks=Networks(networks, first, seed),
            budget=Budget(epochs, batch),
            arithmetic=Arithmetic(precision),
        )

    def descent(self, experiment: Experiment) -> Descent | None:
        """The second leg of an experiment at this scale, None where it has none.

        An experiment whose optimiser is a full-batch one is a descent from its initial weights.
        """
        leg = self._leg(experiment)
        methods, start = leg.methods, "trained"
        if hasattr(experiment.optimiser, "step"):
            first = cast("Method", cast(object, experiment.optimiser))
            methods, start = (first, *(method for method in methods if method != first)), "initial"
        elif self.without_descent(experiment):
            return None
        limits = {"steps": leg.steps, "products": leg.products * len(methods)}
        return Descent(experiment, methods, start, leg.tolerance, **limits)

    def left_out(self, experiment: Experiment) -> str:
        """Why an experiment is not trained at all at this scale, "" where it is.

        It is one whose optimiser is not the paper's, which a comparison asks for.
        """
        if (seconds := self._dear_training(experiment)) is None:
            return ""
        return self._cost(f"no training by {experiment.optimiser.label}", seconds, experiment)

    def without_descent(self, experiment: Experiment) -> str:
        """Why an experiment has no second leg at this scale, "" where it has one."""
        if why := _impossible(experiment):
            return why
        seconds = self._dear_leg(experiment)
        return "" if seconds is None else self._cost("no second leg", seconds, experiment)

    def price(self, experiment: Experiment) -> float | None:
        """Core seconds a network of what this scale leaves out of an experiment for its cost, its training or
        its second leg; None where that leaves out nothing."""
        seconds = self._dear_training(experiment)
        return self._dear_leg(experiment) if seconds is None else seconds

    def length(self, experiment: Experiment) -> float:
        """Core seconds of an experiment's second leg where it takes longer than all else, 0 elsewhere."""
        return self.long.get(_place(experiment), 0.0) * experiment.networks.count

    def _dear_training(self, experiment: Experiment) -> float | None:
        training, protocol = _place(experiment)
        seconds = self.too_dear.get((f"{training} {experiment.optimiser.kind}", protocol))
        if seconds is None and isinstance(experiment.optimiser, LevenbergMarquardt):
            return self._by_size(experiment, self._leg(experiment).products)
        return seconds

    def _dear_leg(self, experiment: Experiment) -> float | None:
        if _impossible(experiment):
            return None
        if (seconds := self.too_dear.get(_place(experiment))) is not None:
            return seconds
        leg = self._leg(experiment)
        if any(isinstance(method, LevenbergMarquardt | ScoreTargets) for method in leg.methods):
            return self._by_size(experiment, leg.products)
        return None

    def _by_size(self, experiment: Experiment, products: int) -> float | None:
        """Core seconds of a network's products on more samples than `most_samples`."""
        from data import entry

        of = entry(experiment.data)
        if self.most_samples is None or of.train <= self.most_samples:
            return None
        return products * of.train * experiment.network.cost(of.sample_shape, of.outputs) / _PRODUCTS

    def _leg(self, experiment: Experiment) -> SecondLeg:
        """The setting's own second leg, or the usual one as its objective asks for it."""
        from data import entry

        own, objective = self.descents.get(_place(experiment)), experiment.objective
        if own is not None:
            return own
        leg = self.usual
        if objective.loss != "mse":
            leg = replace(leg, tolerance=max(leg.tolerance, _SEPARABLE))
        classes = entry(experiment.data).task == "classification"
        by_scores = (objective.output, objective.loss) in _BY_SCORES
        if classes and by_scores and objective.penalty is None:
            leg = replace(leg, methods=(ScoreTargets(),))
        return leg

    def _cost(self, what: str, seconds: float, experiment: Experiment) -> str:
        minutes = seconds * experiment.networks.count / 60
        return (
            f"{what} at the {self.name} scale, which would take {minutes:.0f} core minutes ({seconds:.4g} s "
            "a network): --second-legs all"
        )


def _impossible(experiment: Experiment) -> str:
    """Why no descent goes on from an experiment, at any price; "" where one does."""
    from data import entry

    of, penalty = entry(experiment.data), experiment.objective.penalty
    if experiment.network.buffers(of.sample_shape, of.outputs):
        return "no second leg for a network that carries buffers, as batch normalisation does"
    if penalty is not None and penalty.kind != "l2":
        return f"no second leg under the penalty {penalty.label}: descents know that of l2"
    return ""


def _place(experiment: Experiment) -> tuple[str, str]:
    """The training's name and its protocol; one that no scale names counts as he, as its epochs do."""
    protocol = experiment.initialisation.kind
    known = protocol if protocol in PROTOCOLS else "he"
    return f"{experiment.network.label} {experiment.objective.label}", known


_PRODUCTS = 2.7e10
"""Weights times samples that a core of 2020 takes through a Gauss-Newton product in a second, where no matrix
of samples is formed: 0.87 s at 60,000 digits and 784-500-10, measured."""

_SEPARABLE = 1e-3
"""Least tau of a cross entropy: no finite weights attain its infimum on data that they separate, each step
takes a share of the loss away, and a tenth of the margins is near enough."""

_BY_SCORES = (("softmax", "mse"), ("linear", "bce"))
"""Outputs and losses that descend to right scores. A softmax under ce does not: from the paper's weights that
leads to networks of another kind, which are right on three in five test digits in place of four."""
