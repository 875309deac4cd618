"""`@claim(...)`: which claim a test judges, and what it trains, for which protocols.

    @claim("E1", LINEAR_500)
    def test_one_hidden_layer_reaches_near_zero_training_loss(judge_runs):
        judge_runs(near_zero)

The id of a claim of the paper is looked up in the catalogue; a claim of one's own is written down in its
place, `@claim(Claim(id="X1", ...), LINEAR_500)`. The declaration travels with the collected test: its id
begins with the claim's, `--claims E1` selects by it, and the fixtures that judge take the claim from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from claims.catalogue import CATALOGUE
from claims.catalogue import claim as known_claim
from claims.catalogue.experiments import Training
from claims.core.claim import Claim

if TYPE_CHECKING:
    from claims.catalogue.computed import Computed

__all__ = ["Declaration", "claim", "declaration_of"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a test says of itself.

    Attributes:
        claim: what it judges.
        alternatives: networks that it trains; each alternative is one test, and one verdict compares the
            networks of an alternative. Empty where nothing trains.
        protocols: of the initial weights that the claim speaks of, one test each; empty for every chosen one.
        variant: what stands before the setting, where the claim has other rows in the same setting.
        across: whether one verdict compares the chosen protocols, rather than one test each.
        computes: where nothing trains, describes the evidence: called by keyword with the `case` that the
            test is parametrised by, with `claim` and with `setting`. None where the test makes its own.
    """

    claim: Claim
    alternatives: tuple[tuple[Training, ...], ...] = ()
    protocols: tuple[str, ...] = ()
    variant: str = ""
    across: bool = False
    computes: Callable[..., Computed] | None = None

    @property
    def prefix(self) -> str:
        """What the test's id begins with: "E1", "N3-E1"."""
        return f"{self.claim.id}-{self.variant}" if self.variant else self.claim.id


def claim(
    of: str | Claim,
    *alternatives: Training | tuple[Training, ...],
    protocols: tuple[str, ...] = (),
    variant: str = "",
    across: bool = False,
    computes: Callable[..., Computed] | None = None,
) -> pytest.MarkDecorator:
    """Marks a test that judges a claim, once for each alternative and protocol.

    Args:
        of: the id of a claim in the catalogue, or a claim of one's own.
        alternatives: a network, or a tuple of networks that one verdict compares; none where nothing trains.
        protocols: of the initial weights, where the claim speaks of some only; else every chosen one.
        variant: what stands before the setting, where the claim has other rows in the same setting.
        across: whether one verdict compares the chosen protocols: it gets the runs of an alternative under
            each of them, protocol by protocol.
        computes: describes the evidence where nothing trains, see `Declaration`; the test judges it by
            `judge_computed`.

    Raises:
        KeyError: an id that the catalogue does not have.
        ValueError: a claim whose id is another's in the catalogue.
    """
    if isinstance(of, str):
        of = known_claim(of)
    elif CATALOGUE.get(of.id, of) != of:
        raise ValueError(
            f"got a claim with the id {of.id!r}, which is taken ({CATALOGUE[of.id].statement}), wanted "
            "another id, or the id alone to judge that claim"
        )
    each = tuple(a if isinstance(a, tuple) else (a,) for a in alternatives)
    return pytest.mark.claim(Declaration(of, each, protocols, variant, across, computes))


def declaration_of(node: pytest.Item) -> Declaration | None:
    """What a collected test, or the definition of tests to collect, says of itself."""
    marker = node.get_closest_marker("claim")
    return None if marker is None else marker.args[0]
