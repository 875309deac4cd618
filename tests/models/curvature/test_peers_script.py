"""The benchmark beside the peers: its exact column is exact, this project is right, absence is shown."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import curvature_peers
from benchmarks.curvature_exact import exact_extremes, exact_hessian, inertia, to_float
from benchmarks.curvature_peers import POINTS, TOOLS, cases, exact_row, judged, run
from models.curvature.products import losses

KINDS = ("not stationary", "strict saddle", "degenerate", "local minimum to tolerance")
LANCZOS = ("negative, proved", "negative, proved", "zero, proved", None)


@pytest.fixture(scope="module")
def small() -> list[curvature_peers.Case]:
    return cases(("small",))


@pytest.mark.parametrize("i", range(4), ids=[point.replace(", ", "-").replace(" ", "-") for point in POINTS])
def test_this_project_is_right(small, i):
    """All four points get the exact extreme eigenvalues, their kind, and no more certainty than there is."""
    truth = exact_row(small[i])
    dense, lanczos = run(small[i], "this project, dense"), run(small[i], "this project, Lanczos")
    assert (judged(dense, truth), judged(lanczos, truth)) == ("right", "right")
    assert dense.says.startswith(f"{KINDS[i]}; certified")
    if LANCZOS[i]:
        assert lanczos.says == f"converged; {LANCZOS[i]}"


@pytest.mark.parametrize("i", range(3), ids=["random", "zero-depth-2", "zero-depth-3"])
def test_exact_hessian_is_autograd_s(small, i):
    """The closed form in rationals agrees with autograd, its eigenvalues and inertia with LAPACK's."""
    case = small[i]
    H = exact_hessian(case.sizes, case.X, case.Y, case.w)
    at = torch.from_numpy(case.w)
    truth = torch.autograd.functional.hessian(lambda u: losses(case.objective, u), at).numpy()
    size = max(np.abs(truth).max(), 1.0)
    np.testing.assert_allclose(to_float(H), truth, rtol=0, atol=1e-12 * size)
    values = np.linalg.eigvalsh(truth)
    smallest, largest, radius = exact_extremes(H)
    assert (smallest, largest) == pytest.approx((values[0], values[-1]), abs=1e-10 * size)
    assert radius < 1e-30
    tiny = 1e-9 * size
    counts = [(values < -tiny).sum(), (np.abs(values) <= tiny).sum(), (values > tiny).sum()]
    assert inertia(H) == tuple(counts)


@pytest.mark.parametrize("tool", [name for name, (needs, _) in TOOLS.items() if needs])
def test_an_absent_peer_is_reported_absent(small, tool, monkeypatch):
    """A peer that is not installed is a row that says so, not an error."""
    monkeypatch.setattr(curvature_peers, "version", lambda name: None)
    row = run(small[0], tool)
    assert row.says.startswith("absent: ")
    assert judged(row, exact_row(small[0])) == "no answer"


def test_a_peer_that_raises_is_a_row_with_its_error(small, monkeypatch):
    """An error is reported as the tool's answer."""

    def broken(case):
        raise RuntimeError("ARPACK error\n -9")

    monkeypatch.setitem(TOOLS, "broken", (None, broken))
    assert run(small[0], "broken").says == "RuntimeError: ARPACK error -9"


def test_a_wrong_sign_is_called_one(small):
    """The judgement names the end that is wrong, and a wrong sign as such."""
    truth = exact_row(small[0])
    flipped = curvature_peers.Row(truth.case, "x", -truth.smallest, truth.largest, "")
    off = curvature_peers.Row(truth.case, "x", truth.smallest, 1.001 * truth.largest, "")
    assert judged(flipped, truth) == "smallest has the wrong sign"
    assert judged(off, truth) == "largest wrong"


def test_peers_answer_the_random_point(small):
    """Where peers are installed, they are asked for the same matrix: their best settings find its ends."""
    pytest.importorskip("curvlinops")
    pytest.importorskip("hessian_eigenthings")
    truth = exact_row(small[0])
    for tool in ("curvlinops + eigsh, best", "hessian-eigenthings, best"):
        assert judged(run(small[0], tool), truth) == "right"
