"""What several claims share: the words of their rules, with the margins' numbers, and their form."""

from __future__ import annotations

from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import ABOVE_CHANCE, EQUAL_LOSS, MODEL_SHARE, NEAR_ZERO, SHARE
from claims.core.verdict import Region

__all__ = [
    "ABOVE_CHANCE_RULE",
    "CERTIFIED",
    "COUNT",
    "EACH",
    "OF_ITS_STEPS",
    "PROVED",
    "SETTLED",
    "UNRESOLVED",
    "both_sides",
    "equal_losses",
    "sigma_effect",
]

PROVED = Region(low=1.0)
"""The region of a claim that proofs decide: the share of checks that came out true is one."""

UNRESOLVED = "one that may still change, or diverged, counts against each bound"
SETTLED = (
    "an end is where a full-batch descent from the last epoch ends with a certificate; without a conclusive "
    "one the training loss may end anywhere below, and nothing is known of labels; where there is no "
    "descent, it is where the curve stands, give or take twice what a power law through T/4, T/2 and T leaves"
)
CERTIFIED = (
    "judged where a full-batch descent ends with a certificate; without a conclusive one nothing is known "
    "of a network"
)
OF_ITS_STEPS = (
    "which of the minima of equal loss a network reaches depends on the steps of its descent too, here "
    "damped alike in all weights"
)
COUNT = f"exact binomial bounds; {UNRESOLVED}; {SETTLED}"
EACH = f"{SHARE:g} or more, and under std and var {MODEL_SHARE:g} or more for every model i by itself"
_EQUAL_RULE = (
    f"share of networks whose final training l all lie within {EQUAL_LOSS:g} of each other, in the "
    "fullest such window; lower bound by the sample's range (Wilks, union bound over where it begins), upper "
    f"bound by the exact binomial; {UNRESOLVED}; {SETTLED}; equal where the share is {SHARE:g} or more"
)
_SIGMA_RULE = (
    "largest |median difference of final training l| between two models i, by pairs of networks of one "
    f"quadruple, all six pairs; exact bounds from order statistics, simultaneous; {UNRESOLVED}; {SETTLED}"
)
ABOVE_CHANCE_RULE = (
    f"applies where half of the networks label the training set better than the largest class by "
    f"{ABOVE_CHANCE:g} or more"
)


def _reaches_zero(
    id: str, statement: str, place: str, figures: tuple[int, ...], side: str, beside: str = ""
) -> Claim:
    """All models end near zero loss on this side."""
    return Claim(
        id=id,
        statement=statement,
        place=place,
        figures=figures,
        kind=Kind.EMPIRICAL,
        rule=f"share of networks with final {side} l = L/L0 at or below {NEAR_ZERO:g}; {COUNT}; true "
        f"where the share is {EACH}",
        region=Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.GENERALISATION if side == "test" else Topic.TRAINED,
        beside=beside,
    )


def both_sides(id: str, networks: str, place: str, figures: tuple[int, ...]) -> tuple[Claim, Claim]:
    """The claim on the training loss, and the figure's lower panel."""
    return (
        _reaches_zero(
            id, f"{networks}: all models reach near zero training loss", place, figures, "training"
        ),
        _reaches_zero(
            f"{id}-test", f"{networks}: all models reach near zero test loss", place, figures, "test", id
        ),
    )


def equal_losses(
    id: str, statement: str, place: str, figures: tuple[int, ...], *, different: bool = False
) -> Claim:
    """All models end with the same training loss, or with different ones."""
    return Claim(
        id=id,
        statement=statement,
        place=place,
        figures=figures,
        kind=Kind.EMPIRICAL,
        rule=_EQUAL_RULE + (", different where it is less" if different else ""),
        region=Region(high=SHARE) if different else Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    )


def sigma_effect(
    id: str, statement: str, place: str, figures: tuple[int, ...], *, different: bool = False
) -> Claim:
    """Whether the loss reached depends on the sigma of the initial weights."""
    return Claim(
        id=id,
        statement=statement,
        place=place,
        figures=figures,
        kind=Kind.EMPIRICAL,
        rule=_SIGMA_RULE
        + (
            f"; an effect where it is {EQUAL_LOSS:g} or more" if different else f"; none up to {EQUAL_LOSS:g}"
        ),
        region=Region(low=EQUAL_LOSS) if different else Region(high=EQUAL_LOSS),
        unit="gap in L/L0",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    )
