"""What a training wants of a node's memory: above what it takes, and not many times as much."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from data import entry
from models.cluster import memory
from models.cluster.memory import estimate, free, human
from models.descent.newton import systems
from models.experiment import Experiment
from models.second_leg.descent import Descent
from tests.helpers.specs import mlp

MEASURE = """
import json, resource, sys, tempfile
from pathlib import Path
import psutil
import models.engines.trainer, models.engines.mlp.engine, models.second_leg.descender
from data import load
from models.backend import resolve_backend
from models.runs.store import RunStore
from models.second_leg.descent import spec_of

spec = spec_of(json.loads(sys.argv[1]))
store = RunStore(Path(sys.argv[2]), threads=1, checkpoint_seconds=0)
data, cpu = load(spec.data), resolve_backend("cpu")
before = psutil.Process().memory_info().rss
store.get(spec, data, cpu)
status = Path("/proc/self/status")


def peak():
    # Linux counts in a process's usage what its parent had before it became another program.
    if status.exists():
        lines = status.read_text().splitlines()
        return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


print(json.dumps([before, peak()]))
"""
"""Bytes of a process before it trains, and at most."""

SPECS = {
    "a training": mlp("boston", (300, 200), networks=16, epochs=2, batch=404, checkpoints=(1,)),
    "a descent": Descent(mlp("mnist-1k", (13,), networks=4), start="initial", steps=1, products=10),
}


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not say how much a process took at most")
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_the_estimate_is_above_what_it_takes(spec, tmp_path):
    """Measured in a process of its own; and its libraries fit into what is counted for them."""
    command = [sys.executable, "-c", MEASURE, json.dumps(spec.as_json()), str(tmp_path)]
    before, most = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=170).stdout)
    assert before <= memory._BASE
    wanted = estimate(spec, entry(spec.data))
    assert most - before <= wanted <= 4 * most


def weights(spec: Experiment) -> int:
    """Bytes of all its networks' weights and Adam's moments."""
    of = entry(spec.data)
    shapes = spec.network.parameters(of.sample_shape, of.outputs).values()
    return 3 * 4 * spec.networks.count * sum(shape.shape[0] * (*shape.shape, 1)[1] for shape in shapes)


@pytest.mark.parametrize("data", ["boston", "mnist-1k", "mnist"])
@pytest.mark.parametrize("widths", [(10,), (500, 300)])
def test_it_is_above_the_arrays_and_grows(data, widths):
    """With networks, kept epochs and samples; a descent's with threads."""
    of, spec = entry(data), mlp(data, widths, networks=8)
    assert estimate(spec, of) > weights(spec) + 4 * (of.train + of.test) * of.d_x
    more = mlp(data, widths, networks=64, checkpoints=(1, 2))
    assert estimate(more, of) - estimate(spec, of) > weights(more) - weights(spec)
    assert estimate(mlp(data, widths, networks=64), of) < estimate(more, of)
    descent = Descent(spec)
    assert estimate(descent, of, threads=2) > estimate(descent, of, threads=1)
    assert estimate(descent, of, threads=3) == estimate(descent, of, threads=2), "it has two quadruples"
    larger = replace(of, train=of.train + 1000)
    for one in (spec, descent):
        assert estimate(one, larger) > estimate(one, of)


def test_a_kernel_counts_where_it_is_formed():
    """As the systems choose; on all digits it would take more than any machine has."""
    assert memory._KERNEL == systems._SAMPLES
    digits = mlp("mnist", (500,), networks=4)
    assert estimate(Descent(digits), entry("mnist")) < 40e9
    few, many = mlp("mnist-1k", (12,), networks=4), mlp("mnist-1k", (13,), networks=4)  # 9,550 and 10,345
    of = entry("mnist-1k")
    assert of.train * of.outputs == 10_000
    assert estimate(Descent(many), of) - estimate(Descent(few), of) > 4 * memory._MATRICES * of.train**2


def test_words():
    """Bytes for people; and there is some memory here."""
    assert human(3_210_000_000) == "3.2 GB"
    assert free() > 0
