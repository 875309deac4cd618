"""The data a claim is judged on, by name: real and planted."""

from __future__ import annotations

from data import SYNTHETIC, Dataset, Planted, load, load_synthetic

__all__ = ["source"]


def source(name: str) -> Dataset | Planted:
    """The data set or planted set with this name."""
    return load_synthetic(name) if name in SYNTHETIC else load(name)
