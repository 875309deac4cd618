"""The machine's rates, measured once a run, and the tables printed at its end."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.floor import Rates, measure_rates
from benchmarks.machine import describe
from benchmarks.table import functional_table, start_up_table, training_table

_TRAINING = pytest.StashKey[list[dict[str, Any]]]()
_FUNCTIONAL = pytest.StashKey[list[dict[str, Any]]]()
_START_UP = pytest.StashKey[dict[str, dict[str, float]]]()
_RATES = pytest.StashKey[Rates]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TRAINING], config.stash[_FUNCTIONAL], config.stash[_START_UP] = [], [], {}


@pytest.fixture(scope="session")
def rates(pytestconfig: pytest.Config) -> Rates:
    """What this machine can do, measured before anything else is timed."""
    pytestconfig.stash[_RATES] = measure_rates()
    return pytestconfig.stash[_RATES]


@pytest.fixture
def training_figures(pytestconfig: pytest.Config) -> list[dict[str, Any]]:
    """Figures of the works measured so far."""
    return pytestconfig.stash[_TRAINING]


@pytest.fixture
def functional_figures(pytestconfig: pytest.Config) -> list[dict[str, Any]]:
    """Figures of the functional engine's works measured so far."""
    return pytestconfig.stash[_FUNCTIONAL]


@pytest.fixture
def start_up_figures(pytestconfig: pytest.Config) -> dict[str, dict[str, float]]:
    """Start-up figures measured so far, by contender."""
    return pytestconfig.stash[_START_UP]


def pytest_benchmark_update_json(config: pytest.Config, benchmarks: Any, output_json: dict[str, Any]) -> None:
    """Replaces pytest-benchmark's description of the machine by ours, with its rates."""
    machine = describe("torch", "numpy", "jax", "jaxlib", "optax", "pytest-benchmark")
    if rates := config.stash.get(_RATES, None):
        machine |= {"product_gflops": rates.flops / 1e9, "memory_gb_per_s": rates.bytes / 1e9}
    output_json["machine_info"] = machine


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Prints what was measured, with ratios."""
    if config.stash[_TRAINING]:
        terminalreporter.section("an epoch of 5,000 digits")
        terminalreporter.write_line(training_table(config.stash[_TRAINING]))
        if rates := config.stash.get(_RATES, None):
            terminalreporter.write_line(
                f"floor: products at {rates.flops / 1e9:.0f} GFLOP/s, "
                f"Adam's bytes at {rates.bytes / 1e9:.0f} GB/s"
            )
    if config.stash[_FUNCTIONAL]:
        terminalreporter.section("an epoch of 5,000 digits, functional engine")
        terminalreporter.write_line(functional_table(config.stash[_FUNCTIONAL]))
    if config.stash[_START_UP]:
        terminalreporter.section("start-up, sixteen 784-500-10 networks")
        terminalreporter.write_line(start_up_table(config.stash[_START_UP]))
