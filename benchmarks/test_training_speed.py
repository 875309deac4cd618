"""An epoch of the engine beside its peers and the machine's floor, all in one run, by two clocks.

`python -m pytest benchmarks/ -p no:xdist`; the table at the end has the medians and the
ratios. A round of pytest-benchmark runs every contender once, in turn; their own times
are in `extra_info`.
"""

from __future__ import annotations

import os

import pytest

from benchmarks.alternating import Seconds, alternate, medians, paired_ratio
from benchmarks.contenders import CONTENDERS, absent
from benchmarks.floor import epoch_floor
from benchmarks.works import WORKS, all_digits

BY_NAME = {work.name.replace(" ", "-"): work for work in WORKS}


@pytest.mark.parametrize("name", BY_NAME)
def test_an_epoch(name: str, benchmark, rates, training_figures):
    """Seconds of an epoch by contender, and of the floor."""
    work = BY_NAME[name]
    left_out = {name: reason for name in work.contenders if (reason := absent(name))}
    taking_part = {
        name: CONTENDERS[name](work.spec, all_digits(), work.numbers)
        for name in work.contenders
        if name not in left_out
    }
    epochs = {name: contender.epoch for name, contender in taking_part.items()}
    if work.evaluated:
        epochs["engine, recording"] = taking_part["engine"].evaluate
    rounds: list[dict[str, Seconds]] = []
    benchmark.pedantic(lambda: rounds.append(alternate(epochs)), rounds=work.rounds, warmup_rounds=1)
    rounds = rounds[-work.rounds :]  # the first was the warm-up
    data = all_digits()
    sizes = (data.d_x, *work.widths, data.d_y)
    floor = epoch_floor(sizes, work.members, data.n_train, work.batch, rates)
    taken = medians(rounds)
    ratios = {name: paired_ratio(rounds, name, "engine") for name in taking_part if name != "engine"}
    figures = {
        "work": work.name,
        "models": work.members,
        "batch": work.batch,
        "seconds": {name: seconds.wall for name, seconds in taken.items()},
        "processor_seconds": {name: seconds.processor for name, seconds in taken.items()},
        "floor_seconds": floor,
        "of_floor": floor / taken["engine"].wall,
        "times_faster_than": {name: ratio.wall for name, ratio in ratios.items()},
        "times_less_work_than": {name: ratio.processor for name, ratio in ratios.items()},
        "load": os.getloadavg()[0],
        "absent": left_out,
    }
    benchmark.extra_info |= figures
    training_figures.append(figures)
    assert all(seconds.wall > 0 for row in rounds for seconds in row.values())
