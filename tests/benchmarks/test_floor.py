"""The floor counts what cannot be avoided, by hand."""

from __future__ import annotations

import json

import pytest

from benchmarks.floor import Rates, epoch_floor, epoch_flops
from benchmarks.whole_job import account, against_floor, experiments_of, listed, training_floor


def test_operations_of_a_small_network():
    """3-2-1, a sample: forward 2 * 8, weights' gradient 2 * 8, back to the hidden layer 2 * 2."""
    assert epoch_flops((3, 2, 1), 10) == 10 * (16 + 16 + 4)


def test_seconds_of_a_small_network():
    """Two members, 10 samples in minibatches of 4: three steps over 11 parameters of 28 bytes each."""
    seconds = epoch_floor((3, 2, 1), 2, 10, 4, Rates(flops=100.0, bytes=50.0))
    assert seconds == pytest.approx(2 * (360 / 100 + 3 * 11 * 28 / 50))


def report(**changes):
    run = {"name": "boston-50-he linear mse", "key": "k", "trained": True, "seconds": 7.0} | changes
    tests = {"claims/test_boston.py::a[x]": 9.0, "claims/test_boston.py::b": 1.0, "claims/test_x.py::c": 2.0}
    return {"provenance": {"experiments": [run], "durations": {"total": 6.5, "tests": tests}}}


def test_the_account_splits_training_from_the_rest():
    """What tests took beyond training is proving, judging and reading; a run that was read trains none."""
    cold, warm = account(report(), 8.0), account(report(trained=False), 8.0)
    assert (cold["tests"], cold["training"], cold["proving_judging_reading"]) == (12.0, 7.0, 5.0)
    assert (warm["training"], warm["wall"], warm["pytest_wall"]) == (0, 8.0, 6.5)
    assert cold["by_file"] == {"claims/test_boston.py": 10.0, "claims/test_x.py": 2.0}


def test_the_floor_of_a_report_is_that_of_its_experiments():
    """13-50-1 on 404 samples, 400 epochs of minibatches of 32, thirty-two networks."""
    rates = Rates(1e9, 1e9)
    (spec,) = experiments_of(report(), "quick")
    assert (spec.budget.epochs, spec.budget.batch, spec.networks.count) == (400, 32, 32)
    assert training_floor([spec], rates) == pytest.approx(400 * epoch_floor((13, 50, 1), 32, 404, 32, rates))


def test_the_floor_takes_the_median_of_the_rates_that_were_measured():
    """Memory four times as fast in one of three moments changes the range, not the floor."""
    specs = experiments_of(report(), "quick")
    rates = [Rates(1e9, 1e9), Rates(1e9, 4e9), Rates(1e9, 2e9)]
    found = against_floor(120.0, specs, rates)
    low, middle, high = (training_floor(specs, Rates(1e9, memory)) for memory in (4e9, 2e9, 1e9))
    assert found["training_floor"] == middle
    assert found["training_floor_range"] == [low, high]
    assert found["cold_over_floor_less_20_s"] == 100 / middle
    assert found["cold_over_floor_less_20_s_range"] == [100 / high, 100 / low]
    assert [each["memory_gb_per_s"] for each in found["rates"]] == [1, 4, 2]


def test_repetitions_are_listed(tmp_path):
    """A run is added to those on file, with its times, rates and floor and nothing else."""
    found = {"cold": {"wall": 160.0}, "warm": {"wall": 3.0}, "scale": "quick"}
    found |= against_floor(160.0, experiments_of(report(), "quick"), [Rates(1e9, 1e9)])
    for _ in range(2):
        listed(tmp_path / "list.json", found)
    first, second = json.loads((tmp_path / "list.json").read_text())
    assert {name: second[name] for name in first} == first | {"ended": second["ended"]}
    assert (first["cold_wall"], first["warm_wall"]) == (160.0, 3.0)
    assert first["cold_over_floor_less_20_s"] == found["cold_over_floor_less_20_s"]
    assert "scale" not in first


def test_a_run_of_another_scale_is_refused():
    """A run that the scale does not have is named."""
    with pytest.raises(
        ValueError, match=r"got runs \['cifar-3-he linear mse'\], wanted those of scale 'quick'"
    ):
        experiments_of(report(name="cifar-3-he linear mse"), "quick")
