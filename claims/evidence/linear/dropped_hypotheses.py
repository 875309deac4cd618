"""Evidence on T6: which conclusions of the deep linear theorem survive when a hypothesis is dropped.

The planted sets of `data.synthetic` each break one hypothesis. T1, T3, T4 and T5 are checked on them over
the rationals as on any data, and counted. No finite list of points proves T2, which is cited and not
counted; what follows proves it, for all X, Y and widths, and no hypothesis enters. It is known: Lu &
Kawaguchi 2017, Laurent & von Brecht 2018 and Zhang 2019 ("Depth creates no more spurious local minima",
with Zhou & Liang 2018) remove Kawaguchi's hypotheses one after another. In the notation of
`models.linear.critical`, with C = X Y^T, Z X X^T = C^T, Sigma = Z C:

Let W be a local minimum, T = W_{H+1} ... W_1, E = (T X - Y) X^T, A_l = W_{H+1} ... W_{l+1}, A_{H+1} = I.
Weights near W with the same T are local minima too, so the conditions below hold at each of them.

1. Let l be the first with ker A_l = 0; for k < l take u_k in ker A_k, not zero, and any v_k. Replacing W_k
   by W_k + e_k u_k v_k^T for all k < l keeps T. The gradient in W_l there, A_l^T E (W_{l-1} ... W_1)^T = 0,
   is a polynomial in the e_k; its coefficient of e_1 ... e_{l-1} is A_l^T E v_1 u_{l-1}^T times the
   v_{k+1}^T u_k, and the v_k are free. So A_l^T E = 0.
2. If l = H + 1, E = 0 and T is best of all linear maps. Else put A = A_l, B = W_l ... W_1, P the projector
   on the range of A. Then T X = P Z X, E = -(I - P) C^T, and E T^T = 0 says that P and Sigma commute, so
   L = 1/2 (tr Y Y^T - tr P Sigma). Let u_j be the eigenvectors with l_j > 0 orthogonal to the range of A.
3. If Sigma u_0 = 0 for some u_0 in the range of A, not zero: with b = A^T u_0, move W_{H+1} so that A moves
   by s u_j b^T, and W_l by r V. The first moves T X by s u_j u_0^T Z X = 0, so L changes at second order by
   r^2 (...) + s r u_j^T E (V B')^T b with B' = W_{l-1} ... W_1: no minimum unless B' C u_j = 0. With the e_k
   of step 1 in B', C u_j = 0, against l_j > 0. So there is no u_j, and L is the least of all linear maps.
4. Else Sigma is regular on the range of A, and d_l = rank T X <= p. So d_l = p, B has rank p, and W_{H+1}
   and W_1 move A and B freely. If some u_i in the range of A has l_i < l_j, turn A to R A and B to
   B + A^+ (R^T - I) Z, R the rotation by t from u_i to u_j: L falls by sin(t)^2 (l_j - l_i) / 2. So P has
   the p largest, and L = L*.

T3 for every critical point follows: none is a local maximum unless X = 0, because L is convex in each layer,
hence would be constant near it, layer after layer. T4 too: W_H ... W_2 = N_1 N_2 of rank p, so that
A = W_{H+1} N_1 and B = N_2 W_1 move freely, and form a critical point of one hidden layer of width p. If
A u = 0, the step (w u^T, c u v^T) has second derivative ||w u^T B X||^2 + 2 c |u|^2 w^T E v, negative for
some c unless E = 0; if A is injective, step 4 turns it. With H = 1 that is the first half of T5. What does
need the data: T1 fails where X = 0, and the second half of T5 where X Y^T = 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from claims.core.verdict import Evidence, Strength
from claims.evidence.linear.convexity import convexity_evidence
from claims.evidence.linear.curvature import curvature_evidence
from claims.evidence.linear.points import SMALL, check_all
from claims.evidence.linear.preparation import prepared
from claims.evidence.linear.saddles import saddle_evidence
from claims.evidence.linear.strictness import strictness_evidence
from data import load_synthetic
from models.exact.moments import Moments
from models.linear.critical_checks import Checked
from models.linear.exact_network import ExactMoments, exact_moments

__all__ = ["DROPPED", "WRITTEN", "survival_evidence", "survival_on"]

WRITTEN = "written proof in claims/evidence/linear/dropped_hypotheses.py"
"""Where T2 is proved, in words: above."""

DROPPED = {
    "synthetic-rank-deficient": "H2",
    "synthetic-repeated": "H4",
    "synthetic-more-outputs": "H1",
    "synthetic-cross-deficient": "H3",
    "synthetic-unrelated": "H3 and H4",
}
"""Planted sets and the hypotheses they break."""


def survival_on(name: str) -> Evidence:
    """T6 on the planted set `name`, one of DROPPED."""
    vectors = load_synthetic(name).reflection.T.tolist()
    return survival_evidence(prepared(name, "raw"), vectors, DROPPED[name])


def survival_evidence(of: Moments, vectors: Sequence[Sequence[int]], dropped: str) -> Evidence:
    """T6: the share of T1, T3, T4 and T5 that hold on these moments, each checked over the rationals.

    T2 is cited: the proof above holds for all data. It is open here all the same while a built point above
    L* is not proved to descend, which would be a gap in the proof. Where an eigenvalue is repeated, every
    point is built a second time from a rotated basis of its eigenspace. Refuted, by proof, as soon as one
    conclusion is proved false. T4 holds for want of saddles where every critical value is L*.

    Args:
        of: integer moments.
        vectors: orthogonal integer eigenvectors of Sigma.
        dropped: the hypotheses that these data break, for the note.
    """
    data, points = _every_basis(exact_moments(of), vectors)
    found = {
        "T1": convexity_evidence(of),
        "T2": _minima(points),
        "T3": saddle_evidence(data, points),
        "T4": curvature_evidence(data, points),
        "T5": strictness_evidence(data, points, of),
    }
    saddles = sum(not k.point.is_global for k in points)
    if not saddles and found["T3"].proved:
        found["T4"] = replace(found["T4"], proved=True)
    words = {True: "yes", False: "no", None: "open"}
    remarks = {
        "T2": found["T2"].note,
        "T3": f"{saddles} of {len(points)} points"
        if saddles
        else "no saddles: every point is a global minimum",
        "T4": f"{found['T4'].n} saddles" if found["T4"].n else "no saddles",
        "T5": ""
        if found["T5"].proved
        else "zero weights are a global minimum"
        if not saddles
        else found["T5"].note,
    }
    table = ", ".join(
        f"{id} {words[evidence.proved]}" + (f" ({remarks[id]})" if remarks.get(id) else "")
        for id, evidence in found.items()
    )
    held = [evidence.proved for id, evidence in found.items() if id != "T2"]
    proved = False if False in held else True if all(held) and found["T2"].proved else None
    return Evidence(
        held.count(True) / len(held),
        None,
        len(held),
        Strength.PROOF if proved is False else Strength.POINTS,
        proved,
        note=f"without {dropped}: {table}; checked exactly at the {len(points)} points built",
        sampling_unit="conclusions checked",
        cites=WRITTEN,
    )


def _every_basis(
    data: ExactMoments, vectors: Sequence[Sequence[int]]
) -> tuple[ExactMoments, tuple[Checked, ...]]:
    """The checked points, and again those of every rotated pair of neighbours with one eigenvalue."""
    _, points = check_all(data, vectors, SMALL)
    values = {
        k.point.chosen[0]: data.label_square - 2 * k.point.value for k in points if len(k.point.chosen) == 1
    }
    for i in range(data.d_y - 1):
        if values[i] == values[i + 1]:
            points += check_all(data, vectors, SMALL, turned=(i, i + 1))[1]
    return data, points


def _minima(points: Sequence[Checked]) -> Evidence:
    """T2: every critical value, and at each that is not the least a point with a descent direction.

    A point that is not global and not proved to descend leaves the claim open, whatever the proof says.
    """
    values = {(k.point.narrowest, k.point.value) for k in points}
    descends = all(k.point.is_global or k.is_saddle for k in points)
    note = (
        f"{len(values)} critical values, all there are for p = 1 to 4; every point built above L* descends, "
        f"every other by the {WRITTEN}"
    )
    return Evidence(None, None, len(points), Strength.POINTS, True if descends else None, note=note)
