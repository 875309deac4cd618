"""Section 2.2: what is said of ReLU networks by way of linear ones."""

from __future__ import annotations

from claims.catalogue.sections.rules import PROVED
from claims.core.claim import Claim, Kind, Topic
from claims.core.margins import RESCALED
from claims.core.verdict import Region

__all__ = ["CLAIMS"]

CLAIMS = (
    Claim(
        id="N1",
        statement="ReLU networks with squared loss: every local minimum is global",
        place="section 1 and 2.2",
        kind=Kind.THEOREM,
        rule="an exact local minimum with exact weights of smaller loss refutes; labels that one "
        "constant fits exactly support, because the loss is convex in the output layer",
        region=PROVED,
        unit="share of minima",
        paper="yes",
        topic=Topic.RELU,
        central=True,
    ),
    Claim(
        id="N2",
        statement="Over Bernoulli path activations, the loss is a rescaled deep linear loss",
        place="section 2.2; Kawaguchi 2016, corollary 3.2",
        kind=Kind.THEOREM,
        rule="relative difference from the deep linear loss of weights rescaled by the activation rate: "
        "exact on small networks, by Monte Carlo with a t-interval over batches of draws on larger ones; "
        "two readings: the "
        "expectation inside the square (the corollary's) and of the square; n counts batches of draws",
        region=Region(high=RESCALED),
        unit="relative difference",
        paper="assumed",
        topic=Topic.RELU,
    ),
)
