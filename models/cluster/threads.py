"""Names of the environment's variables that hold numpy and torch to so many threads a product."""

from __future__ import annotations

__all__ = ["VARIABLES"]

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
