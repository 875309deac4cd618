"""What the C library does with memory that a training frees."""

from __future__ import annotations

import contextlib
import ctypes

__all__ = ["give_back", "keep_freed"]

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""Parameters of glibc's mallopt(3)."""


def keep_freed() -> None:
    """From now on free memory stays with the process: to give each matrix of samples back and to ask for
    fresh pages at the next step is a tenth of a descent's time on 4,000 samples. Only glibc is told."""
    with contextlib.suppress(OSError, AttributeError):
        tune = ctypes.CDLL(None).mallopt
        tune(_ARENA_MAX, 1)  # a thread's own arena holds no block of more than 64 MB
        tune(_MMAP_THRESHOLD, 2**30)
        tune(_TRIM_THRESHOLD, 2**31 - 1)


def give_back() -> None:
    """Gives the system what is free, where the C library (glibc) would keep it: hundreds of megabytes a
    worker, which goes on to train something else."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
