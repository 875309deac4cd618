"""What is known of the point where a descent ended, as a value: a kind, the numbers it rests on, a sentence.

A run keeps the numbers, an array a field; the sentence follows from them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np

from models.recorders.field import Field

__all__ = ["FIELDS", "Certificate", "Kind", "certificate_arrays", "certificates_of"]


class Kind(StrEnum):
    """The kinds of ending; `models.descent.certificates.meanings` has what each says. In arrays each is its
    place in this list, so that new ones go to the end."""

    GLOBAL = "global within tau"
    LOCAL_MINIMUM = "local minimum"
    STATIONARY_KINK = "stationary at a kink"
    DEAD = "dead"
    FLAT = "flat"
    FALLING = "still falling"
    STATIONARY = "stationary"

    @property
    def code(self) -> int:
        """Its number in arrays."""
        return list(Kind).index(self)

    @property
    def conclusive(self) -> bool:
        """Whether it says that the descent has ended for a reason."""
        return self not in (Kind.FLAT, Kind.FALLING, Kind.STATIONARY)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known of one network's last point w. NaN stands for what was not computed.

    Let l be the objective at w (mean loss, and the penalty) over L0, the loss of the best constant predictor,
    and s = L(w) / max(||w||, 1), the slope at which a step as long as the weights would lower the objective
    to 0.

    Attributes:
        kind: see `Kind`.
        proved: whether the kind follows from bounded numbers; else it rests on tolerances.
        l: as computed.
        l_bound: upper bound on l, rounding included; an estimate where the network's rounding has no bound.
        attained: whether finite scores have an objective of 0; where not, 0 is at best approached.
        gap: nothing nearby is lower by more than this, over L0: anywhere (global within tau), while the
            silent layer stays silent (dead), down to the minimum beside w (local minimum). Proved.
        gradient: ||g|| / s.
        curvature: smallest eigenvalue of the Hessian, where symmetries and directions without effect are
            taken out (`essential`), and while what is at 0 stays there.
        curvature_bound: on its error; an estimate where the loss has no bound (softmax, cross entropies), NaN
            where there is neither.
        boundary: pairs of unit and sample with a pre-activation of 0 to rounding; -1 where nobody counted.
        slope: smallest directional derivative over unit directions, over s; at most 0.
        residual: ||H p + g|| / ||g|| of the Newton step p (Frye et al. 2021).
        rate: relative fall of the objective per step, over the last quarter of what was recorded.
        rate_per_product: the same per product with the Jacobian or its transpose.
    """

    kind: Kind
    proved: bool
    l: float  # noqa: E741 - the paper's normalised loss
    l_bound: float
    attained: bool
    gap: float = math.nan
    gradient: float = math.nan
    curvature: float = math.nan
    curvature_bound: float = math.nan
    boundary: int = -1
    slope: float = math.nan
    residual: float = math.nan
    rate: float = math.nan
    rate_per_product: float = math.nan

    @property
    def sentence(self) -> str:
        """All of it for people."""
        at = f"l = {self.l:.6g}"
        sloping = f"{at}, gradient {self.gradient:.1e}"
        said = {
            Kind.GLOBAL: f"{at}, at most {self.l_bound:.3g}, and nothing is below 0"
            + ("" if self.attained else ", which no finite weights attain"),
            Kind.LOCAL_MINIMUM: f"{at}, a minimum at most {self.gap:.1e} L0 below; smallest curvature "
            f"{self.curvature:.2e} ± {self.curvature_bound:.1e}",
            Kind.STATIONARY_KINK: f"{at}, {self.boundary} samples at 0, steepest way down {self.slope:.1e}",
            Kind.DEAD: f"{at}, a layer is silent, and nothing that keeps it so is {self.gap:.1e} L0 lower",
            Kind.FLAT: f"{sloping}, of which a Newton step leaves {self.residual:.2f}",
            Kind.FALLING: sloping,
            Kind.STATIONARY: f"{sloping}, no proof of a minimum",
        }[self.kind]
        if self.kind is Kind.FALLING:
            if not math.isnan(self.slope):
                said += f", steepest way down {self.slope:.1e}"
            if self.curvature < 0:
                said += f", negative curvature {self.curvature:.2e}"
            if not math.isnan(self.rate):
                said += f", by {self.rate:.1e} a step"
        return f"{self.kind}: {said}" + ("" if self.proved or not self.kind.conclusive else " (to tolerance)")


FIELDS: Mapping[str, Field] = {
    "certificate_kind": Field(("network",), "kind", "kind of the point where descent ended", "int8"),
    "certificate_proved": Field(("network",), "yes or no", "kind proved, not to tolerance", "int8"),
    "certificate_l": Field(("network",), "share of L0", "objective over L0, as computed"),
    "certificate_l_bound": Field(("network",), "share of L0", "objective over L0, upper bound"),
    "certificate_attained": Field(("network",), "yes or no", "finite scores have an objective of 0", "int8"),
    "certificate_gap": Field(("network",), "share of L0", "bound on what is lower nearby", log=True),
    "certificate_gradient": Field(("network",), "share of L", "gradient times length", log=True),
    "certificate_curvature": Field(("network",), "loss/weight²", "smallest curvature"),
    "certificate_curvature_bound": Field(("network",), "loss/weight²", "error of the smallest curvature"),
    "certificate_boundary": Field(("network",), "samples", "pairs of unit and sample at 0", "int64"),
    "certificate_slope": Field(("network",), "share of L", "smallest directional derivative times length"),
    "certificate_residual": Field(("network",), "share", "what a Newton step leaves of the gradient"),
    "certificate_rate": Field(("network",), "share/step", "relative fall a step"),
    "certificate_rate_per_product": Field(("network",), "share/product", "relative fall a product"),
}
"""The arrays of `certificate_arrays`, [M] each."""


def certificate_arrays(certificates: Sequence[Certificate]) -> dict[str, np.ndarray]:
    """The certificates of M networks as arrays [M], named and typed as `FIELDS` says."""
    columns: dict[str, list[float]] = {
        one.name: [getattr(c, one.name) for c in certificates] for one in fields(Certificate)
    }
    columns["kind"] = [c.kind.code for c in certificates]
    return {
        name: np.array(columns[name.removeprefix("certificate_")], dtype=field.dtype)
        for name, field in FIELDS.items()
    }


def certificates_of(arrays: Mapping[str, np.ndarray]) -> list[Certificate]:
    """The inverse of `certificate_arrays`; other arrays may stand beside them.

    Raises:
        KeyError: an array is missing.
    """
    columns = {name.removeprefix("certificate_"): arrays[name].tolist() for name in FIELDS}
    columns["kind"] = [list(Kind)[code] for code in columns["kind"]]
    columns |= {name: [bool(value) for value in columns[name]] for name in ("proved", "attained")}
    return [
        Certificate(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)
    ]
