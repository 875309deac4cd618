"""Planted controls for T2: landscapes and counts whose verdict is known before any restart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from claims.catalogue import claim
from claims.core.margins import FEW, NOT_GLOBAL, RESTARTS
from claims.core.verdict import Evidence, Failed, Outcome, Strength, Verdict, decide
from claims.evidence.linear import restarts
from claims.evidence.linear.preparation import prepared
from claims.evidence.linear.prerequisites import failed, judged_on
from claims.evidence.linear.restarts import Cell, Restarts
from models.exact.moments import moments
from models.linear.closed_form import sigma_spectrum
from models.linear.descent import settle
from models.linear.landscape import LinearLandscape
from models.linear.newton import newton
from models.linear.problem import LinearProblem
from models.linear.reduction import reduction
from models.linear.stationarity import probe
from tests.claims.controls.declared import control

T2 = claim("T2")


def judge(evidence: Evidence, broken: Sequence[Failed] = ()) -> Verdict:
    return decide(T2, evidence, setting="planted", dataset="planted", failed_prerequisites=broken)


def planted(hidden: tuple[int, ...], members: int, *, p: int | None = None, scale: float = 0.5) -> Cell:
    """Restarts on the synthetic set, with L* of the narrowest width p, the true one by default."""
    of = prepared("synthetic", "raw")
    small = reduction(LinearProblem.of(of))
    landscape = LinearLandscape(small.problem(hidden[0]), hidden)
    starts = np.random.default_rng(17).normal(size=(members, landscape.size)) * scale
    return Cell(landscape, starts, sigma_spectrum(of).lowest_loss(p or min(hidden)), 0.5)


@dataclass(frozen=True, eq=False)
class Dented:
    """A landscape less a Gaussian dent of depth a and width r at c: a strict minimum that is not global."""

    under: LinearLandscape
    c: np.ndarray
    a: float = 0.05
    r: float = 0.02

    def _bump(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        z = (w - self.c) / self.r
        return self.a * np.exp(-0.5 * (z**2).sum(axis=1)), z

    def loss(self, w: np.ndarray) -> np.ndarray:
        return self.under.loss(w) - self._bump(w)[0]

    def loss_and_gradient(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        loss, gradient = self.under.loss_and_gradient(w)
        bump, z = self._bump(w)
        return loss - bump, gradient + bump[:, None] * z / self.r

    def hessian(self, w: np.ndarray) -> np.ndarray:
        bump, z = self._bump(w)
        inside = np.eye(w.shape[1]) - z[:, :, None] * z[:, None, :]
        return self.under.hessian(w) + bump[:, None, None] * inside / self.r**2

    def gradient_error(self, w: np.ndarray) -> np.ndarray:
        return self.under.gradient_error(w) + 1e-13 * self.a / self.r

    def hessian_error(self, w: np.ndarray) -> np.ndarray:
        return self.under.hessian_error(w) + 1e-13 * self.a / self.r**2

    def third_derivative(self, w: np.ndarray, radius: float) -> np.ndarray:
        # |(3 t - t^3) exp(-t^2 / 2)| stays below 1.4.
        return self.under.third_derivative(w, radius) + 1.4 * self.a / self.r**3


@dataclass(frozen=True, eq=False)
class TwoValleys:
    """f(x, y) = ((x/s)^2 - 1)^2 / 8 + x / (20 s): a global valley at x < 0, another at x > 0."""

    s: float = 1.0

    @property
    def lowest(self) -> float:
        roots = np.roots([0.5, 0, -0.5, 0.05]).real * self.s
        return float(self.loss(np.column_stack([roots, roots])).min())

    def loss(self, w: np.ndarray) -> np.ndarray:
        t = w[:, 0] / self.s
        return (t**2 - 1) ** 2 / 8 + t / 20

    def loss_and_gradient(self, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        t = w[:, 0] / self.s
        slope = (t**3 / 2 - t / 2 + 0.05) / self.s
        return self.loss(w), np.column_stack([slope, np.zeros(len(w))])

    def hessian(self, w: np.ndarray) -> np.ndarray:
        t = w[:, 0] / self.s
        H = np.zeros((len(w), 2, 2))
        H[:, 0, 0] = (1.5 * t**2 - 0.5) / self.s**2
        return H

    def gradient_error(self, w: np.ndarray) -> np.ndarray:
        return np.full(len(w), 1e-14 / self.s)

    hessian_error = gradient_error

    def third_derivative(self, w: np.ndarray, radius: float) -> np.ndarray:
        return 3 * (np.abs(w[:, 0]) + radius) / self.s**4


def in_valleys(s: float, right: int, left: int) -> Cell:
    """Restarts of which some begin in the wrong valley."""
    landscape = TwoValleys(s)
    x = np.repeat([0.9 * s, -0.9 * s], [right, left])
    starts = np.column_stack([x, np.linspace(-1, 1, right + left)])
    return Cell(landscape, starts, landscape.lowest, landscape.lowest + 1.0)


@control(T2, Outcome.SUPPORTED)
def test_the_theorem_is_supported_where_it_holds():
    """The whole grid on planted data: every restart converges and none is above the closed form."""
    of = prepared("synthetic", "raw")
    ends = restarts.run(restarts.cells(of))
    verdict = judge(restarts.evidence(ends, T2.alpha, restarts.grid_note(of, ends)))
    assert verdict.outcome is Outcome.SUPPORTED
    assert verdict.strength is Strength.STATISTICAL
    assert verdict.estimate == 0.0
    assert verdict.interval[1] < 0.01
    assert verdict.n >= RESTARTS == 480
    assert verdict.sampling_unit == "restarts"
    assert ends.full == 81
    assert verdict.reason.startswith(
        f"whole interval inside <= 0.01; 0 of {verdict.n} not global, at most 0.61% at 95%; "
        "0 did not converge"
    )
    assert "9 networks of 1 to 3 hidden layers, narrowest width below, at and above d_y = 3" in verdict.reason


def test_the_same_restarts_give_the_same_bytes():
    """Nothing depends on the process: two runs agree to the last bit."""
    of = prepared("synthetic", "raw")
    first, second = (restarts.run(list(restarts.cells(of))[:3]) for _ in range(2))
    assert first.excess.tobytes() == second.excess.tobytes()


@control(T2, Outcome.REFUTED)
def test_a_strict_spurious_minimum_refutes_by_itself():
    """One restart in 40 that falls into a dent is enough: its minimum is proved, and lies above L*."""
    cell = planted((3, 2), 40)
    centre = np.random.default_rng(5).normal(size=cell.landscape.size) * 0.3
    dented = Dented(cell.landscape, centre)
    starts = cell.starts.copy()
    starts[7] = newton(dented, centre, tolerance=1e-9, iterations=50)
    ends = restarts.run([Cell(dented, starts, cell.lowest, cell.zero)])
    evidence = restarts.evidence(ends, T2.alpha)
    verdict = judge(evidence)
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.strength is Strength.CERTIFICATE
    assert np.flatnonzero(ends.excess > NOT_GLOBAL).tolist() == [7]
    assert 0.01 < ends.strict[7] <= ends.excess[7] <= ends.strict[7] + 1e-9
    assert verdict.reason.startswith("a strict local minimum proved ")
    assert "1 of 40 not global" in verdict.reason


@control(T2, Outcome.REFUTED)
def test_singular_spurious_minima_refute_by_their_number():
    """A valley floor above the global one has a singular Hessian: no proof, but 20 of 486 are too many."""
    ends = restarts.run([in_valleys(1.0, 20, 466)])
    assert ends.settled.all()
    assert np.isnan(ends.strict).all()
    verdict = judge(restarts.evidence(ends, T2.alpha))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.strength is Strength.STATISTICAL
    assert verdict.estimate == pytest.approx(20 / 486)


def test_a_kick_out_of_a_narrow_valley_does_not_make_it_global():
    """Where only large kicks lead lower the restart stays open: it neither counts as global nor as not."""
    ends = restarts.run([in_valleys(0.05, 20, 466)])
    assert (~ends.settled).sum() == 20
    assert (ends.excess[:20] > NOT_GLOBAL).all()
    verdict = judge(restarts.evidence(ends, T2.alpha))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "0 of 486 not global" in verdict.reason
    assert "20 did not converge" in verdict.reason


def counted(bad: int, unsettled: int, n: int = 486) -> Restarts:
    """Restarts written down: some not global, some not converged, the rest global."""
    excess, settled = np.full(n, 1e-15), np.ones(n, dtype=bool)
    excess[:bad] = 0.2
    settled[n - unsettled :] = False
    excess[n - unsettled :] = 0.1
    return Restarts(excess, settled, np.full(n, np.nan), np.zeros(n, dtype=np.int64), 0)


@pytest.mark.parametrize(
    ("bad", "unsettled", "outcome"),
    [
        (0, 0, Outcome.SUPPORTED),
        (0, 1, Outcome.SUPPORTED),
        (0, 2, Outcome.INCONCLUSIVE),
        (1, 1, Outcome.INCONCLUSIVE),
        (3, 0, Outcome.INCONCLUSIVE),
        (12, 0, Outcome.REFUTED),
        (12, 400, Outcome.REFUTED),
        (0, 486, Outcome.INCONCLUSIVE),
    ],
    ids=lambda value: str(value),
)
def test_counts_decide(bad, unsettled, outcome):
    """A restart that did not converge is global in the lower bound and not global in the upper one."""
    verdict = judge(restarts.evidence(counted(bad, unsettled), T2.alpha))
    assert verdict.outcome is outcome
    assert f"{unsettled} did not converge" in verdict.reason


@pytest.mark.parametrize(
    ("bad", "unsettled"), [(0, 0), (0, 2), (3, 0), (12, 0), (12, 400), (0, 486)], ids=str
)
def test_p_values_are_binomial_tails(bad, unsettled):
    """Against the edge, an unconverged restart counted against either; the bounds agree with them."""
    found = restarts.evidence(counted(bad, unsettled), T2.alpha)
    assert found.p_support == pytest.approx(stats.binom.cdf(bad + unsettled, 486, FEW))
    assert found.p_refute == pytest.approx(stats.binom.sf(bad - 1, 486, FEW))
    assert (found.interval[1] <= FEW) == (found.p_support <= T2.alpha)
    assert (found.interval[0] > FEW) == (found.p_refute <= T2.alpha)
    assert (found.unresolved, found.n, found.sampling_unit) == (unsettled, 486, "restarts")
    assert judge(found).p_value == min(found.p_support, found.p_refute)


def test_three_hundred_are_the_fewest_that_can_support():
    """0 of 300 is below 1 % at 95 %, one-sided; 0 of 298 is not."""
    assert judge(restarts.evidence(counted(0, 0, 300), T2.alpha)).outcome is Outcome.SUPPORTED
    assert judge(restarts.evidence(counted(0, 0, 298), T2.alpha)).outcome is Outcome.INCONCLUSIVE


def test_restarts_stopped_early_support_nothing():
    """With no time to converge every restart is open, and the verdict says so."""
    ends = restarts.run([planted((3, 2), 300)], first=2, second=1)
    assert not ends.settled.any()
    verdict = judge(restarts.evidence(ends, T2.alpha))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.estimate is None
    assert "300 did not converge; none came to rest" in verdict.reason


@pytest.mark.parametrize("hidden", [(3,), (3, 3), (3, 2, 3)], ids=str)
def test_zero_weights_are_never_a_minimum(hidden):
    """From all-zero weights, where two layers and more have Hessian 0, the restart leaves and ends at L*."""
    cell = planted(hidden, 2, scale=0.0)
    ends = restarts.run([cell])
    assert ends.settled.all()
    assert (ends.saddles >= 1).all()
    assert (ends.excess <= NOT_GLOBAL).all()


def test_one_width_too_many_is_noticed():
    """Against L* of p + 1, all minima of a bottleneck of p lie above the closed form."""
    ends = restarts.run([planted((3, 2), 60, p=3)])
    verdict = judge(restarts.evidence(ends, T2.alpha))
    assert verdict.outcome is Outcome.REFUTED
    assert verdict.estimate == 1.0
    assert ends.excess.min() > 0.05


def test_one_width_too_few_is_an_error():
    """A loss below the closed form means that the closed form is wrong, never that the claim holds."""
    with pytest.raises(
        ArithmeticError, match=r"below the closed form, wanted none: L\* = .* is not the global"
    ):
        restarts.run([planted((3, 2), 4, p=1)])


def test_minima_too_near_one_another_are_an_error():
    """With a repeated largest eigenvalue another critical value is L* itself: no margin tells them apart."""
    of = moments(np.eye(3, dtype=int), np.diag([2, 2, 1]))
    with pytest.raises(ArithmeticError, match=r"got the next critical value .* above L\* for p = 1"):
        list(restarts.cells(of))


def test_the_gap_is_measured_by_what_can_be_explained():
    """Inputs that explain a ten-thousandth of the labels: the next critical value is as far above L* as zero
    weights are, which is little beside the labels and all of what there is to gain."""
    x, y = np.ones((4, 1), dtype=int), np.array([[30], [-30], [31], [-30]])
    explained = float((x * y).sum()) ** 2 / 4 / float((y**2).sum())
    assert explained < 1e-4
    found = list(restarts.cells(moments(x, y)))
    assert found
    for cell in found:
        assert cell.zero - cell.lowest == pytest.approx(explained / 2, rel=1e-6)


def test_rank_deficient_inputs_switch_the_theorem_off():
    """Nothing is run: the verdict names H2 and where the claim is judged instead."""
    of = prepared("synthetic-rank-deficient", "raw")
    broken = failed(T2.prerequisites, of, "synthetic-rank-deficient")
    verdict = judge(judged_on("synthetic-rank-deficient-independent", Evidence(None, None, 0)), broken)
    assert verdict.outcome is Outcome.NOT_APPLICABLE
    assert verdict.reason == (
        "H2 failed on synthetic-rank-deficient (rank 4 of 5); "
        "judged on synthetic-rank-deficient-independent instead"
    )
    with pytest.raises(ValueError, match=r"wanted it regular beyond rounding: .* Moments.independent\(\)"):
        next(iter(restarts.cells(of)))


@pytest.mark.parametrize("d_y", [1, 2, 3, 10])
def test_the_grid_has_every_kind_of_width(d_y):
    """1 to 3 hidden layers at each of p < d_y (where there is one), p = d_y and p > d_y."""
    kinds = {(len(h), (min(h) > d_y) - (min(h) < d_y)) for h in restarts.architectures(d_y)}
    assert kinds == {(depth, kind) for depth in (1, 2, 3) for kind in ((0, 1) if d_y == 1 else (-1, 0, 1))}


def test_the_note_counts_and_describes():
    """What was found and where from, word for word."""
    of = counted(3, 5)
    assert restarts.evidence(of, T2.alpha, "on a grid").note == (
        "3 of 486 not global, at most 2.95% at 95%; 5 did not converge; largest excess 2.0e-01, margin "
        "1e-06; 0 saddles left on the way; on a grid"
    )
    assert restarts.evidence(of, T2.alpha).note.endswith("0 saddles left on the way")
    assert restarts.grid_note(prepared("synthetic", "raw"), Restarts(*[of.excess] * 4, full=81)) == (
        "9 networks of 1 to 3 hidden layers, narrowest width below, at and above d_y = 3; gains 0.3, 1, 1.4; "
        "81 restarts began in all 4 inputs, the rest in whitened ones"
    )


def test_the_grid_of_three_labels():
    """Widths below, at and above three, in one to three layers."""
    assert restarts.architectures(3) == (
        *((1,), (3,), (5,)),
        *((2, 1), (3, 3), (4, 5)),
        *((2, 1, 3), (3, 4, 3), (5, 4, 5)),
    )
    assert restarts.architectures(1)[:2] == ((1,), (3,))


def test_many_weights_are_moved_into_few_inputs(monkeypatch):
    """Beyond FULL_WEIGHTS a start descends for some steps in all inputs and is then moved: every start is
    there still, at a loss no higher, beside those that began in few inputs; the closed form is the same."""
    of = prepared("synthetic", "raw")
    apart = list(restarts.cells(of))
    monkeypatch.setattr(restarts, "FULL_WEIGHTS", 0)
    together = list(restarts.cells(of))
    assert (len(apart), len(together)) == (18, 9)
    for whole, few, both in zip(apart[::2], apart[1::2], together, strict=True):
        np.testing.assert_array_equal(both.landscape.problem.gram, few.landscape.problem.gram)
        assert both.full == whole.full == len(whole.starts)
        assert (both.lowest, both.zero) == (few.lowest, few.zero)
        moved, rest = both.starts[: both.full], both.starts[both.full :]
        np.testing.assert_array_equal(rest, few.starts)
        before, after = whole.landscape.loss(whole.starts), both.landscape.loss(moved)
        assert (after <= before * (1 + 1e-9)).all()
        assert np.median(after) < np.median(before)
        assert (after >= both.lowest * (1 - 1e-9)).all()


def test_a_proof_outweighs_kicks():
    """A strict minimum narrower than the kicks is settled all the same, because it is proved."""
    cell = planted((3, 2), 1)
    centre = np.random.default_rng(5).normal(size=cell.landscape.size) * 0.3
    dented = Dented(cell.landscape, centre, a=4e-3, r=1e-3)
    bottom = newton(dented, centre, tolerance=1e-9, iterations=50)
    ends = settle(dented, bottom[None], enough=cell.lowest)
    assert probe(dented, bottom, seed=0).near is not None
    assert ends.settled.tolist() == [True]
    assert cell.lowest + 0.01 < ends.strict[0] <= ends.loss[0]
