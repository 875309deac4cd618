"""Whether a backend exists on this machine. torch is imported only when the answer depends on it."""

from __future__ import annotations

import sys

__all__ = ["absence", "contradiction"]


def absence(backend: str) -> str | None:
    """Why this backend cannot be used here, or None where it can ("cpu" and "auto" always can)."""
    if backend not in ("cuda", "mps"):
        return None
    import torch

    if backend == "cuda" and not torch.cuda.is_available():
        return f"torch {torch.__version__} finds no CUDA GPU"
    if backend == "mps" and not torch.backends.mps.is_available():
        return f"torch {torch.__version__} finds no Apple GPU (mps)"
    return None


def contradiction(backend: str, precision: str) -> str | None:
    """Why this precision cannot be used on this backend, or None where it can."""
    if precision == "fp64" and backend == "mps":
        return "Apple GPUs have no 64-bit floating point"
    if precision == "fp64" and backend == "auto" and sys.platform == "darwin" and absence("mps") is None:
        return "auto takes the Apple GPU here, which has no 64-bit floating point"
    if precision == "tf32" and backend in ("cpu", "mps"):
        return "TF32 exists on NVIDIA GPUs only"
    if precision == "tf32" and backend == "auto" and (missing := absence("cuda")):
        return f"TF32 exists on NVIDIA GPUs only, and {missing}"
    return None
