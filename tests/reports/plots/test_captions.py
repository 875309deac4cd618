"""What is said of a figure is computed from its run."""

from __future__ import annotations

import numpy as np
import pytest

from reports.plots.captions import captions
from tests.reports import page_samples as samples


def test_a_plunge_to_a_million_explains_itself() -> None:
    """A loss far above L0 at chance accuracy: the caption says what the linear axis hides."""
    caption = captions(samples.run())["curves"]
    assert "falls 100-fold, from 1e6 to 1e4 times L0" in caption
    assert "(medians of 8 networks). At the end the networks lie between 9000 and 1.1e4." in caption
    assert "Accuracy ends at 0.1 on training and 0.1 on test samples." in caption
    assert "the log axis shows that the outputs are still much worse than a constant" in caption


def test_a_trained_network_does_not() -> None:
    """A loss below L0 needs no explanation; one that rises is not said to fall."""
    assert "constant" not in captions(samples.run(start=3, end=1e-3))["curves"].split("). ")[1]
    assert "falls by 10 %, from 1 to 0.9" in captions(samples.run(start=1, end=0.9))["curves"]
    assert "does not fall, from" in captions(samples.run(start=1, end=2))["curves"]


def test_a_lost_network_does_not_take_the_median_with_it() -> None:
    """A loss that is no number any more counts as the greatest; the others keep their median and range."""
    run = samples.run()
    run.arrays["train_loss"][-1, 0] = np.nan
    run.arrays["diverged_at"][0] = 4
    caption = captions(run)["curves"]
    assert "from 1e6 to 1.03e4 times L0" in caption
    assert "lie between 9286 and 1.1e4" in caption
    assert "1 of the networks diverged" in caption


def test_the_descent_is_a_sentence_more() -> None:
    """What is said of the training is as without one."""
    caption = captions(samples.ended())["curves"]
    assert "from 1e6 to 1e4 times L0" in caption
    assert "There the training loss ends at 10 times L0 (median), between 9 and 11." in caption
    assert "descen" not in captions(samples.run())["curves"]


@pytest.mark.parametrize("protocol", ["std", "he"])
def test_pairs_that_end_alike_are_not_compared(protocol: str) -> None:
    """Neither the least with the greatest, nor models with themselves."""
    run = samples.run(protocol=protocol)
    run.arrays["train_agreement"][-1] = 40
    caption = captions(run)["agreement"]
    assert "All 12 pairs end at 1." in caption
    assert "kinds of pairs" not in caption


def test_pairs_that_differ_are() -> None:
    """By the medians of their kinds, the least and the greatest, each once."""
    caption = captions(samples.run(protocol="std"))["agreement"]
    assert "Of all 12 pairs the least ends at 0.25, the greatest at 0.38." in caption
    assert (
        "By 6 kinds of pairs the medians end between 0.25 (models 0 and 1) and 0.38 (models 2 and 3)."
        in caption
    )
    assert "kinds" not in captions(samples.run(protocol="he"))["agreement"]


def test_a_regression_has_no_labels_to_speak_of() -> None:
    """Learning curves alone."""
    found = captions(samples.run(data="boston", widths=(50,)))
    assert list(found) == ["curves"]
    assert "ccuracy" not in found["curves"]
