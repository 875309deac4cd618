"""Planted controls for T1 and T3 to T6: each must be able to come out either way, for the right reason."""

from dataclasses import replace

import flint
import numpy as np
import pytest

from claims.catalogue import claim
from claims.core.verdict import Evidence, Failed, Outcome, Strength, decide
from claims.evidence.linear.convexity import convexity_evidence
from claims.evidence.linear.curvature import curvature_evidence
from claims.evidence.linear.dropped_hypotheses import DROPPED, survival_evidence
from claims.evidence.linear.points import checked
from claims.evidence.linear.prerequisites import failed, judged_on
from claims.evidence.linear.saddles import saddle_evidence
from claims.evidence.linear.strictness import strictness_evidence
from data import load_synthetic
from models.exact.moments import Moments, moments
from models.linear.critical import CriticalPoint, critical_points
from models.linear.critical_checks import check_point
from models.linear.exact_network import ExactMoments, identity
from models.linear.exact_spectrum import BITS, ball_spectrum, fitted_moments
from tests.claims.controls.declared import control

SUPPORTED, REFUTED, INCONCLUSIVE = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.INCONCLUSIVE
EYE = np.eye(4, dtype=int)


def of(name: str) -> Moments:
    planted = load_synthetic(name)
    return moments(planted.X, planted.Y)


def convexity(X, **more):
    return convexity_evidence(moments(X, EYE[:, :2]), **more)


def points(name="synthetic", keep=lambda k: True, change=lambda k: k):
    """The checked points of a planted set, chosen, and tampered with."""
    data, found = checked(name, "raw")
    return data, tuple(change(k) for k in found if keep(k))


def padded(k) -> bool:
    """A saddle of two hidden layers whose closed middle leaves no negative eigenvalue."""
    return k.point.hidden_layers == 2 and k.point.order == 3


def used(k) -> bool:
    """A point with a channel in use: elsewhere small weights may change and the gradient stays zero."""
    return bool(k.point.chosen)


def not_critical(k):
    """The point with one weight moved by a millionth, checked anew."""
    data, _ = checked("synthetic", "raw")
    first = flint.fmpq_mat(k.point.weights[0])
    first[0, 0] += flint.fmpq(1, 10**6)
    return check_point(data, replace(k.point, weights=(first, *k.point.weights[1:])))


def maximum():
    """What no data have, X X^T = -1: the critical point of -w^2 / 2 - w + 1 / 2 is a maximum."""
    data = ExactMoments(flint.fmpq_mat([[-1]]), flint.fmpq_mat([[1]]), flint.fmpq(1))
    one = flint.fmpq_mat([[1]])
    point = CriticalPoint((0,), (-1 * one,), 1, 1, flint.fmpq(1), False, 2, (one,), None, flint.fmpq(0))
    return data, (check_point(data, point),)


def called_full(k):
    """The point with its middle rank overstated."""
    return replace(k, point=replace(k.point, middle_rank=k.point.narrowest))


def called_shallow(k):
    """The point as if it were of one hidden layer."""

    class Shallow(type(k.point)):
        hidden_layers = 1

    fields = {name: getattr(k.point, name) for name in k.point.__dataclass_fields__}
    return replace(k, point=Shallow(**fields))


def survival(name: str) -> Evidence:
    return survival_evidence(of(name), load_synthetic(name).reflection.T.tolist(), DROPPED[name])


CONTROLS = {
    "T1-inputs": ("T1", lambda: convexity(EYE), SUPPORTED, "6 of 6 witnesses"),
    "T1-no-relation": (
        "T1",
        lambda: convexity_evidence(of("synthetic-unrelated")),
        SUPPORTED,
        "(1, 1, 1, 0) and (0, 1, 1, 1)",
    ),
    "T1-regression-is-convex": (
        "T1",
        lambda: convexity(EYE, depths=(0,)),
        REFUTED,
        "1 of 2 witnesses for H = 0",
    ),
    "T1-no-inputs": ("T1", lambda: convexity(0 * EYE), REFUTED, "X = 0: the loss is constant"),
    "T3": (
        "T3",
        lambda: saddle_evidence(*points()),
        SUPPORTED,
        "85 of 85 others fall and rise",
    ),
    "T3-a-maximum": (
        "T3",
        lambda: saddle_evidence(*maximum()),
        REFUTED,
        "1 have a definite Hessian above L*, by the exact inertia",
    ),
    "T4": (
        "T4",
        lambda: curvature_evidence(*points()),
        SUPPORTED,
        "v^T H v < 0 at 58 of 58 saddles",
    ),
    "T4-rank-overstated": (
        "T4",
        lambda: curvature_evidence(*points(keep=padded, change=called_full)),
        REFUTED,
        "have no negative eigenvalue, by the exact inertia",
    ),
    "T5": (
        "T5",
        lambda: strictness_evidence(*points(), of("synthetic")),
        SUPPORTED,
        "L(t) = 64288 - 960 t^3 + 8 t^6",
    ),
    "T5-zero-is-global": (
        "T5",
        lambda: strictness_evidence(*points("synthetic-unrelated"), of("synthetic-unrelated")),
        REFUTED,
        "zero weights are a global minimum and no saddle",
    ),
    "T5-depth-understated": (
        "T5",
        lambda: strictness_evidence(*points(keep=padded, change=called_shallow), of("synthetic")),
        REFUTED,
        "have no negative eigenvalue, by the exact inertia",
    ),
    "T6-rank-deficient": (
        "T6",
        lambda: survival("synthetic-rank-deficient"),
        SUPPORTED,
        "without H2: T1 yes",
    ),
    "T6-unrelated": (
        "T6",
        lambda: survival("synthetic-unrelated"),
        REFUTED,
        "T5 no (zero weights are a global minimum)",
    ),
}


UNITS = {
    "T1": "witnesses",
    "T3": "points built",
    "T4": "points built",
    "T5": "checks at points built",
    "T6": "conclusions checked",
}


@pytest.mark.parametrize(
    ("id", "evidence", "outcome", "note"),
    [pytest.param(*case, id=name, marks=control(case[0], case[2])) for name, case in CONTROLS.items()],
)
def test_a_planted_case_comes_out_as_planted(id, evidence, outcome, note):
    """Each can go either way: by a proof against it, at the points built for it; T1's witnesses prove it."""
    found = evidence()
    verdict = decide(claim(id), found, setting="planted", dataset="planted")
    assert verdict.outcome is outcome
    assert verdict.strength is (Strength.PROOF if outcome is REFUTED or id == "T1" else Strength.POINTS)
    assert verdict.sampling_unit == UNITS[id]
    assert verdict.strength is Strength.PROOF or "checked exactly at the" in verdict.reason
    assert note in verdict.reason
    assert claim(id).region.contains((found.estimate,) * 2) == (outcome is SUPPORTED)


def test_an_open_proof_is_not_a_refutation():
    """Saddles without a proved way down leave T3 inconclusive: nothing was disproved."""
    found = saddle_evidence(*points(change=lambda k: replace(k, down=None)))
    verdict = decide(claim("T3"), found, setting="planted", dataset="planted")
    assert verdict.outcome is INCONCLUSIVE
    assert found.estimate == pytest.approx(14 / 99)


def moved_moments(k):
    """The point checked with an X X^T whose first entry is one too large."""
    data, _ = checked("synthetic", "raw")
    gram = flint.fmpq_mat(data.gram)
    gram[0, 0] += 1
    return check_point(ExactMoments(gram, data.cross, data.label_square), k.point)


def of_another_value(k):
    """The point with another loss than it has."""
    point = replace(k.point, value=k.point.value + 1)
    return replace(k, point=point, value_holds=False)


@pytest.mark.parametrize("change", [not_critical, moved_moments, of_another_value])
def test_a_point_that_is_not_critical_is_an_error(change):
    """The theorem says nothing of it, so it refutes nothing; the error says how far off it is."""
    data, found = points(keep=used, change=change)
    wanted = (
        r"got \d+ of 85 points that are not critical .*\(the first: S = \(0,\), hidden widths 1, gradient "
    )
    for evidence in (
        saddle_evidence,
        curvature_evidence,
        lambda *args: strictness_evidence(*args, of("synthetic")),
    ):
        with pytest.raises(ValueError, match=wanted):
            evidence(data, found)


@pytest.mark.parametrize(("change", "slope"), [(not_critical, "0.0031"), (moved_moments, "98")])
def test_the_error_says_the_gradient(change, slope):
    """The largest entry is shown, whatever made the point a wrong one."""
    with pytest.raises(ValueError, match=rf"gradient entries up to {slope}\d*\), wanted critical points"):
        saddle_evidence(*points(keep=used, change=change))


@pytest.mark.parametrize("chosen", [(), (1,), (2,), (0, 1), (1, 2)])
@pytest.mark.parametrize("others", [True, False], ids=["among-others", "alone"])
def test_a_saddle_offered_as_a_minimum_is_noticed(chosen, others):
    """A point that calls itself global counts only with the value L*, also where all points say so."""

    def is_meant(k):
        return k.point.chosen == chosen and not k.point.is_global

    def called_global(k):
        return replace(k, point=replace(k.point, is_global=True)) if is_meant(k) else k

    data, found = points(keep=lambda k: others or is_meant(k), change=called_global)
    meant = sum(k.point.chosen == chosen and k.point.value != k.point.least for k in found)
    evidence = saddle_evidence(data, found)
    assert meant
    assert evidence.proved is None
    assert evidence.estimate == pytest.approx(1 - meant / len(found))
    assert f"{meant} are called global without the value L*" in evidence.note


def test_a_minimum_offered_as_a_saddle_is_noticed():
    """A global minimum that denies it is no saddle, and its value is not above L*."""
    data, found = points(
        keep=lambda k: k.point.is_global, change=lambda k: replace(k, point=replace(k.point, is_global=False))
    )
    evidence = saddle_evidence(data, found)
    assert (evidence.proved, evidence.estimate) == (None, 0.0)


def test_the_least_loss_is_the_closed_form():
    """Every point carries L* of its width, from the eigenvalues of Sigma and not from the other points."""
    data, found = checked("synthetic", "raw")
    values = sorted(load_synthetic("synthetic").eigenvalues, reverse=True)
    for k in found:
        assert k.point.least == (data.label_square - sum(values[: k.point.narrowest])) / 2
        assert k.point.is_global == (k.point.value == k.point.least)
    unknown = [replace(k, point=replace(k.point, least=None)) for k in found]
    assert saddle_evidence(data, unknown).estimate == 0.0


@pytest.mark.parametrize("missing", ["a proof that it is critical", "few weights"])
def test_an_extremum_is_proved_at_critical_points_of_few_weights(monkeypatch, missing):
    """A definite Hessian refutes T3 at a point proved critical only, and where the inertia is computed."""
    data, (point,) = maximum()
    assert saddle_evidence(data, (point,)).proved is False
    if missing == "few weights":
        monkeypatch.setattr("claims.evidence.linear.saddles.ENTRIES", 0)
    else:
        point = replace(point, stationary=None)
    found = saddle_evidence(data, (point,))
    assert found.proved is None
    assert "definite Hessian" not in found.note


@pytest.mark.parametrize("id", ["T3", "T4", "T5"])
def test_no_point_at_all_is_inconclusive(id):
    """Nothing was checked, so nothing is known: n is 0 and there is no estimate."""
    data, _ = checked("synthetic", "raw")
    found = {
        "T3": lambda: saddle_evidence(data, ()),
        "T4": lambda: curvature_evidence(data, ()),
        "T5": lambda: strictness_evidence(data, (), of("synthetic")),
    }[id]()
    verdict = decide(claim(id), found, setting="planted", dataset="planted")
    assert verdict.outcome is INCONCLUSIVE
    assert "no point was built" in verdict.reason
    assert (found.n, found.estimate) == ((4, 1.0) if id == "T5" else (0, None))
    assert "the check at the points built did not close" in verdict.reason


def test_the_padded_point_has_no_negative_direction():
    """Without the rank condition T4's check finds none at H = 2, and T4 does not count such a point."""
    data, found = points(keep=padded)
    assert found
    assert not any(k.is_strict for k in found)
    assert all(k.is_saddle for k in found)
    assert curvature_evidence(data, found).n == 0


def test_a_rank_deficient_gram_switches_the_theorem_off():
    """A doubled column fails H2, so T1 to T5 are not applicable and say where to look instead."""
    for id in ("T1", "T3", "T4", "T5"):
        broken = failed(claim(id).prerequisites, of("synthetic-rank-deficient"), "planted")
        verdict = decide(
            claim(id),
            judged_on("planted-independent", Evidence(None, None, 0, Strength.PROOF)),
            setting="planted",
            dataset="planted",
            failed_prerequisites=broken,
        )
        assert verdict.outcome is Outcome.NOT_APPLICABLE
        assert verdict.reason == "H2 failed on planted (rank 4 of 5); judged on planted-independent instead"


def test_a_repeated_eigenvalue_is_noticed():
    """H4 is named, so T1 to T5 are switched off there too."""
    assert failed(claim("T3").prerequisites, of("synthetic-repeated"), "planted") == (
        Failed("H4", "H4 failed on planted (repeated eigenvalues of Sigma)"),
    )


def test_balls_make_a_certificate():
    """In ball arithmetic the same conclusions come out true, and say that they are not exact."""
    data = fitted_moments(of("synthetic"), balls=True)
    with flint.ctx.workprec(BITS):
        spectrum, Z = ball_spectrum(data.gram), identity(data.kind, 3)
        built = [
            *critical_points(data, spectrum, Z, (2,)),
            *critical_points(data, spectrum, Z, (2, 2)),
            *critical_points(data, spectrum, Z, (2, 2), closed=1, canonical=True),
        ]
        found = [check_point(data, point) for point in built]
        for evidence in (
            saddle_evidence(data, found),
            curvature_evidence(data, found),
            strictness_evidence(data, found, of("synthetic")),
        ):
            assert (evidence.strength, evidence.proved, evidence.estimate) == (
                Strength.CERTIFICATE,
                True,
                1.0,
            )
            assert "points built" in evidence.sampling_unit
            assert "checked in ball arithmetic at the" in evidence.note
