"""The paper's nine figures: which network each shows, and what of it."""

from __future__ import annotations

from dataclasses import dataclass

from claims.core.origin import Subject

__all__ = ["BOSTON", "PAPER", "PaperFigure"]

BOSTON = "boston"


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """One of the paper's figures: its number, the kind of drawing that redraws it, the network it shows, and
    what it shows in the paper's words. All but the one of the Boston table are of MNIST."""

    number: int
    kind: str
    network: str
    output: str
    loss: str
    title: str
    boston: bool = False

    def shows(self, of: Subject) -> bool:
        """Whether a run of this subject redraws the figure."""
        mine = (self.network, self.output, self.loss, self.boston)
        return (of.network, of.output, of.loss, of.dataset == BOSTON) == mine


_ERRORS, _SAMPLES = "Training and test error", "Training samples labelled identically and not"

PAPER = (
    PaperFigure(1, "curves", "500", "linear", "mse", f"{_ERRORS}, one hidden layer of 500 units"),
    PaperFigure(2, "agreement", "500", "linear", "mse", f"{_SAMPLES}, 500 units"),
    PaperFigure(3, "curves", "500-300", "linear", "mse", f"{_ERRORS}, hidden layers of 500 and 300 units"),
    PaperFigure(4, "curves", "10-10", "linear", "mse", f"{_ERRORS}, 10-10 hidden units"),
    PaperFigure(5, "curves", "500", "softmax", "mse", f"{_ERRORS} with softmax, 500 units"),
    PaperFigure(6, "curves", "500-300", "softmax", "mse", f"{_ERRORS} with softmax, 500 and 300 units"),
    PaperFigure(
        7, "agreement", "500-300", "softmax", "mse", "Samples labelled identically and not, with softmax"
    ),
    PaperFigure(8, "curves", "50", "linear", "mse", f"{_ERRORS} on the Boston table, 50 units", boston=True),
    PaperFigure(9, "curves", "500", "linear", "bce", f"{_ERRORS} with binary cross entropy"),
)
