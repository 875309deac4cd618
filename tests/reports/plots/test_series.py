"""Traces of both legs, and the spread of them over networks and pairs."""

from __future__ import annotations

import numpy as np

from reports.plots.series import spread, traced
from tests.reports import page_samples as samples


def test_both_legs_and_the_steps_inside_epochs_follow_one_another() -> None:
    """The first row of the descent is the end of the training and stands once."""
    found = traced(samples.ended(), "train_loss")
    assert found.epochs.tolist() == [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 4, 4, 4, 4]
    assert found.steps.tolist() == [0] * 9 + [1, 2, 3, 4]


def test_losses_are_over_l0_and_labels_are_shares() -> None:
    """Unless they are asked for as the run has them."""
    run = samples.run()
    assert np.allclose(traced(run, "test_loss").values, run.normalised_loss("test"))
    assert np.allclose(traced(run, "test_agreement").values, run.agreement("test"))
    assert np.allclose(traced(run, "test_loss", raw=True).values, run.arrays["test_loss"])


def test_a_line_a_model_or_one_over_all() -> None:
    """The median, and the least and the greatest of so many; under he there is one population."""
    run = samples.run(protocol="std")
    axis, lines = spread(run, "test_loss", pairs=False, by=True)
    assert [(of.name, of.of) for of in lines] == [(f"model {i}", "2 networks") for i in range(4)]
    assert (axis.epochs, axis.steps, axis.last, axis.most) == ([0, 1, 2, 3, 4], [], 4, 0)
    _, (every,) = spread(run, "test_loss", pairs=False, by=False)
    assert (every.name, every.of) == ("all", "8 networks")
    assert every.low is not None
    assert np.allclose(
        [every.low[0], every.middle[0]], np.quantile(run.normalised_loss("test")[0], [0, 0.5]), rtol=1e-3
    )
    assert [of.name for of in spread(samples.run(), "test_loss", pairs=False, by=True)[1]] == ["all"]


def test_pairs_are_told_apart_by_their_models() -> None:
    """Six kinds under std, one under he."""
    names = [of.name for of in spread(samples.run(protocol="std"), "weight_distance", pairs=True, by=True)[1]]
    assert names == [f"models {i} and {j}" for i in range(4) for j in range(i + 1, 4)]
    (one,) = spread(samples.run(), "weight_distance", pairs=True, by=True)[1]
    assert one.of == "12 pairs"


def test_what_is_not_finite_is_left_out() -> None:
    """A network that diverged takes neither median nor range with it; where none is left, nothing is."""
    run = samples.run()
    run.arrays["test_loss"][2:, 0] = np.inf
    run.arrays["test_loss"][3:, 1:] = np.nan
    _, (line,) = spread(run, "test_loss", pairs=False, by=True)
    assert line.middle[2] is not None
    assert line.middle[3:] == [None, None]
    assert line.high is not None
    assert line.high[2] is not None


def test_long_runs_are_thinned() -> None:
    """Of epochs and of steps some dozens are left, the early steps all, the ends always."""
    run = samples.ended(epochs=300)
    assert run.second is not None
    rows = run.second.arrays["train_loss"]
    run.second.arrays["train_loss"] = np.concatenate([rows, np.repeat(rows[-1:], 500, axis=0)])
    axis, (line,) = spread(run, "train_loss", pairs=False, by=True)
    assert (axis.last, axis.most, axis.epochs[-1], axis.steps[-1]) == (300, 504, 300, 504)
    assert [epoch for epoch in axis.epochs if epoch % 1] == [0.25, 0.5, 0.75, 1.5]
    assert len(line.middle) == len(axis.epochs) + len(axis.steps) < 140


def test_four_digits_are_kept() -> None:
    """A thousand pixels show no more."""
    run = samples.run()
    run.arrays["test_loss"][:] = 0.123456789 * 0.25
    _, (line,) = spread(run, "test_loss", pairs=False, by=True)
    assert line.middle == [0.1235] * 5
