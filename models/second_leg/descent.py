"""A descent: the frozen spec of a run's second leg, from where training ended to a minimum.

The paper trains "until convergence" and speaks of local minima; Adam at a constant step never comes to rest.
So the networks of an experiment are taken where its training ended, or from their initial weights, and
descend on the full-batch objective, monotonically, until a certificate (`models.descent.certificates`) or the
budget.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from models.experiment import Experiment, Networks
from models.optimisers.levenberg_marquardt import LevenbergMarquardt
from models.parts.checks import one_of, positive, whole_number
from models.parts.part import Part, canonical, decoded

if TYPE_CHECKING:
    from models.descent.method import Method

__all__ = ["STARTS", "TOLERANCE", "Descent", "spec_of"]

STARTS = ("trained", "initial")

TOLERANCE = 1e-4
"""tau: a loss of at most tau L0 ends a descent. No minimum is lower by more than that."""


@dataclass(frozen=True, slots=True)
class Descent(Part):
    """Where the networks of an experiment come to rest.

    Attributes:
        experiment: whose networks descend, on its training set and objective.
        methods: full-batch optimisers (`models.descent.method`), one after another, each until it stalls or
            has had its equal share of the products.
        start: "trained", where the experiment's training ended; or "initial", its initial weights.
        tolerance: tau; a network has arrived when its loss is at most tau L0.
        steps: most steps of a network.
        products: most products of a network, with the Jacobian or its transpose over all samples.

    Raises:
        ValueError: no method, a start that is none of these, numbers below 1, or a tolerance of 0 or less.
    """

    experiment: Experiment
    methods: tuple[Method, ...] = (LevenbergMarquardt(),)
    start: str = "trained"
    tolerance: float = TOLERANCE
    steps: int = 200
    products: int = 5_000

    def __post_init__(self) -> None:
        if not self.methods:
            raise ValueError("got a descent without a method, wanted at least one full-batch optimiser")
        for method in self.methods:
            if not (hasattr(method, "start") and hasattr(method, "step")):
                raise ValueError(
                    f"got the optimiser {method!r} in a descent, wanted full-batch ones, such as "
                    "LevenbergMarquardt(): minibatch optimisers train, in an Experiment"
                )
        one_of("start", self.start, STARTS)
        object.__setattr__(self, "tolerance", positive("tolerance", self.tolerance))
        for name in ("steps", "products"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least=1))

    @property
    def data(self) -> str:
        """Name of the data set."""
        return self.experiment.data

    @property
    def networks(self) -> Networks:
        """How many, and which."""
        return self.experiment.networks

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of every network, in the order of the ensemble axis."""
        return self.networks.numbers

    @property
    def label(self) -> str:
        """The methods, "levenberg-marquardt"; from initial weights "initial levenberg-marquardt"."""
        methods = "+".join(method.label for method in self.methods)
        return methods if self.start == "trained" else f"{self.start} {methods}"

    @property
    def name(self) -> str:
        """The experiment's name and the label."""
        return f"{self.experiment.name} {self.label}"

    def of_networks(self, first: int, count: int) -> Descent:
        """The same descent of other networks."""
        return replace(self, experiment=self.experiment.of_networks(first, count))

    def canonical(self) -> str:
        """The spec as one line of JSON, the same for equal specs."""
        return canonical(self.as_json())

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | str) -> Descent:
        """The descent of which this is the JSON.

        Raises:
            ValueError: it is the JSON of none.
        """
        parts = dict(json.loads(value) if isinstance(value, str) else value)
        try:
            return cls(
                experiment=Experiment.from_json(parts.pop("experiment")),
                methods=tuple(decoded("optimisers", one) for one in parts.pop("methods")),
                **parts,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"got {value!r}, wanted the JSON of a descent: {error!r}") from error


def spec_of(value: Mapping[str, Any]) -> Experiment | Descent:
    """What a run's JSON says that it is of.

    Raises:
        ValueError: it says neither.
    """
    return Descent.from_json(value) if "experiment" in value else Experiment.from_json(value)
