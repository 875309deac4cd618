"""The paper's nine figures: which of our runs redraws which."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reports.options import PROTOCOLS

__all__ = ["PAPER", "PaperFigure", "Subject", "figures_of", "subject"]

_NAME = re.compile(
    r"(?P<dataset>.+?)-(?P<widths>\d+(?:-\d+)*)-(?P<protocol>std|var|he) (?P<output>\w+) (?P<loss>\w+)"
)
_OUTPUTS = {"linear": "linear output", "softmax": "softmax output", "relu": "ReLU output"}
_LOSSES = {"mse": "squared error", "bce": "binary cross entropy", "ce": "cross entropy"}


@dataclass(frozen=True, slots=True, order=True)
class Subject:
    """What an experiment trains, read from its name."""

    dataset: str
    widths: str
    output: str
    loss: str
    protocol: str

    @property
    def network(self) -> str:
        """All but the protocol, for people."""
        output, loss = _OUTPUTS.get(self.output, self.output), _LOSSES.get(self.loss, self.loss)
        return f"{self.dataset}, hidden layers {self.widths}, {output}, {loss}"

    @property
    def rank(self) -> int:
        """Of its protocol, for sorting."""
        return PROTOCOLS.index(self.protocol)


def subject(name: str | None) -> Subject | None:
    """What the experiment of this name trains, or None for a name of another form."""
    match = _NAME.fullmatch(name or "")
    return Subject(**match.groupdict()) if match else None


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """One of the paper's figures.

    Attributes:
        number: in the paper.
        kind: "curves" or "agreement", the drawing that redraws it.
        widths, output, loss, boston: the network it shows.
        title: what it shows, in the paper's words.
    """

    number: int
    kind: str
    widths: str
    output: str
    loss: str
    title: str
    boston: bool = False

    def shows(self, of: Subject) -> bool:
        """Whether a run of this subject redraws the figure."""
        return (of.widths, of.output, of.loss, of.dataset == "boston") == (
            self.widths,
            self.output,
            self.loss,
            self.boston,
        )


PAPER = (
    PaperFigure(
        1, "curves", "500", "linear", "mse", "Training and test error, one hidden layer of 500 units"
    ),
    PaperFigure(
        2, "agreement", "500", "linear", "mse", "Training samples labelled identically and not, 500 units"
    ),
    PaperFigure(
        3, "curves", "500-300", "linear", "mse", "Training and test error, hidden layers of 500 and 300 units"
    ),
    PaperFigure(4, "curves", "10-10", "linear", "mse", "Training and test error, 10-10 hidden units"),
    PaperFigure(5, "curves", "500", "softmax", "mse", "Training and test error with softmax, 500 units"),
    PaperFigure(
        6, "curves", "500-300", "softmax", "mse", "Training and test error with softmax, 500 and 300 units"
    ),
    PaperFigure(
        7, "agreement", "500-300", "softmax", "mse", "Samples labelled identically and not, with softmax"
    ),
    PaperFigure(
        8,
        "curves",
        "50",
        "linear",
        "mse",
        "Training and test error on the Boston table, 50 units",
        boston=True,
    ),
    PaperFigure(9, "curves", "500", "linear", "bce", "Training and test error with binary cross entropy"),
)


def figures_of(place: str) -> list[int]:
    """The numbers of the paper's figures that a claim's place names: "figures 1 and 3" gives [1, 3]."""
    found = re.findall(r"figures? (\d+(?:(?:, | and |, and )\d+)*)", place)
    return [int(number) for text in found for number in re.findall(r"\d+", text)]
