"""What three machines ask of an object store is counted, on networks that take no time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claims.catalogue.experiments import BOSTON_50
from claims.catalogue.scales import SCALES
from models.experiment import Budget


def test_both_legs_are_counted_by_machine(tmp_path):
    """The second leg's node and the driver get the runs that others put; nothing is put twice."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install -e '.[objects]'")
    from benchmarks.cluster_costs import counted

    first = replace(SCALES["quick"].experiment(BOSTON_50, "he", networks=4), budget=Budget(3, 32))
    second = replace(SCALES["quick"].descent(first), products=20)
    found = counted(first, second, tmp_path, "memory://counted")
    sizes = found["bytes"]
    put = {leg: found[leg]["asked"]["run"]["bytes put"] for leg in ("first", "second")}
    assert put == sizes
    assert found["second"]["asked"]["run"]["bytes got"] == sizes["first"]
    assert found["first"]["asked"]["lease"]["delete"] == 1
    assert found["driver"]["asked"]["data"]["put"] == 1
    got = found["driver"]["asked"]["run"]["bytes got"]
    assert sum(sizes.values()) <= got < sum(sizes.values()) + 10_000  # small files may be asked for twice
