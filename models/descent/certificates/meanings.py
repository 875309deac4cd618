"""What each kind of ending says, in a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping

from models.descent.certificates.certificate import Kind

__all__ = ["MEANINGS"]

MEANINGS: Mapping[Kind, str] = {
    Kind.GLOBAL: "No weights at all have an objective lower by more than tau L0: it is at least 0.",
    Kind.LOCAL_MINIMUM: "A local minimum of a smooth piece lies beside the point, at a proved depth below.",
    Kind.STATIONARY_KINK: "Units are 0 on samples, no direction leads down to first order, and none was "
    "found to second.",
    Kind.DEAD: "A hidden layer is silent on all samples, and no constant output is better by more than "
    "tau L0; or ReLU outputs are, and the others leave no more than that.",
    Kind.FLAT: "The gradient is not 0, and no step as long as the weights takes a tenth of it away.",
    Kind.FALLING: "A direction leads down, to first or to second order.",
    Kind.STATIONARY: "Stationary to tolerance and nothing above: second order proves neither a minimum nor a "
    "way down.",
}
