"""Error rates are probabilities: the one check that every bound makes."""

from __future__ import annotations

__all__ = ["check_alpha"]


def check_alpha(alpha: float) -> float:
    """alpha itself, if it is an error rate.

    Raises:
        ValueError: unless 0 < alpha < 1.
    """
    if not 0.0 < alpha < 1.0:
        raise ValueError(f"got alpha = {alpha}, wanted 0 < alpha < 1: 0.05 means bounds at 95 %")
    return float(alpha)
