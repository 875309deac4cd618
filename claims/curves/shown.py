"""Which quantity and which recorded fields a claim's plot shows; one that says nothing shows its losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from claims.catalogue import CATALOGUE, Kind
from claims.core.margins import EQUAL_LOSS, HALF_LABELS, HALF_LOSS, NEAR_ZERO, SAME_LABELS, TENTH_LOSS

__all__ = ["Level", "Shown", "shown"]


@dataclass(frozen=True, slots=True)
class Level:
    """A line across a plot: where, and the word beside it."""

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What a claim's plot shows.

    Attributes:
        judged: the quantity of the rule at any moment, a function of `claims.curves.quantities`; "" where it
            is of the whole course.
        name: of what is estimated, in words.
        behind: recorded fields that it is computed from; losses are shown over L0, labels as shares.
        level: of the first of these fields, where the rule draws a line.
        overlaid: several runs in one plot, a line each, in place of a line a model i.
        early: whether the first epochs tell, which are then spread out.
        highest: whether the quantity is judged at the epoch where it is highest, not at the end.
    """

    judged: str = ""
    name: str = ""
    behind: tuple[str, ...] = ("train_loss",)
    level: Level | None = None
    overlaid: bool = False
    early: bool = False
    highest: bool = False


_LOW = NEAR_ZERO / 10
_ZERO = Level(NEAR_ZERO, f"near zero: {NEAR_ZERO:g}")
_ARRIVED = Shown("arrived", f"share of networks at l <= {NEAR_ZERO:g}", level=_ZERO)
_ON_TEST = replace(
    _ARRIVED,
    judged="arrived_on_test",
    name=f"share of networks at test l <= {NEAR_ZERO:g}",
    behind=("test_loss",),
)
_EQUAL = Shown("largest_window", f"share of networks within {EQUAL_LOSS:g} of each other in l")
_GAP = Shown("gap", "largest |median difference of l| between two models i")
_SIDE = Shown(
    "same_side",
    f"share of seeds with both networks at l <= {NEAR_ZERO:g}, or neither",
    overlaid=True,
    level=_ZERO,
)
_SPEED = Shown(
    name="minibatch steps with softmax over steps without, median over seeds", overlaid=True, early=True
)
_LABELS = Shown(behind=("train_agreement",), level=Level(SAME_LABELS, f"the same labels: {SAME_LABELS:g}"))
_HALF = Level(HALF_LABELS, f"one half: {HALF_LABELS:g}")

_SHOWN: Mapping[str, Shown] = {
    **dict.fromkeys(("E1", "E4", "E9"), _ARRIVED),
    **dict.fromkeys(("E1-test", "E4-test", "E9-test"), _ON_TEST),
    **dict.fromkeys(("E2", "E7", "E10"), _EQUAL),
    **dict.fromkeys(("E2-sigma", "E7-sigma", "E10-sigma"), _GAP),
    "E3": Shown("", "share of pairs that fall by a point, then rise", ("train_agreement",), early=True),
    "E5": _SIDE,
    "E5-test": replace(
        _SIDE,
        judged="same_side_on_test",
        name=f"share of seeds with both networks at test l <= {NEAR_ZERO:g}, or neither",
        behind=("test_loss",),
    ),
    "E6": replace(_SPEED, level=Level(HALF_LOSS, f"time is taken at {HALF_LOSS:g}")),
    "E8": Shown(
        "agreement", "median share of labels alike, disjoint pairs", ("train_agreement",), highest=True
    ),
    "E8-one": Shown(
        "agreeing_models", f"pairs of models i, j that agree on more than {HALF_LABELS:g}",
        ("train_agreement",), _HALF,
    ),
    "E10-groups": Shown("apart", "room left to two groups, in l"),
    "E10-merge": Shown("gap_across", "largest |median difference of l| across the groups"),
    "E11": Shown(
        "certified_low", f"share of networks at l <= {_LOW:g}",
        level=Level(_LOW, f"a global minimum: {_LOW:g}"),
    ),
    "E12": Shown(
        "same_end", f"share of seeds within {EQUAL_LOSS:g} in l whatever the optimiser", overlaid=True
    ),
    "M1": Shown("ranks_alike", "median tau, units as they stand", ("weight_distance", "weights_differ")),
    "M2": replace(
        _LABELS,
        judged="same_labels",
        name=f"share of pairs alike on {SAME_LABELS:g} of the labels, train or test, the smaller",
        behind=("train_agreement", "test_agreement"),
    ),
    "D1": replace(_SPEED, level=Level(TENTH_LOSS, f"time is taken at {TENTH_LOSS:g}")),
    "D2": Shown(
        "arrived_in_each", f"share of networks at l <= {NEAR_ZERO:g}, the least of the three",
        overlaid=True, level=_ZERO,
    ),
    "D3": replace(
        _LABELS, judged="alike_labelling", name="share alike of the pairs that end with equal training loss"
    ),
    "D4": Shown(
        "alike_generalising",
        f"share within {EQUAL_LOSS:g} in test l of the pairs that end with equal training loss",
        ("test_loss",),
    ),
    "D5": Shown(
        "accuracy_drop", "median test accuracy without softmax less with it", ("test_accuracy",),
        overlaid=True,
    ),
    "D6": Shown(
        "different_ends", "share of seeds with one loss near zero and another above",
        overlaid=True, level=_ZERO,
    ),
    "D7": Shown(
        "", "largest |median difference of test accuracy| at equal training loss",
        ("test_accuracy", "train_loss"), overlaid=True,
    ),
    "D8": Shown(behind=()),
    "D9": Shown(
        name="networks proved to end with a silent layer", overlaid=True,
        level=Level(1.0, "a silent layer leaves l = 1"),
    ),
    "N3": Shown(name="verdicts that a ReLU on the output changes", overlaid=True),
}  # fmt: skip

_TRAINED = (Kind.EMPIRICAL, Kind.METRIC, Kind.DISCUSSION)


def shown(id: str) -> Shown:
    """What the plot of the claim with this id shows; of one that is not in the catalogue, its losses."""
    known = CATALOGUE.get(id)
    other = Shown() if known is None or known.kind in _TRAINED else Shown(behind=())
    return _SHOWN.get(id, other)
