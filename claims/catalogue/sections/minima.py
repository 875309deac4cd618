"""Sections 1 and 2: what is said of minima, asked of the points where training ends."""

from __future__ import annotations

from claims.catalogue.sections.rules import EACH, UNRESOLVED
from claims.core.claim import Claim, Kind, Leg, Topic
from claims.core.margins import EQUAL_LOSS, NEAR_ZERO, SHARE
from claims.core.verdict import Region

__all__ = ["CLAIMS"]

CLAIMS = (
    Claim(
        id="E11",
        statement="Every network ends at a global minimum of the training loss",
        place="section 1; sections 4.1 to 4.5",
        kind=Kind.EMPIRICAL,
        rule="share of networks that end, after a full-batch descent from the last epoch, with training l at "
        f"or below {NEAR_ZERO / 10:g}, which no weights undercut by more; one with a certificate of another "
        "minimum, of a kink or of dead units is none where another network of the run has l lower by more "
        f"than {NEAR_ZERO / 10:g}; all others are open; exact binomial bounds; {UNRESOLVED}; true where the "
        f"share is {EACH}",
        region=Region(low=SHARE),
        unit="share of networks",
        paper="yes",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
    Claim(
        id="E12",
        statement="From the same initial weights every optimiser ends at the same loss",
        place="section 1; the paper trains with one optimiser",
        kind=Kind.EMPIRICAL,
        rule="share of seeds whose networks, led from the same initial weights by different optimisers and "
        f"then by full-batch descent, all end with training l within {EQUAL_LOSS:g} of each other; a "
        "certified network ends where it is, any other anywhere from 0 to there; exact binomial bounds; "
        f"{UNRESOLVED}; true where the share is {EACH}",
        region=Region(low=SHARE),
        unit="share of seeds",
        paper="open",
        since=3,
        leg=Leg.END,
        topic=Topic.TRAINED,
    ),
)
