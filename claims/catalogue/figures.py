"""The paper's nine figures: which network each shows, and what of it."""

from __future__ import annotations

from dataclasses import dataclass

from claims.core.origin import Subject

__all__ = ["BOSTON", "PAPER", "PaperFigure"]

BOSTON = "boston"


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """One of the paper's figures: its number, the kind of drawing that redraws it, the network it shows, what
    it shows in the paper's words, and in ours what the paper reads off it. All but one, of the Boston table,
    are of MNIST."""

    number: int
    kind: str
    network: str
    output: str
    loss: str
    title: str
    description: str
    boston: bool = False

    def shows(self, of: Subject) -> bool:
        """Whether a run of this subject redraws the figure."""
        mine = (self.network, self.output, self.loss, self.boston)
        return (of.network, of.output, of.loss, of.dataset == BOSTON) == mine


_ERRORS, _SAMPLES = "Training and test error", "Training samples labelled identically and not"

PAPER = (
    PaperFigure(
        1, "curves", "500", "linear", "mse", f"{_ERRORS}, one hidden layer of 500 units",
        "Training error above, test error below, epoch by epoch, of four networks that differ in the scale"
        " of their initial weights alone. The paper sees all of them converge quickly towards zero on both"
        " sets, and takes zero for the global minimum.",
    ),
    PaperFigure(
        2, "agreement", "500", "linear", "mse", f"{_SAMPLES}, 500 units",
        "For every two of the networks of figure 1, how many training samples they give the same label, "
        "above, and how many they do not, below. At the beginning they disagree more and more; at red "
        "lines that turns, and from there on they agree more and more.",
    ),
    PaperFigure(
        3, "curves", "500-300", "linear", "mse", f"{_ERRORS}, hidden layers of 500 and 300 units",
        "The learning curves of figure 1 for two hidden layers. With both figures before it the paper "
        "concludes that all models converge to the global minimum.",
    ),
    PaperFigure(
        4, "curves", "10-10", "linear", "mse", f"{_ERRORS}, 10-10 hidden units",
        "Training error of a network that is too small to overfit. It behaves as the large ones do, so "
        "that overfitting is not the reason; the paper then doubts its own method.",
    ),
    PaperFigure(
        5, "curves", "500", "softmax", "mse", f"{_ERRORS} with softmax, 500 units",
        "The networks of figure 1 with a softmax output. Convergence is much slower, the paper says, and "
        "the four networks do not reach the same loss.",
    ),
    PaperFigure(
        6, "curves", "500-300", "softmax", "mse", f"{_ERRORS} with softmax, 500 and 300 units",
        "The same with two hidden layers, and the same reading: slower, and to different losses.",
    ),
    PaperFigure(
        7, "agreement", "500-300", "softmax", "mse", "Samples labelled identically and not, with softmax",
        "Labels of every two of the networks of figure 6. Pairs usually disagree: of the six only models 2"
        " and 3, the blue line, come to agree.",
    ),
    PaperFigure(
        8, "curves", "50", "linear", "mse", f"{_ERRORS} on the Boston table, 50 units",
        "A regression in place of digits. Training and test error converge towards zero here too.",
        boston=True,
    ),
    PaperFigure(
        9, "curves", "500", "linear", "bce", f"{_ERRORS} with binary cross entropy",
        "The network of figure 1, trained with another loss. Its caption says that all models converge to "
        "the same minimum; the text beside it sees two groups, models 0 and 1 and models 2 and 3, which "
        "might meet with more iterations.",
    ),
)  # fmt: skip
