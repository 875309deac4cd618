"""The judge judged in small: no rule is wrong more often than alpha, where the truth is known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.error_rates import alternatives, cells, shapes, tables, theory
from benchmarks.error_rates.__main__ import main
from benchmarks.error_rates.simulate import outcomes, simulate
from claims.catalogue import CATALOGUE
from claims.core.verdict import Outcome


@pytest.fixture(scope="module")
def quick():
    """The rows of the quick version, by scenario."""
    rows, _ = cells.simulated(quick=True)
    return tables.grouped(rows)


def test_no_rule_is_wrong_too_often(quick):
    """At the edge of its region every rule is wrong in at most alpha of all experiments, and three Monte
    Carlo errors: at 12 to 96 networks, and in looks."""
    assert [(s["claims"], s["data"], s["spread"], d) for s, d in tables.failed(quick)] == []


PROVED = {"H1", "H2", "H3", "H4", "H5", "H6", "T1", "T3", "T4", "T5", "T6", "N1", "D9"}
"""Claims that proofs and certificates decide: they have no rate of error."""


def test_every_statistical_rule_is_simulated_on_both_sides_of_its_edge():
    """A claim of the catalogue that is missing here fails; every kind of data is there, near and far."""
    scenarios = cells.all_scenarios()
    assert {id for s in scenarios for id in s.claims} == set(CATALOGUE) - PROVED
    for ids in {s.claims for s in scenarios}:
        of = [s for s in scenarios if s.claims == ids]
        assert {(s.edge, s.holds) for s in of} == {(a, b) for a in (True, False) for b in (True, False)}
        if not {"M1", "H7", "T2", "D8"} & set(ids):  # what these count has two values
            assert {s.data for s in of} >= set(shapes.DATA)
    assert len({str(s) for s in scenarios}) == len(scenarios)


def test_quick_covers_every_edge():
    """The quick choice leaves out no claim and neither side of its edge."""
    edges = {(s.claims, s.holds) for s in cells.all_scenarios() if s.edge}
    assert {(s.claims, s.holds) for s in cells.quick_scenarios()} == edges


def one(*ids: str, **about: object):
    """The first scenario of these claims that is like this."""
    return next(
        s
        for s in cells.all_scenarios()
        if s.claims[: len(ids)] == ids and all(getattr(s, k) == v for k, v in about.items())
    )


@pytest.mark.parametrize("id", ["E1", "E2", "E6", "E10-groups", "E8-one"])
def test_far_from_the_edge_96_networks_decide(id):
    """A judge that never decided would never be wrong: these do, in both directions."""
    for holds in (True, False):
        rows = simulate(one(id, holds=holds, edge=False, data="normal", spread=_spread(id, holds)), 12)
        (row,) = (row for row in rows if row["design"] == "96")
        assert row["supported" if holds else "refuted"] == 1.0


def _spread(id: str, holds: bool) -> str:
    return "equal" if id != "E8-one" else f"equal, {'one' if holds else 'two'}"


def test_a_rule_that_is_wrong_is_found():
    """The same rule at eight times its alpha is beyond the limit: the simulation can tell."""
    right = one("E1", holds=False, edge=True, data="normal", spread="equal")

    def loose(runs, claim):
        return right.evidence(runs, replace(claim, alpha=8 * claim.alpha))

    assert tables.failed(tables.grouped(simulate(right, 100))) == []
    wrong = tables.failed(tables.grouped(simulate(replace(right, evidence=loose), 100)))
    assert "96" in [design for _, design in wrong]


@pytest.mark.parametrize("id", ["E1", "E2", "E2-sigma", "E6", "E8", "E10-groups"])
def test_a_look_that_the_whole_alpha_leaves_open_need_not_be_taken(id):
    """Looks judged one by one say what the shortcut says."""
    for scenario in (one(id, edge=edge, holds=holds) for edge in (True, False) for holds in (True, False)):
        for seed in range(4):
            runs = scenario.draw(np.random.default_rng(seed))
            assert outcomes(scenario, runs) == outcomes(scenario, runs, shortcut=False)


def test_an_experiment_depends_on_its_scenario_and_seed_alone():
    """Twice the same, another seed another count."""
    scenario = one("E2", edge=False, holds=False)
    assert simulate(scenario, 40) == simulate(scenario, 40)
    assert simulate(scenario, 40) != simulate(scenario, 40, seed=1)


@pytest.mark.parametrize("data", shapes.SHAPES)
@pytest.mark.parametrize("scales", [(1.0,), tuple(shapes.UNEQUAL)], ids=["equal", "unequal"])
def test_the_best_window_holds_the_share(data, scales):
    """Two hundred thousand draws: no window of the width holds more than the share, and one holds it."""
    found = shapes.scaled_to_window(data, np.array(scales), 0.01, 0.85)
    x = np.sort(shapes.shaped(np.random.default_rng(0), data, 200_000, found))
    inside = np.searchsorted(x, x + 0.01, side="right") - np.arange(len(x))
    assert inside.max() / len(x) == pytest.approx(0.85, abs=0.004)


@pytest.mark.parametrize("data", shapes.SHAPES)
def test_shapes_have_their_median_at_zero(data):
    """So that a place is a median."""
    x = shapes.SHAPES[data](np.random.default_rng(0), 100_000)
    assert np.median(x) == pytest.approx(0.0, abs=0.015)


def test_draws_of_paths_have_the_loss_that_is_planted():
    """What the deep linear network gets wrong sums to the project's own exact loss."""
    assert (theory._errors() ** 2).sum() / 2 == theory.linear_loss()


def test_the_alternatives_are_wrong_where_the_rules_are_not(monkeypatch):
    """Means under skew, pairs on an even spread and a geometric mean over stuck networks are wrong by far."""
    monkeypatch.setattr(alternatives, "REPETITIONS", 400)
    spread = [r for r in alternatives.pairs_or_window() if r["data"] == "even" and not r["true"]]
    assert max(row["pairs_supported"] for row in spread) > 0.8
    assert max(row["window_supported"] for row in spread) < 0.1
    means = {(row["data"], row["n"]): row for row in alternatives.means_or_medians()}
    assert means["log-normal, few much better", 32]["welch_supported"] > 0.15
    assert all(row["median_supported"] < 0.09 and row["median_refuted"] < 0.09 for row in means.values())
    (stuck,) = (r for r in alternatives.geometric_mean() if r["stuck"] == 0.3 and r["n"] == 96)
    assert stuck["mean_supported"] > 0.2
    assert stuck["count_supported"] == 0


def test_the_program_writes_what_it_found(tmp_path, monkeypatch, capsys):
    """JSON and Markdown side by side; a rate beyond its limit makes it exit with 1 and is named."""
    rows = simulate(one("T2", edge=True, holds=True), 30)
    monkeypatch.setattr(cells, "simulated", lambda **_: (rows, 1.0))
    target = tmp_path / "rates.json"
    assert main(["--quick", "--to", str(target)]) == 0
    content = json.loads(target.read_text())
    assert content["scenarios"] == tables.grouped(rows)
    assert "## T2" in target.with_suffix(".md").read_text()
    rows[0]["refuted"] = 0.9
    assert main(["--quick", "--to", str(target)]) == 1
    assert "beyond 0.169: ['T2'], discrete, equal, edge, True, as it is" in capsys.readouterr().out
    assert "NO" in target.with_suffix(".md").read_text()


def test_not_applicable_is_no_decision():
    """Two groups that never were do not merge: the rule says so, and neither error is counted."""
    scenario = one("E10-merge", edge=False, holds=True, data="normal", spread="equal")
    draw = one("E10-groups", edge=False, holds=False, data="normal", spread="equal").draw
    found = outcomes(replace(scenario, draw=draw), draw(np.random.default_rng(0)))
    assert found["12"] is Outcome.INCONCLUSIVE  # too few to exclude the groups
    assert {found["48"], found["96"], found["looks"]} == {Outcome.NOT_APPLICABLE}
