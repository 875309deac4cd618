"""Every network has two seeds of its own, named by the spec's seed and its number alone."""

from __future__ import annotations

import numpy as np

from models.parts.seeds import initial_seeds, order_seeds, seed_of


def test_no_two_networks_share_a_seed():
    """Over numbers, purposes and seeds of the spec."""
    seeds = [of(seed, range(200)) for of in (initial_seeds, order_seeds) for seed in range(3)]
    assert all(part.dtype == np.int64 and (part >= 0).all() for part in seeds)
    assert len(np.unique(np.concatenate(seeds))) == 2 * 3 * 200


def test_a_networks_seeds_do_not_depend_on_its_company():
    """Number 13 has the same seeds in any run."""
    for of in (initial_seeds, order_seeds):
        assert of(7, range(12, 16))[1] == of(7, range(96))[13] == of(7, [13])[0]


def test_streams_are_told_apart_by_every_part_of_their_name():
    """Nor do parts run into each other: (1, 23) is not (12, 3)."""
    names = [(1, 23), (12, 3), (1, 2, 3), (123,), (23, 1)]
    assert len({seed_of(*name) for name in names}) == len(names)
    assert all(0 <= seed_of(*name) < 2**63 for name in names)
