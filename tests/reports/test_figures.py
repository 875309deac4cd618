"""Figures: what is drawn, said and written is the run's, and the same text every time."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest

from models.runs.run import Run, from_initial
from reports.figures import agreement, by_network, by_pair, curves, fields, traced
from reports.figures.drawing import Drawing
from tests.reports import page_samples as samples


def distance(run: Run, name: str, title: str) -> Drawing:
    """The distances of pairs, as fields of a recorder are drawn."""
    return fields.draw(run, fields.DISTANCE, name, title)


DRAWINGS: dict[str, Callable[[Run, str, str], Drawing]] = {
    "curves": curves.draw,
    "agreement": agreement.draw,
    "distance": distance,
}
EVERY = pytest.mark.parametrize("kind", DRAWINGS)


@EVERY
def test_a_figure_is_one_element_with_words(kind: str) -> None:
    """Well-formed, an image with a title and a description, and nothing that a page must not run or fetch."""
    drawing = DRAWINGS[kind](samples.run(), "name", "A & B <title>")
    root = ET.fromstring(drawing.svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "name-title name-desc"
    assert root.findtext("{*}title") == "A & B <title>"
    assert ("12 pairs" if kind == "distance" else "model") in (root.findtext("{*}desc") or "")
    assert {element.tag.split("}")[1] for element in root.iter()} <= {
        "svg", "title", "desc", "g", "path", "defs", "use", "text", "clipPath", "rect",
    }  # fmt: skip
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)|@import|url\((?!#)", drawing.svg)


@EVERY
def test_the_same_run_gives_the_same_text(kind: str) -> None:
    """No date, no random id."""
    first, second = (DRAWINGS[kind](samples.run(), "name", "t") for _ in range(2))
    assert first == second


def test_ids_of_two_figures_differ() -> None:
    """No id stands in two figures of a page, and every reference finds its id."""
    svgs = [curves.draw(samples.run(), name, "t").svg for name in ("one", "two")]
    ids = [re.findall(r'\bid="([^"]*)"', svg) for svg in svgs]
    assert len({id for found in ids for id in found}) == sum(map(len, ids)) > 10
    for found, svg in zip(ids, svgs, strict=True):
        assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) <= set(found)


def test_colours_follow_the_theme_of_a_page() -> None:
    """Each is a CSS variable with the colour of the light theme to fall back on."""
    svg = agreement.draw(samples.run(protocol="std"), "n", "t").svg
    assert "var(--series-0,#0072b2)" in svg
    assert not re.search(r": #[0-9a-f]{6}", svg.replace(": #ffffff", ""))


def test_the_caption_of_a_plunge_to_a_million_explains_itself() -> None:
    """A loss far above L0 at chance accuracy: the caption says what the linear axis hides."""
    caption = curves.draw(samples.run(), "n", "t").caption
    assert "falls 100-fold, from 1e6 to 1e4 times L0" in caption
    assert "(medians of 8 networks). At the end the networks lie between 9000 and 1.1e4." in caption
    assert "Accuracy ends at 0.1 on training and 0.1 on test samples." in caption
    assert "the log axis shows that the outputs are still much worse than a constant" in caption


def test_the_caption_of_a_trained_network_does_not() -> None:
    """A loss below L0 needs no explanation; one that rises is not said to fall."""
    assert "constant" not in curves.draw(samples.run(start=3, end=1e-3), "n", "t").caption.split("). ")[1]
    assert "falls by 10 %, from 1 to 0.9" in curves.draw(samples.run(start=1, end=0.9), "n", "t").caption
    assert "does not fall, from" in curves.draw(samples.run(start=1, end=2), "n", "t").caption


def test_networks_that_diverge_leave_the_axes_and_are_counted() -> None:
    """Infinite and missing losses are drawn around, said in the caption, and empty in the CSV."""
    run = samples.run()
    run.arrays["train_loss"][2:, 0] = np.inf
    run.arrays["train_loss"][2:, 1] = np.nan
    run.arrays["diverged_at"][:2] = 2
    drawing = curves.draw(run, "n", "t")
    assert "2 of the networks diverged" in drawing.caption
    assert not re.search(r"\b(nan|inf)\b", "".join(re.findall(r' d="([^"]*)"', drawing.svg)))
    last = list(csv.DictReader(drawing.csv.splitlines()))[-8]
    assert (last["epoch"], last["network"], last["train_loss"], last["test_loss"]) == ("4", "0", "", "2250.0")


def test_a_lost_network_does_not_take_the_median_with_it() -> None:
    """A loss that is no number any more counts as the greatest; the others keep their median and range."""
    run = samples.run()
    run.arrays["train_loss"][-1, 0] = np.nan
    caption = curves.draw(run, "n", "t").caption
    assert "from 1e6 to 1.03e4 times L0" in caption
    assert "lie between 9286 and 1.1e4" in caption


@pytest.mark.parametrize("kind", ["curves", "agreement"])
def test_the_steps_inside_the_first_epochs_are_drawn(kind: str) -> None:
    """However long the run, each is a point of the line, beside at most eighty ends of epochs."""
    run = samples.run(epochs=300)
    without = samples.run(epochs=300)
    without.arrays["early_steps"] = without.arrays["early_steps"][:0]
    points = [DRAWINGS[kind](of, "n", "t").svg.count("L") for of in (run, without)]
    assert points[0] - points[1] >= 4


def test_a_loss_of_zero_can_be_drawn() -> None:
    """The log axis has a floor."""
    run = samples.run()
    run.arrays["train_loss"][-1] = 0.0
    assert "L = L0" in curves.draw(run, "n", "t").svg


def test_a_regression_has_no_accuracy_panel() -> None:
    """Two columns in place of three."""
    drawing = curves.draw(samples.run(data="boston", widths=(50,)), "n", "t")
    assert "accuracy" not in (drawing.svg + drawing.csv + drawing.caption).lower()


def test_the_csv_of_curves_is_the_run() -> None:
    """Every epoch and network, to nine digits; inside an epoch the training loss alone."""
    run = samples.run(protocol="std")
    rows = list(csv.DictReader(curves.draw(run, "n", "t").csv.splitlines()))
    whole = [row for row in rows if "." not in row["epoch"]]
    read = np.array([[float(row["train_loss_over_baseline"]) for row in whole]]).reshape(5, 8)
    assert np.allclose(read, run.normalised_loss(), rtol=1e-8)
    assert [(row["population"], row["network"]) for row in rows[3:6]] == [("3", "3"), ("0", "4"), ("1", "5")]
    early = [row for row in rows if "." in row["epoch"]]
    assert [row["epoch"] for row in early[::8]] == ["0.25", "0.5", "0.75", "1.5"]
    assert np.allclose([float(row["train_loss"]) for row in early], run.arrays["early_train_loss"].ravel())
    assert {row["test_loss"] + row["train_accuracy"] for row in early} == {""}


def test_networks_keep_their_numbers() -> None:
    """The second look's run begins with network 12, and says so."""
    rows = csv.DictReader(curves.draw(samples.run(first=12), "n", "t").csv.splitlines())
    assert [row["network"] for row in rows][:8] == [str(number) for number in range(12, 20)]
    pairs = csv.DictReader(distance(samples.run(first=12), "n", "t").csv.splitlines())
    assert [(row["i"], row["j"]) for row in pairs][:2] == [("12", "13"), ("12", "14")]


def test_the_csv_of_pairs_is_the_run() -> None:
    """A row a pair of a quadruple, no pair twice and none across quadruples, also inside the first epochs."""
    run = samples.run()
    rows = list(csv.DictReader(agreement.draw(run, "n", "t").csv.splitlines()))
    assert len(rows) == 12 * (5 + 4 + 5)
    final = [row for row in rows if row["epoch"] == "4" and row["side"] == "train"]
    assert [int(row["alike"]) for row in final] == run.arrays["train_agreement"][-1].tolist()
    assert [(int(row["i"]), int(row["j"])) for row in final] == [tuple(pair) for pair in run.arrays["pairs"]]
    assert [row["alike"] for row in rows if row["epoch"] == "0.25"][:3] == ["5", "6", "7"]
    far = list(csv.DictReader(distance(run, "n", "t").csv.splitlines()))
    assert [float(row["weight_distance"]) for row in far[-12:]] == run.arrays["weight_distance"][-1].tolist()


@pytest.mark.parametrize(
    ("protocol", "words", "pairs"),
    [
        ("he", ["8 networks", "line: median; band: least to greatest network"], ["12 pairs"]),
        (
            "std",
            [
                *(f"model {i}" for i in range(4)),
                "line: median of 2 networks each; band: least to greatest network",
            ],
            [*("0 and 1", "0 and 2", "0 and 3", "1 and 2", "1 and 3", "2 and 3"), "least to greatest of 2"],
        ),
    ],
)
def test_populations_are_named(protocol: str, words: list[str], pairs: list[str]) -> None:
    """One population under he, the paper's four models under std; the bands say what they are."""
    run = samples.run(protocol=protocol)
    for draw, wanted in ((curves.draw, words), (agreement.draw, pairs), (distance, pairs)):
        drawing = draw(run, "n", "t")
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg)
        assert all(any(word in text for text in texts) for word in wanted)
        assert ("model 1" in " ".join(texts)) is (protocol == "std" and draw is curves.draw)


def test_a_band_reaches_from_the_least_to_the_greatest_network() -> None:
    """The median of a population, and its ends, of what is finite."""
    run = samples.run(protocol="std", networks=12)
    values = np.arange(12.0)[None] * np.ones((2, 1))
    values[1, 5] = np.inf
    spread = by_network(run, values)[(1,)]
    assert [spread.low.tolist(), spread.middle.tolist(), spread.high.tolist()] == [[1, 1], [5, 5], [9, 9]]
    (only,) = by_network(samples.run(networks=12), values).values()
    assert (only.low[0], only.middle[0], only.high[0]) == (0, 5.5, 11)


def test_pairs_are_taken_by_the_models_of_both() -> None:
    """Under std six kinds with a pair in each quadruple; the final shares are a matrix without a diagonal."""
    run = samples.run(protocol="std", networks=12)
    found = by_pair(run, run.arrays["weight_distance"])
    assert list(found) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert [spread.middle[0] for spread in found.values()] == [1, 2, 3, 1, 2, 1]
    assert list(by_pair(samples.run(), samples.run().arrays["weight_distance"])) == [(0, 0)]


def test_the_lowest_agreement_is_found_inside_an_epoch() -> None:
    """Where pairs disagree most before the trend turns, with the epoch it was at."""
    caption = agreement.draw(samples.run(), "n", "t").caption
    assert (
        "The median pair of networks labels 0.31 of the 40 training samples alike before training" in caption
    )
    assert "(lowest on the way: 0.19, at epoch 0.25)" in caption
    assert "Of all 12 pairs the least ends at 0.25, the greatest at 0.38." in caption


def test_long_runs_are_thinned_in_the_drawing_only() -> None:
    """The page stays small; the data stay whole."""
    run = samples.run(data="boston", widths=(50,), epochs=1000, start=10, end=0.1)
    drawing = curves.draw(run, "n", "t")
    assert len(drawing.svg) < 160_000
    assert len(drawing.csv.splitlines()) == 1 + (1001 + 4) * 8


class Field:
    """What a recorder declares of a field."""

    def __init__(self, *dims: str, unit: str = "") -> None:
        self.dims, self.unit, self.title = dims, unit, "Sharpness of the loss"


@pytest.mark.parametrize(("over", "legend"), [("network", "model 3"), ("pair", "2 and 3")])
def test_a_recorders_field_has_a_figure(monkeypatch: pytest.MonkeyPatch, over: str, legend: str) -> None:
    """A field over networks or pairs is drawn, described and written with no code of its own."""
    monkeypatch.setattr(fields, "fields", lambda: {"sharpness": Field("epoch", over, unit="1/step")})
    run = samples.run(protocol="std")
    shape = (5, 8 if over == "network" else 12)
    run.arrays["sharpness"] = np.arange(np.prod(shape), dtype=float).reshape(shape)
    drawing = fields.draw(run, ("sharpness",), "n", "t")
    assert "Sharpness of the loss, 1/step" in drawing.svg
    assert legend in drawing.svg
    assert drawing.caption.startswith("Sharpness of the loss, 1/step, median after 4 epochs: greatest for ")
    rows = list(csv.DictReader(drawing.csv.splitlines()))
    assert [float(row["sharpness"]) for row in rows] == run.arrays["sharpness"].ravel().tolist()
    assert list(rows[0]) == ["epoch", *(["network"] if over == "network" else ["i", "j"]), "sharpness"]


def test_only_curves_have_a_figure_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a field of samples nor one that the learning curves show already."""
    found = {
        "sharpness": Field("epoch", "network"),
        "train_loss": Field("epoch", "network"),
        "weight_distance": Field("epoch", "pair"),
        "labels": Field("epoch", "network", "sample"),
    }
    monkeypatch.setattr(fields, "fields", lambda: found)
    assert list(fields.declared()) == ["sharpness"]


# -- second legs ----------------------------------------------------------------------


@EVERY
def test_the_descent_is_drawn_after_the_training(kind: str) -> None:
    """In the same panels, right of a line with its name; the rows of the CSV say epoch and step."""
    without, with_it = (DRAWINGS[kind](run, "n", "t") for run in (samples.run(), samples.ended()))
    texts = [re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg) for drawing in (without, with_it)]
    panels = {"curves": 6, "agreement": 2, "distance": 2}[kind]
    assert [found.count("full-batch descent") for found in texts] == [0, panels]
    assert [found.count("step") for found in texts] == [0, 3 if kind == "curves" else 2]
    assert "descend on the full batch (levenberg-marquardt), up to 4 steps" in with_it.caption
    assert "descen" not in without.caption
    rows = list(csv.DictReader(with_it.csv.splitlines()))
    assert "step" not in without.csv.splitlines()[0]
    assert list(dict.fromkeys((row["epoch"], row["step"]) for row in rows if "." not in row["epoch"])) == [
        *((str(epoch), "0") for epoch in range(5)),
        *(("4", str(step)) for step in range(1, 5)),
    ]


def test_steps_have_two_fifths_of_the_axis() -> None:
    """Epochs keep their scale; the first step's row is the end of the training and stands once."""
    found = traced(samples.ended(), "test_loss")
    axis, x = found.x
    assert (axis.epochs, axis.steps) == (4, 4)
    assert axis.epochs / axis.right == pytest.approx(0.6)
    assert x.tolist() == pytest.approx([0, 1, 2, 3, 4, *(4 + np.arange(1, 5) * 2 / 3)])
    assert traced(samples.run(), "test_loss").x[0].right == 4


def test_the_caption_keeps_training_and_descent_apart() -> None:
    """What is said of the training is as without a descent; where that ends is a sentence more."""
    caption = curves.draw(samples.ended(), "n", "t").caption
    assert "from 1e6 to 1e4 times L0" in caption
    assert "There the training loss ends at 10 times L0 (median), between 9 and 11." in caption


def test_the_gradient_norm_is_drawn_along_the_descent() -> None:
    """Over its steps alone, on a log axis, median and range of the networks; from either start."""
    run = samples.ended()
    assert run.second is not None
    assert not fields.has(samples.run(), "gradient")
    drawings = [fields.draw(of, ("gradient",), "n", "t") for of in (run, from_initial(run.second))]
    for drawing in drawings:
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg)
        assert {"Norm of the full-batch gradient, log axis", "step", "0.01", "8 networks"} <= set(texts)
        assert "full-batch descent" not in texts
        assert "1 before its first step, 0.0001 at the end of the descent" in drawing.caption
        rows = list(csv.DictReader(drawing.csv.splitlines()))
        assert [float(row["gradient"]) for row in rows[::8]] == pytest.approx([1, 0.1, 0.01, 1e-3, 1e-4])
    run.second.arrays["gradient"][:] = 0.0
    assert "<svg" in fields.draw(run, ("gradient",), "n", "t").svg


def test_a_long_descent_is_thinned_in_the_drawing_only() -> None:
    """As long trainings are."""
    run = samples.ended()
    assert run.second is not None
    for name, rows in run.second.arrays.items():
        if len(rows) == 5:
            run.second.arrays[name] = np.concatenate([rows, np.repeat(rows[-1:], 500, axis=0)])
    drawing = curves.draw(run, "n", "t")
    assert len(drawing.svg) < 160_000
    assert len(drawing.csv.splitlines()) == 1 + (5 + 4 + 504) * 8
