"""What kind of point is it? A verdict from the gradient, the Hessian's certified eigenvalues, and probes.

No kind is claimed on the strength of an estimate: where a bound is missing the answer is inconclusive, with
what the numbers suggest in its sentence.
"""

from __future__ import annotations

from torch import Tensor

from models.curvature.extremes import extreme_eigenvalues, hessian_operator
from models.curvature.hessian import DENSE_LIMIT
from models.curvature.objective import Objective
from models.curvature.point_kind import Kind, PointKind
from models.curvature.scale import loss_scale
from models.curvature.second_order import beside, dense_kind, krylov_kind, place, tolerance
from models.curvature.spectrum import dense_spectrum

__all__ = ["Kind", "PointKind", "classify"]


def classify(
    objective: Objective,
    w: Tensor,
    scale: float | None = None,
    gradient_tolerance: float = 1e-6,
    curvature_tolerance: float = 1e-6,
    seed: int = 0,
) -> PointKind:
    """The kind of the point w.

    Let l = max(||w||, 1) be its length and s the scale of the loss. An eigenvalue's sign is proved when its
    bound leaves no other; probes, which look for a lower loss nearby, are evidence and no proof.

    Not stationary:
        ||g|| > gradient_tolerance s / l: to first order, a step as long as the weights changes the loss by
        more than gradient_tolerance s. All other kinds are stationary.
    Strict saddle (a maximum counts as one):
        an eigenvalue is proved to be below -t; or below 0, where the gradient is 0 within its rounding.
    Local minimum to tolerance, one of:
        all eigenvalues are proved to be positive and none is within t of 0;
        all are proved to be positive, and the gradient is 0 within its rounding or probes find nothing lower;
        none is proved to be negative, H is not 0 to tolerance, and probes find nothing lower.
    Degenerate, where neither sign of the smallest eigenvalue is proved, one of:
        H = 0 to tolerance, all |eigenvalues| <= curvature_tolerance s / l^2;
        probes find a lower loss in every ball down to the smallest, falling as a power of the radius
        (`descend_nearby`).
    Inconclusive, one of:
        a bound is missing;
        a sign that is proved may be due to a gradient that is not quite 0;
        probes find a lower loss nearby, but not down to the smallest ball;
        P exceeds the dense limit and no negative curvature is found.

    t is the largest of three: curvature_tolerance max |eigenvalue|; 4 ||g|| / l, since a gradient that is not
    quite 0 turns the null directions of a symmetry into eigenvalues of order ||g|| / ||w||; and twice the
    eigenvalues' bound. Where a sign is proved within t and the gradient is not 0 within its rounding, the
    point is first moved to the critical point beside it, if there is one (`settled`), and the eigenvalues
    are those there.

    Args:
        objective: the loss.
        w: [P] float64.
        scale: of the loss; by default how much it changes nearby (`loss_scale`).
        gradient_tolerance: relative, see above.
        curvature_tolerance: relative, see above.
        seed: of Lanczos and the probes.

    Raises:
        ValueError: w does not fit the objective or is not finite.
    """
    here = place(objective, w)
    scale = loss_scale(objective, w, seed) if scale is None else scale
    limit = gradient_tolerance * scale / here.length
    flat = curvature_tolerance * scale / here.length**2
    g, rounding = here.gradient, here.rounding or 0.0
    spectrum, moved, descent = None, 0.0, None
    if objective.parameters <= DENSE_LIMIT:
        spectrum = dense_spectrum(objective, w)
        t = tolerance(here, spectrum, curvature_tolerance, flat, g <= limit)
        found = beside(here, spectrum, t) if g + rounding <= limit else None
        if found is not None:
            moved = float((found[0].w - w).norm())
            here, spectrum = found
            t = tolerance(here, spectrum, curvature_tolerance, flat, True)
        smallest, largest, index = spectrum.smallest, spectrum.largest, spectrum.index
    else:
        extremes = extreme_eigenvalues(hessian_operator(objective, w), seed=seed)
        smallest, largest, index = extremes.smallest, extremes.largest, extremes.negative
        size = max(abs(smallest.eigenvalue), abs(largest.eigenvalue))
        t = max(curvature_tolerance * size, 4 * g / here.length if g <= limit else 0.0)
    certified = here.rounding is not None and (spectrum is None or spectrum.certified)
    sentence = f"gradient {g:.1e} against {limit:.1e}"
    if g - rounding > limit:
        kind, certified = Kind.NOT_STATIONARY, here.rounding is not None
        sentence += f"; {smallest}; {largest}"
    elif g + rounding > limit:
        kind = Kind.INCONCLUSIVE
        sentence += f", which rounding of up to {rounding:.1e} leaves open"
    else:
        if spectrum is None:
            kind, descent, why = krylov_kind(here, extremes, t, flat)
        else:
            kind, descent, why = dense_kind(here, spectrum, t, flat, seed)
        sentence += f"; at the critical point {moved:.1e} away, {why}" if moved else f"; {why}"
        if not certified and kind is not Kind.INCONCLUSIVE:
            sentence += f"; {kind} if the estimated errors were bounds"
            kind = Kind.INCONCLUSIVE
    return PointKind(
        kind=kind,
        certified=certified and kind is not Kind.INCONCLUSIVE,
        gradient=g,
        gradient_tolerance=limit,
        curvature_tolerance=t,
        smallest=smallest,
        largest=largest,
        index=index,
        nullity=None if spectrum is None else len(spectrum.null(t)),
        descent=descent,
        moved=moved,
        sentence=sentence,
    )
