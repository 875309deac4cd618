"""What the Hessian says of a stationary point, and, where it is silent, what the probes find.

The signs decide, not the sizes: a smallest eigenvalue that is proved to be negative makes a saddle and never
a minimum, one that is proved to be positive a minimum and never a degenerate point, however small they are.
The one excuse is the gradient. Where it is not 0 within its rounding, a sign within the tolerance may be the
gradient's work, and the answer is inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from models.curvature.extremes import Extremes
from models.curvature.objective import Objective
from models.curvature.point_kind import Kind
from models.curvature.probe import RADII, Descent, descend_nearby
from models.curvature.products import gradient_error, gradients
from models.curvature.settle import settled
from models.curvature.spectrum import Spectrum, dense_spectrum

__all__ = ["Place", "beside", "dense_kind", "krylov_kind", "place", "tolerance"]

REACH = RADII[-1]
"""How far a critical point beside the point given may be, in units of the length: the smallest ball."""


@dataclass(frozen=True, eq=False)
class Place:
    """A point and the size of its gradient.

    Attributes:
        objective: L.
        w: [P].
        gradient: ||g||, Euclidean, as computed.
        rounding: bound on the rounding in it; None where there is none.
        length: max(||w||, 1).
    """

    objective: Objective
    w: Tensor
    gradient: float
    rounding: float | None
    length: float

    @property
    def vanishes(self) -> bool:
        """Whether the gradient is 0 within its rounding."""
        return self.gradient <= (self.rounding or 0.0)

    @property
    def lifted(self) -> float:
        """Size of the eigenvalues that the gradient can make of 0: of order ||g|| / ||w||."""
        return 4 * (self.gradient + (self.rounding or 0.0)) / self.length


def place(objective: Objective, w: Tensor) -> Place:
    """The point w [P] with its gradient; raises as `gradients`."""
    g = float(gradients(objective, w).norm())
    return Place(objective, w, g, gradient_error(objective, w), max(float(w.norm()), 1.0))


def tolerance(here: Place, spectrum: Spectrum, relative: float, flat: float, stationary: bool) -> float:
    """t: eigenvalues within it of 0 count as 0. All of them do where none can exceed `flat`."""
    size = _size(spectrum)
    # At a point that is not stationary only the eigenvalues themselves matter.
    floor = 4 * here.gradient / here.length if stationary else 0.0
    t = max(relative * size, floor, 2 * spectrum.bound)
    return max(t, size) if size + spectrum.bound <= flat else t


def beside(here: Place, spectrum: Spectrum, t: float) -> tuple[Place, Spectrum] | None:
    """The critical point beside this one with the spectrum there; None where that would settle nothing.

    It is looked for where a sign is proved that lies within t and that the gradient may have made.
    """
    low, high = _ends(spectrum)
    if here.vanishes or not spectrum.certified or high < -t or low > t or low <= 0.0 <= high:
        return None
    at = settled(
        here.objective,
        here.w,
        spectrum.eigenvalues,
        spectrum.vectors,
        above=0.0 if low > 0 else t,
        reach=REACH * here.length,
    )
    if at is here.w:
        return None
    found = dense_spectrum(here.objective, at)
    return (place(here.objective, at), found) if found.certified else None


def dense_kind(
    here: Place, spectrum: Spectrum, t: float, flat: float, seed: int
) -> tuple[Kind, Descent | None, str]:
    """The kind of a stationary point from its whole spectrum, taking the bound on it as proved."""
    smallest, P = spectrum.smallest, here.objective.parameters
    low, high = _ends(spectrum)
    silent = _size(spectrum) + spectrum.bound <= flat
    if high < -t and not silent:
        every = "; every eigenvalue is negative: a maximum" if spectrum.index.low == P else ""
        return Kind.STRICT_SADDLE, None, f"{smallest}; {spectrum.index} negative{every}"
    if high < 0:
        return _barely_negative(here, smallest, high, t)
    null = spectrum.null(t)
    if low > 0 and not silent and not len(null):
        return Kind.LOCAL_MINIMUM, None, f"positive definite: {smallest}"
    if low > 0 and here.vanishes:
        return Kind.LOCAL_MINIMUM, None, f"positive definite, below the tolerance of {t:.1e}: {smallest}"
    descent = descend_nearby(
        here.objective, here.w, spectrum.eigenvalues, spectrum.vectors, null, here.length, seed=seed
    )
    if silent and low <= 0:
        most = _size(spectrum) + spectrum.bound
        return Kind.DEGENERATE, descent, f"H = 0 to tolerance, |eigenvalues| <= {most:.1e}; {descent}"
    flats = f"no eigenvalue below {low:.1e}, {len(null)} of {P} are 0 to {t:.1e}"
    if descent.found and low <= 0:
        return Kind.DEGENERATE, descent, f"{flats}; {descent}"
    if descent.found or descent.doubtful:
        return Kind.INCONCLUSIVE, descent, f"{flats}; {descent}: a way down or another basin"
    text = f"{flats}; {spectrum.largest}; no descent in the null space found by probes"
    return Kind.LOCAL_MINIMUM, descent, text


def krylov_kind(here: Place, found: Extremes, t: float, flat: float) -> tuple[Kind, None, str]:
    """The kind of a stationary point from both ends of its spectrum alone."""
    smallest, largest = found.smallest, found.largest
    silent = max(-smallest.low, largest.high) <= flat
    if smallest.high < -t and not silent:
        return Kind.STRICT_SADDLE, None, f"v^T H v < 0 for a unit vector v: {smallest}"
    if smallest.high < 0:
        return _barely_negative(here, smallest, smallest.high, t)
    if silent:
        return Kind.DEGENERATE, None, f"||H|| <= {largest.high:.1e}: H = 0 to tolerance"
    return Kind.INCONCLUSIVE, None, f"no negative curvature found, and none excluded: {smallest}"


def _barely_negative(here: Place, smallest: object, high: float, t: float) -> tuple[Kind, None, str]:
    if here.vanishes and high < -here.lifted:
        return Kind.STRICT_SADDLE, None, f"below the tolerance of {t:.1e}, but negative: {smallest}"
    text = f"negative within the tolerance of {t:.1e}: {smallest}; the gradient left over may have made it"
    return Kind.INCONCLUSIVE, None, text


def _ends(spectrum: Spectrum) -> tuple[float, float]:
    """Of the smallest eigenvalue, less and plus the bound, be that proved or estimated."""
    value = spectrum.smallest.eigenvalue
    return value - spectrum.bound, value + spectrum.bound


def _size(spectrum: Spectrum) -> float:
    return max(abs(spectrum.smallest.eigenvalue), abs(spectrum.largest.eigenvalue))
