"""All plots of a report: which there are, what they show, and that nothing forged gets in."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from claims.catalogue.figures import PAPER
from claims.core.causes import Cause, Open
from claims.core.origin import Subject
from claims.core.verdict import Outcome
from reports.page import build
from reports.plots.gathered import gathered
from reports.plots.records import Plots, embedded, ends
from reports.plots.values import Values
from reports.records import Report
from tests.reports import page_samples as samples

HE = {"protocol": "he"}


def plots(report: Report, root: Path) -> Plots:
    return gathered(report, Values(root), root / "figures")


def softmax_beside_linear(root: Path, outcomes: dict[str, Outcome]) -> Report:
    """E6 under these protocols, a verdict each, on both of its runs."""
    rows, runs = [], []
    for protocol, outcome in outcomes.items():
        two = [samples.store(root, samples.run(protocol=protocol, output=of)) for of in ("softmax", "linear")]
        runs += two
        keys = tuple(run.key for run in two)
        more = {"protocol": protocol, "experiments": keys, "figures": (5, 6)}
        if outcome is Outcome.INCONCLUSIVE:
            more["open"] = Open(Cause.TOO_SHORT, "--scale standard", {keys[0]: 60.0})
        rows.append(samples.verdict("E6", f"mnist-5k-500-{protocol}", outcome, **more))
    return samples.report(*rows, experiments=tuple(runs))


def test_what_is_compared_is_in_one_plot(tmp_path: Path) -> None:
    """Softmax over linear, a line each, and the level at which times are taken; what is decided first."""
    outcomes = {"std": Outcome.INCONCLUSIVE, "he": Outcome.REFUTED}
    found = plots(softmax_beside_linear(tmp_path, outcomes), tmp_path)
    views = found.plots["E6"].views
    assert [(view.label, view.outcome) for view in views] == [
        ("500-he", "refuted"),
        ("500-std", "inconclusive"),
    ]
    interval, curves = views[0].panels
    assert [found.series[k].name for k in curves.lines] == ["softmax output", "linear output"]
    assert [level.at for level in curves.levels] == [0.5]
    (row,) = interval.rows
    assert (row.low, row.value, row.high, row.outcome) == (0.1, 0.3, 0.5, "refuted")
    assert interval.region != (None, None)


def test_a_claim_on_the_end_shows_its_quantity(tmp_path: Path) -> None:
    """Over both legs, with margin and region, the interval at its end, and the losses behind it."""
    runs = samples.store_legs(tmp_path, samples.ended())
    row = samples.verdict(
        "E1", "mnist-5k-500-he", Outcome.SUPPORTED, **HE, experiments=tuple(r.key for r in runs)
    )
    found = plots(samples.report(row, experiments=runs), tmp_path)
    (view,) = found.plots["E1"].views
    judged, losses = view.panels
    (line,) = judged.lines
    axis = found.axes[found.series[line].axis]
    assert (axis.last, axis.most) == (4, 4)
    assert found.series[line].low is None
    assert judged.mark is not None
    assert (judged.mark.low, judged.mark.high) == (0.1, 0.5)
    assert found.series[losses.lines[0]].low is not None
    assert losses.log


def test_a_proof_has_intervals_and_no_curve(tmp_path: Path) -> None:
    """A row a setting; none where no setting has a number."""
    row = samples.verdict(
        "H2", "boston-raw", Outcome.SUPPORTED, strength="proof", estimate=13.0, interval=None
    )
    found = plots(samples.report(row), tmp_path).plots
    assert list(found) == ["H2-intervals"]
    assert found["H2-intervals"].views[0].panels[0].rows[0].low == 13
    bare = samples.verdict(
        "H2", "boston-raw", Outcome.SUPPORTED, strength="proof", estimate=None, interval=None
    )
    assert plots(samples.report(bare), tmp_path).plots == {}


def test_a_claim_of_ones_own_shows_its_losses(tmp_path: Path) -> None:
    """Beside its interval, though no entry says what to draw."""
    run = samples.store(tmp_path, samples.run())
    row = replace(
        samples.verdict("E1", "mnist-5k-500-he", Outcome.REFUTED, **HE), claim="X1", experiments=(run.key,)
    )
    (view,) = plots(samples.report(row, experiments=(run,)), tmp_path).plots["X1"].views
    interval, losses = view.panels
    assert interval.rows[0].value == 0.3
    assert losses.title == "Training loss, l = L/L0"


def test_a_run_that_is_gone_leaves_a_reason(tmp_path: Path) -> None:
    """In the views that needed it."""
    run = samples.experiment(
        "gone-00000000000000000000", "gone", "0", subject=Subject("mnist-5k", "500", "linear", "mse", "he")
    )
    row = samples.verdict("E1", "mnist-5k-500-he", Outcome.REFUTED, **HE, experiments=(run.key,))
    found = plots(samples.report(row, experiments=(run,)), tmp_path).plots
    assert "is not in the run store" in found["E1"].views[0].problem
    assert "is not in the run store" in found["figure-1"].views[0].problem


@pytest.mark.parametrize(
    ("subject", "numbers"),
    [
        (Subject("mnist-5k", "500", "linear", "mse", "he"), [1, 2]),
        (Subject("mnist", "500-300", "linear", "mse", "std"), [3]),
        (Subject("mnist-5k", "10-10", "linear", "mse", "var"), [4]),
        (Subject("mnist-5k", "500", "softmax", "mse", "he"), [5]),
        (Subject("mnist-5k", "500-300", "softmax", "mse", "he"), [6, 7]),
        (Subject("boston", "50", "linear", "mse", "he"), [8]),
        (Subject("mnist-5k", "500", "linear", "bce", "he"), [9]),
        (Subject("mnist-5k", "500", "softmax", "ce", "he"), []),
        (Subject("mnist-5k", "50", "linear", "mse", "he"), []),
    ],
    ids=str,
)
def test_a_run_redraws_its_figures(subject: Subject, numbers: list[int]) -> None:
    """By network, output and loss, whatever the scale."""
    assert [figure.number for figure in PAPER if figure.shows(subject)] == numbers


def test_figures_show_ranges_as_ranges(tmp_path: Path) -> None:
    """The final shares of pairs are the least and the greatest of a sample, and no intervals."""
    run = samples.store(tmp_path, samples.run(protocol="std"))
    found = plots(samples.report(samples.verdict("E3", "s", Outcome.REFUTED), experiments=(run,)), tmp_path)
    *curves, train, test = found.plots["figure-2"].views[0].panels
    assert [panel.rest for panel in curves] == [False, True]
    assert len(train.rows) == len(test.rows) == 6
    assert all(row.range and not row.outcome for row in (*train.rows, *test.rows))
    assert len(found.plots["figure-1"].views[0].panels) == 6


def test_series_stand_in_the_data_once(tmp_path: Path) -> None:
    """However many plots show them."""
    found = plots(samples.full_report(tmp_path), tmp_path)
    keys = [json.dumps([s.name, s.axis, s.middle, s.low, s.high]) for s in found.series]
    assert len(set(keys)) == len(keys)
    shown = [
        k
        for plot in found.plots.values()
        for view in plot.views
        for panel in view.panels
        for k in panel.lines
    ]
    assert set(shown) == set(range(len(found.series)))
    assert len(shown) > 2 * len(set(shown))


def test_medians_are_told_without_the_script(tmp_path: Path) -> None:
    """At the start, after the training, after the descent; each line once."""
    runs = samples.store_legs(tmp_path, samples.ended())
    found = plots(samples.report(samples.verdict("E3", "s", Outcome.REFUTED), experiments=runs), tmp_path)
    told = list(ends(found, found.plots["figure-1"]))
    # both accuracies are the same line here
    assert [(line, len(numbers)) for _, _, line, numbers in told] == [("8 networks", 3)] * 3
    assert told[0][3] == [
        pytest.approx(1e6, rel=0.01),
        pytest.approx(1e4, rel=0.01),
        pytest.approx(10, rel=0.01),
    ]


# -- what must not get in -------------------------------------------------------------


def test_nothing_in_the_data_acts(tmp_path: Path) -> None:
    """A setting that would end the script, open a comment or turn the writing is text, in plain ASCII."""
    evil = "</script><!--<script>&\u202e\u2028"
    row = samples.verdict("E1", evil, Outcome.REFUTED, **HE)
    text = embedded(plots(samples.report(row), tmp_path))
    assert text.isascii()
    assert not set("<>&") & set(text)
    label = json.loads(text)["plots"]["E1-intervals"]["views"][0]["panels"][0]["rows"][0]["label"]
    assert label == evil.replace("\u202e", "\\u202e").replace("\u2028", "\\u2028")


@pytest.mark.parametrize("link", ["", "folder", "file"])
def test_a_forged_figure_does_not_reach_the_page(tmp_path: Path, link: str) -> None:
    """An SVG beside the page with an index that vouches for it, a forged table, a link in place of either:
    the page takes nothing from there, and writes nowhere else."""
    folder, elsewhere = tmp_path / "cpu", tmp_path / "elsewhere"
    elsewhere.mkdir(parents=True)
    (elsewhere / "mine").write_text("mine")
    report = samples.full_report(tmp_path / "store")
    folder.mkdir()
    name = next(
        iter(build(report, folder, tmp_path / "store", "").parent.glob("figures/*-networks.csv"))
    ).name
    clean = (folder / "index.html").read_bytes()
    evil = '<svg><foreignObject><meta http-equiv="refresh" content="0;url=//evil"/></foreignObject></svg>'
    figures = folder / "figures"
    if link == "folder":
        for path in figures.iterdir():
            path.unlink()
        figures.rmdir()
        figures.symlink_to(elsewhere)
    else:
        (figures / "figure-1.svg").write_text(evil)
        (figures / "index.json").write_text(json.dumps({"figure-1": evil}))
        (figures / name).unlink()
        if link == "file":
            (figures / name).symlink_to(elsewhere / "mine")
        else:
            (figures / name).write_text(evil)
    build(report, folder, tmp_path / "store", "")
    assert (folder / "index.html").read_bytes() == clean
    assert not re.search(rb"foreignObject|http-equiv=.refresh", clean)
    assert [(path.name, path.read_text()) for path in elsewhere.iterdir()] == [("mine", "mine")]
    assert not (figures / name).is_symlink()
    assert (figures / name).read_text().startswith("epoch,step")
