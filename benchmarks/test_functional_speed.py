"""An epoch of the functional engine beside plain torch.func.vmap, an ordinary loop, and the fast engine.

`python -m pytest benchmarks/test_functional_speed.py -p no:xdist`; a round of pytest-benchmark runs every
contender once, in turn.
"""

from __future__ import annotations

import os

import pytest

from benchmarks.alternating import Seconds, alternate, medians, paired_ratio
from benchmarks.contenders import CONTENDERS
from benchmarks.works import GENERAL, all_digits

BY_NAME = {work.name.replace(" ", "-"): work for work in GENERAL}


@pytest.mark.parametrize("name", BY_NAME)
def test_an_epoch(name: str, benchmark, functional_figures):
    """Seconds of an epoch by contender."""
    work = BY_NAME[name]
    epochs = {name: CONTENDERS[name](work.spec, all_digits(), work.numbers).epoch for name in work.contenders}
    rounds: list[dict[str, Seconds]] = []
    benchmark.pedantic(lambda: rounds.append(alternate(epochs)), rounds=work.rounds, warmup_rounds=1)
    rounds = rounds[-work.rounds :]  # the first was the warm-up
    ratios = {name: paired_ratio(rounds, name, "functional") for name in epochs if name != "functional"}
    figures = {
        "general work": work.name,
        "models": work.members,
        "batch": work.batch,
        "seconds": {name: seconds.wall for name, seconds in medians(rounds).items()},
        "times_faster_than": {name: ratio.wall for name, ratio in ratios.items()},
        "times_less_work_than": {name: ratio.processor for name, ratio in ratios.items()},
        "load": os.getloadavg()[0],
    }
    benchmark.extra_info |= figures
    functional_figures.append(figures)
    assert all(seconds.wall > 0 for row in rounds for seconds in row.values())
