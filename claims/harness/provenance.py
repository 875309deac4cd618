"""What a verdict says of the runs it was judged on: how to find them, what they train, where they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from models.descent.certificates.certificate import certificates_of
from models.runs.run import Run

__all__ = ["about", "device_of", "legs", "require_one_device"]


def legs(runs: Iterable[Run]) -> list[Run]:
    """The runs as they lie in the store: both legs, and every look's own networks."""
    found: list[Run] = []
    for run in runs:
        if run.second is None:
            found += run.parts
        else:  # a descent from the initial weights has no first leg of its own
            found += (() if run.key == run.second.key else run.parts) + run.second.parts
    return found


def about(run: Run) -> dict[str, Any]:
    """A run of the store for the report, as plain JSON (`claims.core.origin.TrainedRun`)."""
    descends = "certificate_kind" in run.arrays
    spec = run.spec.experiment if descends else run.spec
    return {
        "key": run.key,
        "name": run.spec.name,
        "subject": {
            "dataset": spec.data,
            "network": spec.network.label,
            "output": spec.objective.output,
            "loss": spec.objective.loss,
            "protocol": spec.initialisation.kind,
        },
        "trained": run.trained,
        "resumed_from": run.resumed_from,
        "seconds": round(run.seconds, 3),
        "sha256": (run.provenance or {})["sha256"],
        "node": run.node or None,
        "device": " ".join(device_of(run)),
        "versions": dict(run.versions),
        "descent": _descent(run) if descends else None,
    }


def device_of(run: Run) -> tuple[str, str]:
    """Kind and name of what trained a run, ("", "") where it does not say."""
    backend = (run.provenance or {}).get("backend", {})
    return backend.get("kind", ""), backend.get("device_name", "")


def require_one_device(runs: Iterable[Run]) -> None:
    """Holds the runs behind one verdict to one device.

    Raises:
        ValueError: two were trained on different ones.
    """
    by_device = {device_of(run): run for run in runs}
    if len(by_device) > 1:
        found = "; ".join(
            f"{run.spec.name} on {' '.join(device)}" + (f" of {run.node}" if run.node else "")
            for device, run in by_device.items()
        )
        raise ValueError(
            f"got runs of different devices behind one verdict ({found}), wanted one device: a difference "
            "could be the devices'; choose nodes of one kind, or a store for each"
        )


def _descent(run: Run) -> dict[str, Any]:
    """Where the networks of a second leg ended."""
    return {
        "methods": [method.label for method in run.spec.methods],
        "start": run.spec.start,
        "tolerance": run.spec.tolerance,
        "certificates": dict(sorted(Counter(str(one.kind) for one in certificates_of(run.arrays)).items())),
        "loss": _spread(run.normalised_loss()[-1]),
        "gradient": _spread(run.arrays["gradient"][-1]),
        "steps": _spread(run.arrays["steps"]),
        "products": _spread(run.arrays["products"][-1]),
    }


def _spread(values: np.ndarray) -> list[float] | None:
    """The smallest, the median and the largest of the finite values; None where there is none."""
    known = values[np.isfinite(values)]
    return [float(np.min(known)), float(np.median(known)), float(np.max(known))] if len(known) else None
