"""Figures: what is drawn, said and written is the run's, the same text every time, and drawn once."""

from __future__ import annotations

import csv
import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import page_samples as samples
import pytest

from claims.core.verdict import Outcome
from models.runs.files import DamageError
from models.runs.stored import stored
from reports.figures import agreement, curves, distance, easel
from reports.figures.forest import LEFT, RIGHT, forest
from reports.figures.panel import ticks
from reports.figures.paper import PAPER, figures_of, subject
from reports.figures.series import by_pair, by_population
from reports.figures.shelf import Shelf
from reports.figures.style import power, tick
from reports.page.gallery import gallery

DRAWINGS = {"curves": curves.draw, "agreement": agreement.draw, "distance": distance.draw}
EVERY = pytest.mark.parametrize("kind", DRAWINGS)
ROOT = Path(__file__).resolve().parents[2]


# -- drawings -------------------------------------------------------------------------


@EVERY
def test_a_figure_is_one_element_with_words(kind: str) -> None:
    """Well-formed, an image with a title and a description, and nothing that a page must not run or fetch."""
    drawing = DRAWINGS[kind](samples.run(), "name", "A & B <title>")
    root = ET.fromstring(drawing.svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "name-title name-desc"
    assert root.findtext("{*}title") == "A & B <title>"
    assert "model" in (root.findtext("{*}desc") or "")
    assert {element.tag.split("}")[1] for element in root.iter()} <= {
        "svg", "title", "desc", "style", "g", "path", "defs", "use", "text", "clipPath", "rect",
    }  # fmt: skip
    assert not re.search(r"https?:(?!//www\.w3\.org/2000/svg)|@import|url\(", drawing.svg)


@EVERY
def test_the_same_run_gives_the_same_text(kind: str) -> None:
    """No date, no random id."""
    first, second = (DRAWINGS[kind](samples.run(), "name", "t") for _ in range(2))
    assert first == second


def test_ids_of_two_figures_differ() -> None:
    """Every id begins with its figure's name, and every reference finds its id."""
    for name in ("one", "two"):
        svg = curves.draw(samples.run(), name, "t").svg
        ids = set(re.findall(r'\bid="([^"]*)"', svg))
        assert ids
        assert all(id.startswith(f"{name}-") for id in ids)
        assert set(re.findall(r'href="#([^"]*)"', svg)) <= ids


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
    drawing = curves.draw(samples.run(dataset="boston", widths=(50,)), "n", "t")
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
    pairs = csv.DictReader(distance.draw(samples.run(first=12), "n", "t").csv.splitlines())
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
    far = list(csv.DictReader(distance.draw(run, "n", "t").csv.splitlines()))
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
    for draw, wanted in ((curves.draw, words), (agreement.draw, pairs), (distance.draw, pairs)):
        drawing = draw(run, "n", "t")
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawing.svg)
        assert all(any(word in text for text in texts) for word in wanted)
        assert ("model 1" in " ".join(texts)) is (protocol == "std" and draw is curves.draw)


def test_a_band_reaches_from_the_least_to_the_greatest_network() -> None:
    """The median of a population, and its ends, of what is finite."""
    run = samples.run(protocol="std", networks=12)
    values = np.arange(12.0)[None] * np.ones((2, 1))
    values[1, 5] = np.inf
    spread = by_population(run, values)[1]
    assert [spread.low.tolist(), spread.middle.tolist(), spread.high.tolist()] == [[1, 1], [5, 5], [9, 9]]
    (only,) = by_population(samples.run(networks=12), values).values()
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
    run = samples.run(dataset="boston", widths=(50,), epochs=1000, start=10, end=0.1)
    drawing = curves.draw(run, "n", "t")
    assert len(drawing.svg) < 80_000
    assert len(drawing.csv.splitlines()) == 1 + (1001 + 4) * 8


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.25, 0.5, 0.75, 1]), (0, 7.9e7, [0, 2e7, 4e7, 6e7]), (-1, 1, [-1, -0.5, 0, 0.5, 1])],
)
def test_ticks_are_few_and_round(low: float, high: float, expected: list[float]) -> None:
    """At most five."""
    assert [value for value, _ in ticks(low, high, 4)] == pytest.approx(expected)


def test_epochs_are_whole() -> None:
    """No epoch 2.5."""
    for last in range(1, 60):
        assert all(value % 1 == 0 for value, _ in ticks(0, last, 5, whole=True))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.25, "0.25"), (4000, "4000"), (2.5e7, "2.5×10⁷"), (1e-5, "1×10⁻⁵")]
)
def test_numbers_on_axes(value: float, text: str) -> None:
    """As people write them."""
    assert tick(value) == text
    assert power(-2) == "10⁻²"


# -- forest plots ---------------------------------------------------------------------


def planted(**numbers: Any) -> dict[str, Any]:
    return samples.verdict("E1", "mnist-5k-500-he", Outcome.INCONCLUSIVE, **numbers)


def test_the_region_of_a_forest_ends_at_the_margin() -> None:
    """Shaded up to the margin of 0.05; an interval beyond it lies beyond."""
    plot = forest(
        [planted(estimate=0.17, interval=(0.14, 0.22)), planted(estimate=0.01, interval=(0.0, 0.04))]
    )
    assert plot is not None
    assert plot.region == (LEFT, plot.edges[0])
    outside, inside = plot.marks
    assert plot.edges[0] < outside.low < outside.x < outside.high < RIGHT
    assert inside.low < inside.x < inside.high < plot.edges[0]
    assert "mnist-5k-500-he: inconclusive, 0.17 [0.14, 0.22] > 0.05" in plot.description


def test_open_ends_are_arrows_at_the_edge() -> None:
    """An infinite end is drawn to the plot's edge and marked as open."""
    plot = forest([planted(estimate=None, interval=(0.1, math.inf))])
    assert plot is not None
    mark = plot.marks[0]
    assert (mark.x, mark.high, mark.open_low, mark.open_high) == (None, RIGHT, False, True)


@pytest.mark.parametrize("values", [(1e-9, 3.0), (0.04, 2.5e7), (-1e6, 1e-3), (-5e5, 4e5)])
def test_wide_ranges_keep_their_order(values: tuple[float, float]) -> None:
    """Beyond a factor of forty the axis is logarithmic, through zero, and still monotone."""
    numbers = sorted((*values, 0.0, 0.05))
    plot = forest([planted(estimate=value, interval=(value, value)) for value in numbers])
    assert plot is not None
    assert "log scale" in plot.axis
    placed = [mark.x for mark in plot.marks]
    assert placed == sorted(placed)
    assert LEFT <= placed[0] < placed[-1] <= RIGHT


def test_verdicts_without_numbers_have_no_forest() -> None:
    """Nothing to draw; a single row without numbers among others stays empty."""
    assert forest([planted(estimate=None, interval=None)]) is None
    plot = forest([planted(estimate=None, interval=None), planted()])
    assert plot is not None
    assert (plot.marks[0].x, plot.marks[0].low) == (None, None)


# -- the shelf ------------------------------------------------------------------------


def test_a_figure_is_drawn_once(tmp_path: Path) -> None:
    """A second report on the same run reads the files; matplotlib is not even imported."""
    entry = samples.store(tmp_path / "store", samples.run())
    shelf = Shelf(tmp_path / "figures", tmp_path / "store")
    first = shelf.figure(entry, "curves")
    shelf.close()
    assert (shelf.drawn, first.problem, first.csv) == (1, "", "figures/mnist-5k-500-he-linear-mse-curves.csv")
    code = (
        "import json, sys; from pathlib import Path; from reports.figures.shelf import Shelf\n"
        "shelf = Shelf(Path(sys.argv[1]), Path('nowhere'))\n"
        "assert shelf.figure(json.loads(sys.argv[2]), 'curves').svg and shelf.drawn == 0\n"
        "assert 'matplotlib' not in sys.modules and 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "figures"), json.dumps(entry)],
        cwd=ROOT, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("damage", ["edited svg", "lost csv", "another run", "broken index"])
def test_what_does_not_match_is_drawn_again(tmp_path: Path, damage: str) -> None:
    """A figure that someone edited, or that belongs to other bytes, is not shown."""
    entry = samples.store(tmp_path / "store", samples.run())
    shelf = Shelf(tmp_path / "figures", tmp_path / "store")
    first = shelf.figure(entry, "curves")
    shelf.close()
    if damage == "edited svg":
        (tmp_path / "figures" / f"{first.name}.svg").write_text("<script>alert(1)</script>")
    elif damage == "lost csv":
        (tmp_path / "figures" / f"{first.name}.csv").unlink()
    elif damage == "another run":
        entry = samples.store(tmp_path / "store", samples.run(end=1.0))
    else:
        (tmp_path / "figures" / "index.json").write_text('["no", "index"]')
    again = Shelf(tmp_path / "figures", tmp_path / "store")
    second = again.figure(entry, "curves")
    assert again.drawn == 1
    assert (second.svg == first.svg) == (damage != "another run")


def test_two_runs_of_one_name_have_two_figures(tmp_path: Path) -> None:
    """A report on two lengths of training shows both."""
    shelf = Shelf(tmp_path / "figures", tmp_path / "store")
    found = [shelf.figure(samples.store(tmp_path / "store", samples.run(epochs=e)), "curves") for e in (3, 5)]
    assert len({figure.name for figure in found}) == len({figure.csv for figure in found}) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": "gone-00000000000000000000"}, "is not in the run store"),
        ({"key": "../elsewhere"}, "wanted the name of a folder in the run store"),
        ({"sha256": "0" * 64}, "has other bytes than the report names"),
    ],
    ids=["missing", "path", "bytes"],
)
def test_a_run_that_cannot_be_read_leaves_a_reason(tmp_path: Path, change: dict[str, str], why: str) -> None:
    """The section stays, without its figure."""
    entry = samples.store(tmp_path / "store", samples.run()) | change
    figure = Shelf(tmp_path / "figures", tmp_path / "store").figure(entry, "curves")
    assert (figure.svg, figure.csv) == ("", "")
    assert why in figure.problem


def test_the_looks_of_a_design_are_drawn_as_one_run(tmp_path: Path) -> None:
    """Runs of one name with other networks each: one figure of all, in the order of their numbers."""
    looks = [samples.run(networks=12), samples.run(networks=12, first=12), samples.run(networks=24, first=24)]
    entries = [samples.store(tmp_path / "store", run) for run in looks]
    shown = gallery(reversed(entries), Shelf(tmp_path / "figures", tmp_path / "store"))
    (view,) = shown.paper[0].views
    assert "(medians of 48 networks)" in view.figure.caption
    text = (tmp_path / view.figure.csv).read_text()
    assert [row["network"] for row in csv.DictReader(text.splitlines())][:48] == [str(n) for n in range(48)]


def test_runs_that_do_not_belong_together_leave_a_reason(tmp_path: Path) -> None:
    """A gap between the networks' numbers, or two lengths of training under one name."""
    for other in (samples.run(first=16), samples.run(first=8, epochs=5)):
        entries = [samples.store(tmp_path / "store", run) for run in (samples.run(), other)]
        shown = gallery(entries, Shelf(tmp_path / "figures", tmp_path / "store"))
        assert "the runs of this name do not belong together" in shown.paper[0].views[0].figure.problem


def test_drawing_on_all_cores_gives_the_same_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many figures are drawn in processes of their own, a few here; the texts are the same."""
    entries = [samples.store(tmp_path, samples.run(epochs=epochs)) for epochs in (3, 5)]
    orders = [
        easel.Order(entry, tuple((kind, f"{kind}-{k}", kind) for kind in easel.KINDS))
        for k, entry in enumerate(entries)
    ]
    here = easel.drawn(tmp_path, orders)
    monkeypatch.setattr(easel, "MANY", 1)
    monkeypatch.setattr(easel, "cores", lambda: 2)
    assert easel.drawn(tmp_path, orders) == here
    assert len({drawing.svg for drawings in here for drawing in drawings}) == 6


def test_a_stored_run_is_read_without_its_weights(tmp_path: Path) -> None:
    """The trajectories of a run come back exactly; what is large stays on disk."""
    made = samples.run()
    large = {"weights/4/W1", "train_predictions", "test_predictions"}
    made.arrays["weights/4/W1"] = np.zeros((8, 2, 2))
    entry = samples.store(tmp_path, made)
    read = stored(tmp_path, entry["key"], entry["sha256"])
    assert read.spec == made.spec
    assert set(read.arrays) == set(made.arrays) - large
    assert all(np.array_equal(read.arrays[name], made.arrays[name]) for name in read.arrays)
    (tmp_path / entry["key"] / "run.safetensors").unlink()
    with pytest.raises(DamageError, match=r"lacks a readable run\.safetensors"):
        stored(tmp_path, entry["key"])


# -- the paper's figures --------------------------------------------------------------


def test_the_paper_has_nine_figures() -> None:
    """Each once; 2 and 7 are about labels."""
    assert [figure.number for figure in PAPER] == list(range(1, 10))
    assert [figure.number for figure in PAPER if figure.kind == "agreement"] == [2, 7]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("mnist-5k-500-he linear mse", [1, 2]),
        ("mnist-500-300-std linear mse", [3]),
        ("mnist-5k-10-10-var linear mse", [4]),
        ("mnist-5k-500-he softmax mse", [5]),
        ("mnist-5k-500-300-he softmax mse", [6, 7]),
        ("boston-50-he linear mse", [8]),
        ("mnist-5k-500-he linear bce", [9]),
        ("mnist-5k-500-he softmax ce", []),
        ("mnist-5k-50-he linear mse", []),
    ],
)
def test_a_run_redraws_its_figures(name: str, numbers: list[int]) -> None:
    """By widths, output and loss, whatever the scale."""
    of = subject(name)
    assert of is not None
    assert [figure.number for figure in PAPER if figure.shows(of)] == numbers


def test_a_foreign_name_is_no_subject() -> None:
    """A run of another form of name redraws nothing."""
    assert subject("std") is subject(None) is subject("a b c") is None


@pytest.mark.parametrize(
    ("place", "numbers"),
    [
        ("section 4.1, figure 1", [1]),
        ("section 4.2, figures 5 and 6", [5, 6]),
        ("section 3.1, figures 2 and 7", [2, 7]),
        ("section 5", []),
    ],
)
def test_a_place_names_its_figures(place: str, numbers: list[int]) -> None:
    """As the catalogue writes places."""
    assert figures_of(place) == numbers
