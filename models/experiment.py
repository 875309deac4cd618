"""An experiment: the frozen spec from which a run follows, byte for byte.

It is composed of values that each say one thing and their own canonical JSON. Data sets, networks,
optimisers, penalties and initialisations are kinds of which there may be more tomorrow (`models.parts.part`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from models.initialisations.he import He
from models.objectives.objective import Objective
from models.optimisers.adam import Adam
from models.parts.checks import one_of, whole_number, whole_numbers
from models.parts.part import Part, canonical, decoded

if TYPE_CHECKING:
    from models.initialisations.initialisation import Initialisation
    from models.networks.network import Network
    from models.optimisers.optimiser import Optimiser

__all__ = ["PRECISIONS", "QUADRUPLE", "Arithmetic", "Budget", "Experiment", "Networks"]

PRECISIONS = ("fp32", "fp64", "tf32", "bf16")

QUADRUPLE = 4
"""Networks in a row that are compared pair by pair; one of each of the paper's models i = 0..3."""


@dataclass(frozen=True, slots=True)
class Networks(Part):
    """How many networks, and which: each is a draw of its own, named by the seed and its number.

    Attributes:
        count: how many, a multiple of 4.
        first: number of the first, a multiple of 4. A network's number decides its seeds and, where the
            initialisation has several populations, its model index i.
        seed: of all networks' seeds.

    Raises:
        ValueError: numbers that are no multiples of 4, or a seed that is no whole number.
    """

    count: int = 32
    first: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole_number("seed", self.seed))
        for name, least in (("count", QUADRUPLE), ("first", 0)):
            value = whole_number("networks" if name == "count" else name, getattr(self, name))
            object.__setattr__(self, name, value)
            if value < least or value % QUADRUPLE:
                raise ValueError(
                    f"got {'networks' if name == 'count' else name} {value!r}, wanted a multiple of "
                    f"{QUADRUPLE} of at least {least}: networks come in quadruples, one of each model i "
                    "under std and var"
                )

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of every network, in the order of the ensemble axis."""
        return tuple(range(self.first, self.first + self.count))


@dataclass(frozen=True, slots=True)
class Budget(Part):
    """How long training lasts.

    Attributes:
        epochs: passes over the training set.
        batch: samples in a minibatch; the last one of an epoch may be smaller.
        checkpoints: epochs after which the weights are kept, besides the last; H7 looks at those of epoch 0.

    Raises:
        ValueError: numbers below 1, or checkpoints beyond the last epoch.
    """

    epochs: int = 10
    batch: int = 100
    checkpoints: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least=1))
        kept = whole_numbers("checkpoints", self.checkpoints)
        if any(not 0 <= epoch <= self.epochs for epoch in kept):
            raise ValueError(f"got checkpoints {kept}, wanted epochs between 0 and epochs={self.epochs}")
        object.__setattr__(self, "checkpoints", tuple(sorted(set(kept))))


@dataclass(frozen=True, slots=True)
class Arithmetic(Part):
    """The arithmetic of the matrix products.

    Attributes:
        precision: "fp32"; "fp64"; "tf32", products with 10-bit mantissas and float32 sums (CUDA only);
            "bf16", products of bfloat16 operands, weights and Adam's state kept in float32.

    Raises:
        ValueError: another precision.
    """

    precision: str = "fp32"

    def __post_init__(self) -> None:
        one_of("precision", self.precision, PRECISIONS)


@dataclass(frozen=True, slots=True)
class Experiment(Part):
    """One ensemble of networks, trained side by side.

    What becomes of a network depends on this spec without `networks.count` and `networks.first`, and on
    its number.

    Attributes:
        data: name of a data set, as in `data.load`.
        network: what is trained.
        objective: what is minimised.
        optimiser: how; a full-batch one does not train, it descends from the initial weights
            (`models.second_leg`).
        initialisation: how a network draws its initial weights; the paper's protocols are std and var.
        networks: how many, and which seeds.
        budget: epochs and minibatches.
        arithmetic: precision of the matrix products.
    """

    data: str
    network: Network
    objective: Objective = field(default_factory=Objective)
    optimiser: Optimiser = field(default_factory=Adam)
    initialisation: Initialisation = field(default_factory=He)
    networks: Networks = field(default_factory=Networks)
    budget: Budget = field(default_factory=Budget)
    arithmetic: Arithmetic = field(default_factory=Arithmetic)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of every network, in the order of the ensemble axis."""
        return self.networks.numbers

    @property
    def populations(self) -> tuple[int, ...]:
        """The paper's model indices i that differ in how they draw: one population under he, else four."""
        return self.initialisation.populations

    @property
    def groups(self) -> tuple[int, ...]:
        """The population of every network."""
        count = len(self.populations)
        return tuple(number % count for number in self.numbers)

    @property
    def setting(self) -> str:
        """How tests and verdicts name this experiment: "mnist-5k-500-300-std"; a file by its stem. A penalty
        and an optimiser that is not the paper's are in it: "boston-50-he-l2-0.001"."""
        data = PurePath(self.data).stem if self.data.endswith(".npz") else self.data
        penalty = self.objective.penalty
        more = (penalty.label if penalty else "", self.optimiser.label)
        parts = (data, self.network.label, self.initialisation.kind, *more)
        return "-".join(part for part in parts if part)

    @property
    def name(self) -> str:
        """The setting with output and loss, unique among the default experiments."""
        return f"{self.setting} {self.objective.output} {self.objective.loss}"

    def of_networks(self, first: int, count: int) -> Experiment:
        """The same experiment with other networks."""
        return replace(self, networks=replace(self.networks, first=first, count=count))

    def canonical(self) -> str:
        """The spec as one line of JSON, the same for equal specs."""
        return canonical(self.as_json())

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | str) -> Experiment:
        """The experiment of which this is the JSON.

        Raises:
            ValueError: it is the JSON of none.
        """
        parts = dict(json.loads(value) if isinstance(value, str) else value)
        try:
            objective = dict(parts.pop("objective"))
            if objective.get("penalty") is not None:
                objective["penalty"] = decoded("penalties", objective["penalty"])
            return cls(
                data=parts.pop("data"),
                network=decoded("networks", parts.pop("network")),
                objective=Objective(**objective),
                optimiser=decoded("optimisers", parts.pop("optimiser")),
                initialisation=decoded("initialisations", parts.pop("initialisation")),
                networks=Networks(**parts.pop("networks")),
                budget=Budget(**parts.pop("budget")),
                arithmetic=Arithmetic(**parts.pop("arithmetic")),
                **parts,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"got {value!r}, wanted the JSON of an experiment: {error!r}") from error
