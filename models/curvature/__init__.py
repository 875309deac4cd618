"""Hessians of the networks' losses: every number certified by a bound, or said to be inconclusive.

What is certified, how, and what is not: docs/decisions/0004-curvature.md. Names are loaded when they are
first used, because most need torch and the bounds on dense matrices do not.
"""

from importlib import import_module
from typing import Any

_HOME = {
    # losses as functions of flat parameters
    "Objective": "objective",
    "deep_linear": "objective",
    "network": "objective",
    "stacked": "objective",
    # derivatives over an ensemble
    "losses": "products",
    "gradients": "products",
    "hessian_products": "products",
    "DenseHessian": "hessian",
    "dense_hessian": "hessian",
    # eigenvalues
    "symmetric_eigenvalues": "dense",
    "symmetric_eigensystem": "dense",
    "dense_spectrum": "spectrum",
    "lanczos": "krylov",
    "Extremes": "extremes",
    "extreme_eigenvalues": "extremes",
    "spectral_density": "density",
    "trace": "density",
    # kinds of points
    "Kind": "classification",
    "PointKind": "classification",
    "classify": "classification",
    # answers
    "Count": "answers",
    "Eigenvalue": "answers",
    "Estimate": "answers",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOME)
