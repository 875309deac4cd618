"""What the descents' benchmark compares is the same work: every contender minimises the same function."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import numpy as np
import pytest
import torch

from benchmarks import descent
from benchmarks.descents import CONTENDERS, OURS, Over, Start, Watch, absent, jacobian_diagonal
from data import Dataset, load
from models.descent.problem import problem_of
from models.second_leg.descent import TOLERANCE
from tests.helpers.specs import mlp


@pytest.fixture(scope="module", params=[(60,), (40, 30)], ids=str)
def start(request) -> Start:
    """A small network on sixteen digits of 4 x 4 pixels, before its descent."""
    digits = load("mnist-5k")
    x = digits.raw_train[:16].reshape(-1, 28, 28)[:, 2::7, 2::7].reshape(16, -1)
    y = digits.raw_y_train[:16]
    small = Dataset("small", "classification", x, y, x, y, 10, digits.checksum, digits.source)
    return Start(mlp("small", request.param, networks=4), small, 3)


def watched(start: Start, name: str, watch: Watch, **settings) -> Watch:
    """A contender's run, to its end."""
    run = CONTENDERS[name].prepare(start, **settings)
    watch.begin()
    with suppress(Over):
        run(watch)
    return watch


@pytest.mark.parametrize("name", CONTENDERS)
def test_every_contender_minimises_the_same_function(name, start):
    """The first loss that a contender sees is the problem's at the initial weights, in float64, and a run
    that is ended by its time has lowered it: its derivatives are those of the function."""
    if reason := absent(name):
        pytest.skip(reason)
    loss = float(problem_of(start.spec, start.data).loss(start.w))
    watch = watched(start, name, Watch(target=0.5 * loss, limit=5.0))
    assert watch.first == pytest.approx(loss, rel=1e-10)
    assert watch.best < 0.9 * loss
    assert watch.counts


def test_ours_arrives(start):
    """And says with how many steps and products."""
    watch = watched(start, OURS, Watch(target=TOLERANCE * start.baseline, limit=20.0))
    assert watch.arrived
    assert watch.counts["products"] > watch.counts["steps"] > 0


def test_scipys_jacobian_is_the_functions(start):
    """Products of the operator with a vector are those of differences, and those back its transpose."""
    seen = {}

    def spy(function, w, jacobian, **options):
        seen.update(function=function, operator=jacobian(w))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmarks.descents.least_squares", spy)
        watched(start, "scipy trf", Watch())
    draw = np.random.default_rng(0)
    v, u = (draw.normal(size=n) for n in seen["operator"].shape[::-1])
    pushed = seen["operator"].matvec(v)
    step = 1e-7
    ahead, behind = (seen["function"](start.w_flat + s * step * v) for s in (1, -1))
    np.testing.assert_allclose(pushed, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-5)
    assert u @ pushed == pytest.approx(v @ seen["operator"].rmatvec(u), rel=1e-10)


@pytest.mark.parametrize("start", [(40, 30)], ids=str, indirect=True)
def test_jaxopt_is_given_the_diagonal_that_it_would_compute(start):
    """Where its own identity [P, P] fits."""
    if reason := absent("jaxopt LM"):
        pytest.skip(reason)
    import jax

    from benchmarks.descents import _jax_residual

    with jax.enable_x64(True):
        w = jax.numpy.asarray(start.w_flat)
        columns = np.asarray(jax.jacfwd(_jax_residual(start))(w))
        found = jax.jit(lambda w: jacobian_diagonal(start, w))(w)
    np.testing.assert_allclose(found, np.square(columns).sum(0), rtol=1e-10)


def test_a_watch_counts_what_is_not_paused():
    """A loss at the target ends a run, and so does the time; a pause takes none."""
    watch = Watch(target=1.0, limit=0.05)
    watch.begin()
    with watch.paused():
        _work(0.1)
    watch(2.0)
    with pytest.raises(Over):
        watch(1.0)
    assert (watch.arrived, watch.first, watch.best) == (True, 2.0, 1.0)
    late = Watch(limit=0.05)
    late.begin()
    _work(0.1)
    with pytest.raises(Over):
        late(2.0)
    assert not late.arrived


def _work(seconds: float) -> None:
    since = time.process_time()
    while time.process_time() < since + seconds:
        torch.ones(10).sum()


def test_a_peer_that_is_not_installed_says_how(monkeypatch):
    """An absent package is named with the extra that brings it."""
    monkeypatch.setattr("benchmarks.descents.find_spec", lambda name: None)
    assert absent("jaxopt LM") == "jax, jaxopt not installed: python -m pip install -e '.[bench]'"
    assert absent(OURS) is None


def test_a_row_is_the_best_of_a_contenders_settings():
    """One that arrived before one that came lower, and sooner before later."""
    beside = {"seconds": 2.0, "l": 5e-5, "counts": {"steps": 5}}
    one = {"contender": "a", "settings": {"k": 1}, "counts": {"steps": 1200}, "beside": beside}
    slow = one | {"ended": "arrived", "l": 1e-4, "seconds": 12.0, "times": 6.0}
    fast = slow | {"settings": {"k": 2}, "seconds": 8.0, "times": 4.0}
    lower = one | {"ended": "time", "l": 1e-5, "seconds": 40.0, "times": 20.0}
    never = lower | {"contender": "b", "settings": {}, "l": 0.5}
    over = never | {"contender": "c", "ended": "stopped", "times": 1.5, "seconds": 3.0}
    shown = descent.table({"he": [slow, fast, lower, never, over]}).splitlines()
    ours, a, b, c = (row.split() for row in shown[-4:])
    assert ours == ["he", "ours", "2.00", "5.0e-05", "5", "steps"]
    assert a == ["a", "k", "2", "8.0", "4.0x", "1.0e-04", "1,200", "steps"]
    assert b == ["b", "defaults", "40.0", "not", "in", "20.0x", "5.0e-01", "1,200", "steps"]
    assert c == ["c", "defaults", "3.0", "stops", "at", "1.5x", "5.0e-01", "1,200", "steps"]


def test_names_choose_what_is_measured_and_the_rest_stays(tmp_path, monkeypatch, capsys):
    """One peer measured again from one start; a name that is none is refused."""
    path = tmp_path / "descent.json"
    row = {"settings": {}, "counts": {}, "ended": "time", "l": 0.5, "seconds": 4.0, "times": 4.0}
    row["beside"] = {"seconds": 1.0, "l": 1e-5, "counts": {}}
    asked = []

    def measured(start, peers):
        asked.append((start.spec.initialisation.kind, start.number, *peers))
        return [row | {"contender": name, "load": len(asked)} for name in peers]

    monkeypatch.setattr(descent, "measured", measured)
    descent.main(["std, i = 3"], path)
    descent.main(["scipy trf", "he", "std, i = 3"], path)
    assert asked[1:] == [("he", 0, "scipy trf"), ("std", 3, "scipy trf")]
    loads = {
        start: {row["contender"]: row["load"] for row in rows}
        for start, rows in json.loads(path.read_text())["starts"].items()
    }
    assert loads["he"] == {"scipy trf": 2}
    assert loads["std, i = 3"] == {name: 1 for name in CONTENDERS if name != OURS} | {"scipy trf": 3}
    with pytest.raises(ValueError, match=r"got nobody, wanted some of he, .*, torch L-BFGS"):
        descent.main(["nobody"], path)
