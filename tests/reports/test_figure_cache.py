"""The figures of a report: drawn once, kept under the digest of what they show, and put in their places."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from claims.catalogue.figures import PAPER
from claims.core.origin import Subject, TrainedRun
from claims.core.verdict import Outcome
from models.runs.files import DamageError, StoreWarning
from models.runs.stored import stored
from reports.figures import cache as figure_cache
from reports.figures.cache import Figure, FigureCache, Source, Wanted
from reports.page.gallery import gallery
from tests.reports import page_samples as samples


def wanted(run: TrainedRun, kind: str = "curves") -> Wanted:
    assert run.subject is not None
    return Wanted(Source(run.name or run.key, run.subject, (run,)), kind)


def figure(cache: FigureCache, run: TrainedRun, kind: str = "curves") -> Figure:
    found = cache.figures([wanted(run, kind)])[wanted(run, kind)]
    assert found is not None
    return found


@pytest.fixture
def cache(tmp_path: Path) -> FigureCache:
    """Figures of a report beside a store that is empty yet."""
    return FigureCache(tmp_path / "figures", tmp_path / "store")


def again(of: FigureCache) -> FigureCache:
    return FigureCache(of.folder, of.store)


def test_a_figure_is_drawn_once(cache: FigureCache) -> None:
    """A second report on the same run takes it from the store, even without the run."""
    run = samples.store(cache.store, samples.run())
    first = figure(cache, run)
    assert (cache.drawn, first.problem, first.csv) == (1, "", "figures/mnist-5k-500-he-linear-mse-curves.csv")
    (cache.store / run.key / "run.safetensors").unlink()
    other = again(cache)
    assert (figure(other, run), other.drawn) == (first, 0)


@pytest.mark.parametrize("damage", ["beside the page", "not JSON", "another run", "a folder"])
def test_only_what_was_drawn_is_shown(cache: FigureCache, damage: str) -> None:
    """What someone edited beside the page, a broken file of the store, another run: made again."""
    run = samples.store(cache.store, samples.run())
    first = figure(cache, run)
    (kept,) = (cache.store / "figures").glob("*.json")
    if damage == "beside the page":
        (cache.folder / f"{first.name}.svg").write_text("<script>alert(1)</script>")
    elif damage == "another run":
        run = samples.store(cache.store, samples.run(end=1.0))
    else:
        kept.write_text('["no", "drawing"]')
        if damage == "a folder":
            kept.unlink()
            kept.mkdir()
    other = again(cache)
    broken = damage in ("not JSON", "a folder")
    with pytest.warns(StoreWarning, match="set aside as") if broken else contextlib.nullcontext():
        second = figure(other, run)
    assert other.drawn == (damage != "beside the page")
    assert (second.svg == first.svg) == (damage != "another run")
    assert (cache.folder / f"{second.name}.svg").read_text() == second.svg


@pytest.mark.parametrize("link", ["folder", "file"])
def test_a_link_takes_no_figure_elsewhere(cache: FigureCache, tmp_path: Path, link: str) -> None:
    """Neither a link in place of the folder nor one in place of a file is followed."""
    run = samples.store(cache.store, samples.run())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("mine")
    if link == "folder":
        cache.folder.symlink_to(elsewhere)
    else:
        cache.folder.mkdir()
        for ending in ("svg", "csv"):
            (cache.folder / f"mnist-5k-500-he-linear-mse-curves.{ending}").symlink_to(elsewhere / "mine")
    made = figure(cache, run)
    assert (cache.folder / f"{made.name}.svg").read_text() == made.svg
    assert [(path.name, path.read_text()) for path in elsewhere.iterdir()] == [("mine", "mine")]


def test_a_store_that_cannot_be_written_costs_time_only(cache: FigureCache) -> None:
    """The figure is shown all the same."""
    run = samples.store(cache.store, samples.run())
    (cache.store / "figures").write_text("a file where the folder should be")
    assert figure(cache, run).svg
    other = again(cache)
    assert (bool(figure(other, run).svg), other.drawn) == (True, 1)


def test_two_runs_of_one_name_have_two_figures(cache: FigureCache) -> None:
    """A report on two lengths of training shows both."""
    runs = [samples.store(cache.store, samples.run(epochs=epochs)) for epochs in (3, 5)]
    found = cache.figures([wanted(run) for run in runs]).values()
    assert len({of.name for of in found if of}) == len({of.csv for of in found if of}) == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"key": "gone-00000000000000000000"}, "is not in the run store"),
        ({"key": "../elsewhere"}, "wanted the name of a folder in the run store"),
        ({"sha256": "0" * 64}, "has other bytes than the report names"),
    ],
    ids=["missing", "path", "bytes"],
)
def test_a_run_that_cannot_be_read_leaves_a_reason(
    cache: FigureCache, change: dict[str, str], why: str
) -> None:
    """The section stays, without its figure."""
    found = figure(cache, replace(samples.store(cache.store, samples.run()), **change))
    assert (found.svg, found.csv) == ("", "")
    assert why in found.problem


def test_a_forest_plot_is_drawn_once(cache: FigureCache) -> None:
    """And again when a number of it changes; the duration of its tests is none."""
    row = samples.verdict("E1", "s", Outcome.REFUTED)
    first = cache.forest([row], "n")
    assert cache.forest([replace(row, duration=9.0)], "n") == first
    assert cache.drawn == 1
    assert cache.forest([replace(row, estimate=0.31)], "n") != first


def test_the_looks_of_a_design_are_drawn_as_one_run(cache: FigureCache) -> None:
    """Runs of one name with other networks each: one figure of all, in the order of their numbers."""
    looks = [samples.run(networks=12), samples.run(networks=12, first=12), samples.run(networks=24, first=24)]
    entries = [samples.store(cache.store, run) for run in looks]
    (view,) = gallery(reversed(entries), cache).paper[0].views
    assert view.figure is not None
    assert "(medians of 48 networks)" in view.figure.caption
    text = (cache.folder.parent / view.figure.csv).read_text()
    assert [row["network"] for row in csv.DictReader(text.splitlines())][:48] == [str(n) for n in range(48)]


def test_runs_that_do_not_belong_together_leave_a_reason(cache: FigureCache) -> None:
    """A gap between the networks' numbers, or two lengths of training under one name."""
    for other in (samples.run(first=16), samples.run(first=8, epochs=5)):
        entries = [samples.store(cache.store, run) for run in (samples.run(), other)]
        (view,) = gallery(entries, again(cache)).paper[0].views
        assert view.figure is not None
        assert "the runs of this name do not belong together" in view.figure.problem


def test_drawing_on_all_cores_gives_the_same_texts(
    cache: FigureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many figures are drawn in processes of their own, a few here; the texts are the same."""
    runs = [samples.store(cache.store, samples.run(epochs=epochs)) for epochs in (3, 5)]
    asked = [wanted(run, kind) for run in runs for kind in ("curves", "agreement", "distance")]
    here = cache.figures(asked)
    for kept in (cache.store / "figures").iterdir():
        kept.unlink()
    monkeypatch.setattr(figure_cache, "MANY", 1)
    monkeypatch.setattr(figure_cache, "cores", lambda: 2)
    other = again(cache)
    assert (other.figures(asked), other.drawn) == (here, 6)


def test_a_run_without_a_field_has_no_figure_of_it(
    cache: FigureCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two runs one was recorded with the field: it alone is shown, under the field's title."""
    field = type("Field", (), {"dims": ("epoch", "network"), "unit": "", "title": "Sharpness of the loss"})
    monkeypatch.setattr(figure_cache.fields, "fields", lambda: {"sharpness": field})
    new = samples.run(protocol="std")
    new.arrays["sharpness"] = np.ones((5, 8))
    runs = [samples.store(cache.store, run) for run in (new, samples.run(protocol="he"))]
    title, places = gallery(runs, cache).more[-1]
    assert title == "Sharpness of the loss"
    assert [view.label for place in places for view in place.views] == ["std"]
    assert "Sharpness of the loss" not in [title for title, _ in gallery(runs[1:], again(cache)).more]


def test_a_stored_run_is_read_without_its_weights(tmp_path: Path) -> None:
    """The trajectories of a run come back exactly; what is large stays on disk."""
    made = samples.run()
    large = {"weights/4/W1", "train_predictions", "test_predictions"}
    made.arrays["weights/4/W1"] = np.zeros((8, 2, 2))
    entry = samples.store(tmp_path, made)
    read = stored(tmp_path, entry.key, entry.sha256)
    assert read.spec == made.spec
    assert set(read.arrays) == set(made.arrays) - large
    assert all(np.array_equal(read.arrays[name], made.arrays[name]) for name in read.arrays)
    (tmp_path / entry.key / "run.safetensors").unlink()
    with pytest.raises(DamageError, match=r"lacks a readable run\.safetensors"):
        stored(tmp_path, entry.key)


# -- the paper's figures --------------------------------------------------------------


def test_the_paper_has_nine_figures() -> None:
    """Each once; 2 and 7 are about labels."""
    assert [figure.number for figure in PAPER] == list(range(1, 10))
    assert [figure.number for figure in PAPER if figure.kind == "agreement"] == [2, 7]


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
