"""Options of a run as its provenance records them."""

from __future__ import annotations

from typing import Any

__all__ = ["LOOKS", "options"]

FIXED = {"kind": "fixed", "networks": [32], "share": 0.85, "alpha": 0.05, "weights": [1.0]}
LOOKS = {
    "kind": "looks",
    "networks": [12, 24, 48, 96],
    "share": 0.9,
    "alpha": 0.05,
    "weights": [0.1, 0.2, 0.3, 0.4],
}


def options(**changed: Any) -> dict[str, Any]:
    """The defaults, except what is changed."""
    sizes = {"mnist-5k": {"train": 1000, "test": 4000}, "boston": {"train": 404, "test": 102}}
    return {
        "scale": "quick",
        "backend": "auto",
        "precision": "fp32",
        "protocols": ["std", "var", "he"],
        "networks": None,
        "looks": False,
        "seed": 0,
        "design": FIXED,
        "scale_sizes": sizes,
        "refresh": False,
        "fail_on": [],
        "baseline": None,
        "store": None,
        "arguments": [],
        **changed,
    }
