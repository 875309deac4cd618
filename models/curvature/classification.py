"""What kind of point is it? A verdict from the gradient, the Hessian's certified eigenvalues, and probes.

No kind is claimed on the strength of an estimate: where a bound is missing the answer is inconclusive, with
what the numbers suggest in its sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from torch import Tensor

from models.curvature.answers import Count, Eigenvalue
from models.curvature.extremes import extreme_eigenvalues, hessian_operator
from models.curvature.hessian import DENSE_LIMIT
from models.curvature.objective import Objective
from models.curvature.probe import Descent, descend_nearby
from models.curvature.products import gradient_error, gradients, losses
from models.curvature.spectrum import Spectrum, dense_spectrum

__all__ = ["Kind", "PointKind", "classify"]


class Kind(StrEnum):
    """The kinds of point; `classify` defines them."""

    STRICT_SADDLE = "strict saddle"
    LOCAL_MINIMUM = "local minimum to tolerance"
    DEGENERATE = "degenerate"
    NOT_STATIONARY = "not stationary"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, eq=False)
class PointKind:
    """A point and its kind.

    Attributes:
        kind: see `classify`.
        certified: whether the numbers it rests on are bounded; False for "inconclusive", and for "not
            stationary" where the gradient's rounding has no bound.
        gradient: ||g||, Euclidean.
        gradient_tolerance: at most this counts as 0, in the same unit.
        curvature_tolerance: eigenvalues within this of 0 count as 0.
        smallest: eigenvalue of the Hessian.
        largest: eigenvalue of the Hessian.
        index: how many eigenvalues are negative.
        nullity: how many are 0 to the tolerance; None beyond the dense limit.
        descent: what the probes found; None where none were needed.
        sentence: all of it for people.
    """

    kind: Kind
    certified: bool
    gradient: float
    gradient_tolerance: float
    curvature_tolerance: float
    smallest: Eigenvalue
    largest: Eigenvalue
    index: Count
    nullity: int | None
    descent: Descent | None
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.sentence}"


def classify(
    objective: Objective,
    w: Tensor,
    scale: float | None = None,
    gradient_tolerance: float = 1e-6,
    curvature_tolerance: float = 1e-6,
    seed: int = 0,
) -> PointKind:
    """The kind of the point w.

    With the length l = max(||w||, 1) and the scale s of the loss,

    - not stationary: ||g|| > gradient_tolerance s / l, so that a step as long as the weights changes the
    loss by
      more than gradient_tolerance s to first order.
    - strict saddle: stationary, and an eigenvalue below -t is certified (a maximum too is left downwards).
    - degenerate: stationary, and the second-order test is silent: all |eigenvalues| <= curvature_tolerance s
    / l^2
      (H = 0), or none below -t, some within t of 0, and a lower loss in every small ball (`descend_nearby`).
    - local minimum to tolerance: stationary, no eigenvalue below -t by a bound, H not 0, and, where some are
    within t
      of 0, no lower loss found by the probes. Probes are evidence and no proof.
    - inconclusive: a bound is missing, or P exceeds the dense limit and no negative curvature was found.

    t is the largest of curvature_tolerance max |eigenvalue|; of 4 ||g|| / l, since a gradient left over turns
    the null directions of a symmetry into eigenvalues of order ||g|| / ||w||; and twice the eigenvalues'
    bound.

    Args:
        objective: the loss.
        w: [P] float64.
        scale: of the loss; by default the larger of |L(w)| and |L(0)|, or 1 where both are 0.
        gradient_tolerance: relative, see above.
        curvature_tolerance: relative, see above.
        seed: of Lanczos and the probes.

    Raises:
        ValueError: w does not fit the objective or is not finite.
    """
    g = float(gradients(objective, w).norm())
    rounding = gradient_error(objective, w)
    if scale is None:
        scale = max(abs(float(losses(objective, w))), abs(float(losses(objective, w * 0.0)))) or 1.0
    length = max(float(w.norm()), 1.0)
    limit = gradient_tolerance * scale / length
    flat = curvature_tolerance * scale / length**2
    # At a point that is not stationary only the eigenvalues themselves matter.
    floor = 4 * g / length if g <= limit else 0.0
    if objective.parameters <= DENSE_LIMIT:
        numbers = _dense(objective, w, curvature_tolerance, floor, flat)
    else:
        numbers = _beyond(objective, w, curvature_tolerance, floor, seed)
    t, smallest, largest, index, nullity, spectrum = numbers
    descent = None
    certified = rounding is not None and (spectrum is None or spectrum.certified)
    gradient = f"gradient {g:.1e} against {limit:.1e}"
    if g - (rounding or 0.0) > limit:
        kind, certified = Kind.NOT_STATIONARY, rounding is not None
        sentence = f"{gradient}; {smallest}; {largest}"
    elif g + (rounding or 0.0) > limit:
        kind, sentence = Kind.INCONCLUSIVE, f"{gradient}, which rounding of up to {rounding:.1e} leaves open"
    else:
        kind, descent, sentence = _stationary(
            objective, w, (t, flat, length, seed), smallest, largest, index, nullity, spectrum
        )
        sentence = f"{gradient}; {sentence}"
        if not certified and kind is not Kind.INCONCLUSIVE:
            sentence += f"; {kind} if the estimated errors were bounds"
            kind = Kind.INCONCLUSIVE
    return PointKind(
        kind,
        certified and kind is not Kind.INCONCLUSIVE,
        g,
        limit,
        t,
        smallest,
        largest,
        index,
        nullity,
        descent,
        sentence,
    )


Numbers = tuple[float, Eigenvalue, Eigenvalue, Count, int | None, Spectrum | None]


def _dense(objective: Objective, w: Tensor, relative: float, floor: float, flat: float) -> Numbers:
    spectrum = dense_spectrum(objective, w)
    size = max(abs(spectrum.smallest.eigenvalue), abs(spectrum.largest.eigenvalue))
    t = max(relative * size, floor, 2 * spectrum.bound)
    t = max(t, size) if size + spectrum.bound <= flat else t
    return t, spectrum.smallest, spectrum.largest, spectrum.index, len(spectrum.null(t)), spectrum


def _beyond(objective: Objective, w: Tensor, relative: float, floor: float, seed: int) -> Numbers:
    found = extreme_eigenvalues(hessian_operator(objective, w), seed=seed)
    size = max(abs(found.smallest.eigenvalue), abs(found.largest.eigenvalue))
    return max(relative * size, floor), found.smallest, found.largest, found.negative, None, None


def _stationary(
    objective: Objective,
    w: Tensor,
    tolerances: tuple[float, float, float, int],
    smallest: Eigenvalue,
    largest: Eigenvalue,
    index: Count,
    nullity: int | None,
    spectrum: Spectrum | None,
) -> tuple[Kind, Descent | None, str]:
    t, flat, length, seed = tolerances
    size = max(abs(smallest.eigenvalue), abs(largest.eigenvalue))
    P = objective.parameters
    if spectrum is None:
        if max(-smallest.low, largest.high) <= flat:
            return Kind.DEGENERATE, None, f"||H|| <= {largest.high:.1e}: H = 0 to tolerance"
        if smallest.high < -t:
            return Kind.STRICT_SADDLE, None, f"v^T H v < 0 for a unit vector v: {smallest}"
        return Kind.INCONCLUSIVE, None, f"no negative curvature found, and none excluded: {smallest}"
    silent = size + spectrum.bound <= flat
    if not silent and smallest.eigenvalue + spectrum.bound < -t:
        every = "; every eigenvalue is negative: a maximum" if index.low == P else ""
        return Kind.STRICT_SADDLE, None, f"{smallest}; {index} negative{every}"
    if not silent and not nullity:
        return Kind.LOCAL_MINIMUM, None, f"positive definite: {smallest}"
    null = spectrum.null(t)
    descent = descend_nearby(objective, w, spectrum.eigenvalues, spectrum.vectors, null, length, seed=seed)
    if silent:
        return (
            Kind.DEGENERATE,
            descent,
            f"H = 0 to tolerance, |eigenvalues| <= {size + spectrum.bound:.1e}; {descent}",
        )
    semidefinite = (
        f"no eigenvalue below {smallest.eigenvalue - spectrum.bound:.1e}, {nullity} of {P} are 0 to {t:.1e}"
    )
    if descent.found:
        return Kind.DEGENERATE, descent, f"{semidefinite}; {descent}"
    return (
        Kind.LOCAL_MINIMUM,
        descent,
        f"{semidefinite}; {largest}; no descent in the null space found by probes",
    )
