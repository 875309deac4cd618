"""Options of a run as its provenance records them."""

from __future__ import annotations

from typing import Any

from reports.records import Design, Options, Sizes

__all__ = ["LOOKS", "options"]

FIXED = Design("fixed", (32,), (1.0,), 0.85, 0.05)
LOOKS = Design("looks", (12, 24, 48, 96), (0.1, 0.2, 0.3, 0.4), 0.9, 0.05)


def options(**changed: Any) -> Options:
    """The defaults, except what is changed."""
    defaults = {
        "scale": "quick",
        "backend": "auto",
        "precision": "fp32",
        "protocols": ("std", "var", "he"),
        "design": FIXED,
        "scale_sizes": {"mnist-5k": Sizes(1000, 4000), "boston": Sizes(404, 102)},
    }
    return Options(**defaults | changed)
