"""All that is drawn of a run: its fields, its captions, the tables beside the page."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from models.recorders.field import Field
from models.runs.run import from_initial
from reports.plots import fields
from reports.plots.fields import declared, fields_of, heading
from tests.reports import page_samples as samples


def test_every_field_of_networks_or_pairs_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever records it; labels of single samples are none."""
    found = {
        "sharpness": Field(("epoch", "network"), "", "sharpness of the loss"),
        "labels": Field(("epoch", "network", "sample"), "", ""),
    }
    monkeypatch.setattr(fields, "recorded", lambda: found)
    assert list(declared()) == ["sharpness", "gradient"]
    run = samples.run()
    run.arrays["sharpness"] = np.ones((5, 8))
    assert list(fields_of(run).spreads) == ["sharpness"]
    assert heading("sharpness") == "Sharpness of the loss"


def test_a_run_without_a_field_lacks_it() -> None:
    """A regression has no labels; a training has no gradient, a descent has."""
    assert not {"train_accuracy", "train_agreement", "gradient"} & set(
        fields_of(samples.run(data="boston", widths=(50,))).spreads
    )
    second = samples.ended().second
    assert second is not None
    found = fields_of(from_initial(second))
    axis = fields_of(samples.ended()).spreads["gradient"].axis
    assert axis == found.spreads["gradient"].axis
    assert (axis.last, axis.steps) == (0, [1, 2, 3, 4])
    assert found.spreads["gradient"].all.middle == pytest.approx([1, 0.1, 0.01, 1e-3, 1e-4])


def test_the_tables_are_the_run() -> None:
    """Every moment and network to nine digits, raw and over L0; inside an epoch the training side alone."""
    run = samples.run(protocol="std", first=12)
    tables = {of: list(csv.DictReader(text.splitlines())) for of, text in fields_of(run).tables.items()}
    whole = [row for row in tables["networks"] if "." not in row["epoch"]]
    read = np.array([float(row["train_loss_over_baseline"]) for row in whole]).reshape(5, 8)
    assert np.allclose(read, run.normalised_loss(), rtol=1e-8)
    assert [(row["population"], row["network"]) for row in whole[3:6]] == [
        ("3", "15"),
        ("0", "16"),
        ("1", "17"),
    ]
    early = [row for row in tables["networks"] if "." in row["epoch"]]
    assert np.allclose([float(row["train_loss"]) for row in early], run.arrays["early_train_loss"].ravel())
    assert {row["test_loss"] + row["train_accuracy"] for row in early} == {""}
    final = [row for row in tables["pairs"] if row["epoch"] == "4"]
    assert [int(float(row["train_agreement"])) for row in final] == run.arrays["train_agreement"][-1].tolist()
    assert [(int(row["i"]) - 12, int(row["j"]) - 12) for row in final] == [
        tuple(pair) for pair in run.arrays["pairs"]
    ]


def test_steps_of_the_descent_are_rows_of_their_own() -> None:
    """After the epochs, in their order."""
    rows = list(csv.DictReader(fields_of(samples.ended()).tables["networks"].splitlines()))
    places = list(dict.fromkeys((row["epoch"], row["step"]) for row in rows if "." not in row["epoch"]))
    assert places == [*((str(epoch), "0") for epoch in range(5)), *(("4", str(step)) for step in range(1, 5))]
