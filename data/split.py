"""A fixed order of the samples that does not depend on any library's random generator."""

from __future__ import annotations

from hashlib import sha256

import numpy as np

from data.dataset import Array

__all__ = ["SEED", "hashed_order", "split", "split_share"]

SEED = "landscape-claims"


def hashed_order(indices: list[int], seed: str = SEED) -> list[int]:
    """The indices sorted by the SHA-256 of "seed:index": a shuffle that is the same everywhere."""
    return sorted(indices, key=lambda index: sha256(f"{seed}:{index}".encode()).digest())


def split(groups: Array, test: int, seed: str = SEED) -> tuple[Array, Array]:
    """Indices (train, test), int64, with `test` samples of every group in the test part.

    Args:
        groups: [m] labels to stratify by; all equal for a plain split.
        test: samples of each group that go to the test part.

    Both parts come in hashed order, so that consecutive samples are of mixed groups.
    """
    held_out: list[int] = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group).tolist()
        if len(members) <= test:
            raise ValueError(
                f"got {len(members)} samples of group {group}, wanted more than {test}: "
                "hold out fewer for the test"
            )
        held_out += hashed_order(members, seed)[:test]
    kept = sorted(set(range(len(groups))) - set(held_out))
    return (
        np.array(hashed_order(kept, seed), dtype=np.int64),
        np.array(hashed_order(held_out, seed), dtype=np.int64),
    )


def split_share(groups: Array, share: int, seed: str = SEED) -> tuple[Array, Array]:
    """Indices (train, test), int64, with one in `share` of every group in the test part, rounded down.

    Args:
        groups: [m] labels to stratify by, however unequal; all equal for a plain split.
        share: 5 holds out a fifth.
    """
    held_out: list[int] = []
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group).tolist()
        held_out += hashed_order(members, seed)[: len(members) // share]
    kept = sorted(set(range(len(groups))) - set(held_out))
    return (
        np.array(hashed_order(kept, seed), dtype=np.int64),
        np.array(hashed_order(held_out, seed), dtype=np.int64),
    )
