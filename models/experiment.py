"""An experiment: the frozen spec from which a run follows, byte for byte."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["LOSSES", "OUTPUTS", "PRECISIONS", "PROTOCOLS", "QUADRUPLE", "WEIGHT_THRESHOLD", "Experiment"]

OUTPUTS = ("linear", "softmax", "relu")
LOSSES = ("mse", "bce", "ce")
PROTOCOLS = ("std", "var", "he")
PRECISIONS = ("fp32", "fp64", "tf32", "bf16")

QUADRUPLE = 4
"""Networks in a row that are compared pair by pair; one of each of the paper's models i = 0..3."""

WEIGHT_THRESHOLD = 0.1
"""Two weights differ when they are further apart than this; the paper names no value.

It is the spread of He's initial weights at the input of the paper's networks
(sqrt(2 / 784) = 0.05), doubled, so that it separates something in every protocol.
"""


def _whole_number(name: str, value: Any) -> int:
    try:
        if int(value) == value:
            return int(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"got {name} {value!r}, wanted a whole number")


def _whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    try:
        return tuple(_whole_number(name, value) for value in values)
    except TypeError:
        raise ValueError(f"got {name} {values!r}, wanted a tuple of whole numbers") from None


@dataclass(frozen=True, slots=True)
class Experiment:
    """One ensemble of fully connected ReLU networks, trained side by side.

    Each network is a draw of its own: what becomes of it depends on this spec without `networks` and
    `first`, and on its number.

    Attributes:
        dataset: name of a data set, as in `data.load`.
        widths: hidden layer widths, (500, 300) for 784-500-300-10.
        output: activation of the last layer (paper, sections 4.1, 4.2 and equation 1).
        loss: mean squared error (equation 2), binary cross entropy or cross entropy.
        protocol: how a network draws its initial weights, see `models.initialisation`.
        networks: how many networks, a multiple of 4.
        first: number of the first network, a multiple of 4. A network's number decides its seeds and,
            under std and var, its model index i.
        epochs: passes over the training set.
        batch: samples in a minibatch; the last one of an epoch may be smaller.
        learning_rate: Adam's step size. 1e-3 is Adam's own default, the paper names none.
        precision: arithmetic of the matrix products, see `models.backend`.
        seed: of all networks' seeds.
        checkpoints: epochs after which the weights are kept, besides the last.
    """

    dataset: str
    widths: tuple[int, ...]
    output: str = "linear"
    loss: str = "mse"
    protocol: str = "he"
    networks: int = 32
    first: int = 0
    epochs: int = 10
    batch: int = 100
    learning_rate: float = 1e-3
    precision: str = "fp32"
    seed: int = 0
    checkpoints: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in (
            ("output", OUTPUTS),
            ("loss", LOSSES),
            ("protocol", PROTOCOLS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"got {name} {getattr(self, name)!r}, wanted one of {', '.join(allowed)}")
        # Numbers are brought to one type each, so that equal specs have equal JSON.
        for name in ("widths", "checkpoints"):
            object.__setattr__(self, name, _whole_numbers(name, getattr(self, name)))
        for name in ("networks", "first", "epochs", "batch", "seed"):
            object.__setattr__(self, name, _whole_number(name, getattr(self, name)))
        for name, least in (("networks", QUADRUPLE), ("first", 0)):
            value = getattr(self, name)
            if value < least or value % QUADRUPLE:
                raise ValueError(
                    f"got {name} {value!r}, wanted a multiple of {QUADRUPLE} of at least {least}: "
                    "networks come in quadruples, one of each model i under std and var"
                )
        for name in ("epochs", "batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"got {name} {getattr(self, name)!r}, wanted a whole number of at least 1")
        if any(width < 1 for width in self.widths):
            raise ValueError(f"got widths {self.widths}, wanted hidden layers of at least one unit each")
        if not (isinstance(self.learning_rate, int | float) and 0 < self.learning_rate < math.inf):
            raise ValueError(f"got learning_rate {self.learning_rate!r}, wanted a finite number above 0")
        object.__setattr__(self, "learning_rate", float(self.learning_rate))
        if any(not 0 <= epoch <= self.epochs for epoch in self.checkpoints):
            raise ValueError(
                f"got checkpoints {self.checkpoints}, wanted epochs between 0 and epochs={self.epochs}"
            )
        object.__setattr__(self, "checkpoints", tuple(sorted(set(self.checkpoints))))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of every network, in the order of the ensemble axis."""
        return tuple(range(self.first, self.first + self.networks))

    @property
    def populations(self) -> tuple[int, ...]:
        """The paper's model indices i that differ in how they draw: one population under he, else four."""
        return (0,) if self.protocol == "he" else tuple(range(QUADRUPLE))

    @property
    def groups(self) -> tuple[int, ...]:
        """The population of every network."""
        count = len(self.populations)
        return tuple(number % count for number in self.numbers)

    @property
    def setting(self) -> str:
        """How tests and verdicts name this experiment: "mnist-5k-500-300-std"."""
        return "-".join([self.dataset, *map(str, self.widths), self.protocol])

    @property
    def name(self) -> str:
        """The setting with output and loss, unique among the default experiments."""
        return f"{self.setting} {self.output} {self.loss}"

    def as_json(self) -> str:
        """The spec as one canonical line."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
