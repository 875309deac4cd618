"""benchmarks/README.md shows the results on file and nothing else."""

from __future__ import annotations

from pathlib import Path

from benchmarks import table
from benchmarks.table import filled, functional_table, start_up_table, training_table

FIGURES = {
    "work": "784-500-10",
    "models": 16,
    "batch": 100,
    "seconds": {"engine": 0.8, "jax": 1.2, "engine, recording": 0.4},
    "times_faster_than": {"jax": 1.5},
    "times_less_work_than": {"jax": 1.25},
    "of_floor": 0.9,
    "load": 3.2,
}


def test_the_page_is_what_the_results_say():
    """Filling the page in again changes nothing: no figure in it was typed."""
    text = (Path(table.__file__).parent / "README.md").read_text(encoding="utf-8")
    assert text.count("made by python -m benchmarks.table") == 7
    assert filled(text) == text


def test_a_row_has_milliseconds_a_model_and_ratios():
    """0.8 s for sixteen networks are 50 ms each; a peer that sat out leaves its cell empty."""
    row = training_table([FIGURES]).splitlines()[-1]
    assert row.split() == ["784-500-10", "16", "100", "50", "1.50x", "1.25x", "90%", "25", "3"]


def test_the_functional_engines_row_has_its_peers():
    """0.8 s for sixteen networks are 50 ms each; who sat out leaves an empty cell."""
    row = {
        "general work": "l2",
        "models": 16,
        "batch": 100,
        "seconds": {"functional": 0.8, "vmap": 1.2},
        "times_faster_than": {"vmap": 1.5},
        "times_less_work_than": {"vmap": 0.75},
        "load": 1.6,
    }
    assert functional_table([row]).splitlines()[-1].split() == [
        "l2",
        "16",
        "100",
        "50",
        "1.50x",
        "0.75x",
        "2",
    ]


def test_start_up_is_in_seconds_and_mib():
    """One row a contender."""
    figures = {"import": 1.0, "build": 0.5, "first_epoch": 2.0, "second_epoch": 0.25, "peak_mib": 512.4}
    assert start_up_table({"jax": figures}).splitlines()[-1].split() == [
        "jax",
        "1.00",
        "0.50",
        "2.00",
        "0.25",
        "512",
    ]
