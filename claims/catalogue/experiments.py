"""Which experiments the claims are judged on, at each scale.

The paper leaves epochs, batch size and learning rate open. A scale fixes them
once for all claims; it is chosen by `--scale` and printed with the verdicts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from claims.core.margins import NETWORKS
from models.experiment import Experiment

__all__ = [
    "BCE_500",
    "BOSTON_50",
    "CE_500",
    "LINEAR_10_10",
    "LINEAR_500",
    "LINEAR_500_300",
    "RELU_500",
    "RELU_500_300",
    "SCALES",
    "SOFTMAX_500",
    "SOFTMAX_500_300",
    "Network",
    "Scale",
    "chosen_scale",
]


DIGITS = "digits"
"""The data of a network that trains on the scale's digits; another one names its data set."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the paper trains: hidden widths, output, loss; on the digits unless it names another data set."""

    widths: tuple[int, ...]
    output: str = "linear"
    loss: str = "mse"
    data: str = DIGITS

    @property
    def name(self) -> str:
        """Unique among the networks below: "500-300 softmax mse"."""
        return f"{'-'.join(map(str, self.widths))} {self.output} {self.loss}"


LINEAR_500 = Network((500,))
LINEAR_500_300 = Network((500, 300))
LINEAR_10_10 = Network((10, 10))
SOFTMAX_500 = Network((500,), "softmax")
SOFTMAX_500_300 = Network((500, 300), "softmax")
# Equation (1) read literally: a ReLU on the output as well.
RELU_500 = Network((500,), "relu")
RELU_500_300 = Network((500, 300), "relu")
BOSTON_50 = Network((50,), data="boston")
# Section 4.5 names no architecture for the cross-entropy runs; the first one serves.
BCE_500 = Network((500,), loss="bce")
CE_500 = Network((500,), "softmax", "ce")


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes of the experiments; how many networks is the design's (`claims.core.design`).

    Attributes:
        digits: data set of the MNIST claims.
        batch: minibatch; 32 is the default of Keras, which the paper used, 128 that of its MNIST examples.
        epochs: by protocol. `he` is trained longer at the quick scale because it settles within reach
            there, while the paper's two protocols do not settle in any budget of minutes; no verdict
            compares one protocol with another.
        narrow: times as many epochs for the 10-10 networks, which are cheap and slow to settle.
        boston: epochs on the Boston table, 404 samples to MNIST's thousands.
    """

    name: str
    digits: str
    batch: int
    epochs: Mapping[str, int]
    narrow: int
    boston: int

    @property
    def sizes(self) -> dict[str, dict[str, int]]:
        """Training and test samples of the data sets, for the report."""
        from data import entry  # and with it numpy, which the pytest plugin starts without

        return {name: entry(name).sizes for name in (self.digits, BOSTON_50.data)}

    def experiment(
        self,
        network: Network,
        protocol: str,
        *,
        first: int = 0,
        networks: int = NETWORKS,
        precision: str = "fp32",
        seed: int = 0,
    ) -> Experiment:
        """The spec of so many networks, from number `first` on, under a protocol at this scale."""
        if on_digits := network.data == DIGITS:
            epochs = self.epochs[protocol] * (self.narrow if max(network.widths) <= 10 else 1)
        else:
            epochs = self.boston
        return Experiment(
            dataset=self.digits if on_digits else network.data,
            widths=network.widths,
            output=network.output,
            loss=network.loss,
            protocol=protocol,
            networks=networks,
            first=first,
            epochs=epochs,
            batch=self.batch if on_digits else 32,
            precision=precision,
            seed=seed,
        )


SCALES = {
    "quick": Scale(
        "quick",
        digits="mnist-1k",
        batch=32,
        epochs={"std": 3, "var": 3, "he": 12},
        narrow=3,
        boston=400,
    ),
    "paper": Scale(
        "paper",
        digits="mnist",
        batch=128,
        epochs={"std": 20, "var": 20, "he": 20},
        narrow=3,
        boston=1_000,
    ),
}


def chosen_scale(name: str, data: str | None = None) -> Scale:
    """The scale with this name; with `data`, a set's name or a .npz file, on that in place of its digits."""
    if data is None:
        return SCALES[name]
    from data import add

    return replace(SCALES[name], digits=add(data))
