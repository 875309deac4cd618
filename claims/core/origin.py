"""Where a verdict came from, as its test says: data, seeds, device, and the runs that it was judged on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

__all__ = ["Descent", "Origin", "Seconds", "Spread", "Subject", "TrainedRun", "merge"]

Seconds = Annotated[float, Meta(ge=0.0)]


class Subject(msgspec.Struct, frozen=True, order=True):
    """What an experiment trains.

    Attributes:
        dataset: its name.
        network: its label, "500-300" for hidden layers of so many units.
        output, loss: "linear", "mse".
        protocol: of the initial weights.
    """

    dataset: str
    network: str
    output: str
    loss: str
    protocol: str


Spread = tuple[float, float, float]
"""The smallest, the median and the largest over the networks."""


class Descent(msgspec.Struct, frozen=True, kw_only=True):
    """Where the networks of a second leg ended.

    Attributes:
        methods: full-batch optimisers, one after another.
        start: "trained", where the first leg ended, or "initial", the initial weights.
        tolerance: tau; a loss of at most tau L0 ends a descent.
        certificates: networks by the kind of their certificate.
        loss: l = L / L0 on the training set; None where no network's is finite.
        gradient: norm of the full-batch gradient.
        steps: until each ended.
        products: with the Jacobian or its transpose over all samples.
    """

    methods: tuple[str, ...]
    start: str
    tolerance: float
    certificates: dict[str, int]
    loss: Spread | None = None
    gradient: Spread | None = None
    steps: Spread | None = None
    products: Spread | None = None


class TrainedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run behind a verdict, of a training or of the descent from where one ended.

    Attributes:
        key: its name in the store.
        name: for people.
        subject: what it trains; None where its test did not say.
        trained: whether it was trained now rather than read from the store.
        resumed_from: epoch of the checkpoint it was resumed from.
        seconds: wall time of its training, whenever that was.
        sha256: of its tensors.
        node: the host that trained it, whenever that was.
        device: what trained it there.
        versions: of the packages there, by name.
        descent: where its networks ended, of a second leg.
    """

    key: str
    name: str | None = None
    subject: Subject | None = None
    trained: bool = False
    resumed_from: int | None = None
    seconds: Seconds | None = None
    sha256: str | None = None
    node: str | None = None
    device: str | None = None
    versions: dict[str, str | None] = {}
    descent: Descent | None = None

    def __hash__(self) -> int:
        """By what names its bytes: not all that is told of them can be hashed."""
        return hash((self.key, self.sha256))


class Origin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one verdict came from, as its test says.

    Attributes:
        data: data set to the checksum of its bytes.
        seeds: from which every network's own follow.
        device, backend, precision: what trained.
        experiments: the runs it was judged on.
    """

    data: dict[str, str] = {}
    seeds: tuple[int, ...] = ()
    device: str | None = None
    backend: str | None = None
    precision: str | None = None
    experiments: tuple[TrainedRun, ...] = ()


def merge(origins: Sequence[Origin]) -> dict[str, Any]:
    """One account of where all verdicts came from, whatever process ran each: fields of a provenance.

    Names (device, backend, precision) are joined with "+" where tests differ, seeds are
    united, `data` maps each name to its checksum or checksums, `experiments` has each run
    once, `trained` counts verdicts with a run that was trained now rather than read from
    the store, `seconds` is the training time of the runs in all.
    """
    data: dict[str, set[str]] = {}
    for origin in origins:
        for name, checksum in origin.data.items():
            data.setdefault(name, set()).add(checksum)
    runs = _experiments(run for origin in origins for run in origin.experiments)
    return {
        "device": _joined(origin.device for origin in origins),
        "backend": _joined(origin.backend for origin in origins),
        "precision": _joined(origin.precision for origin in origins),
        "seeds": tuple(sorted({seed for origin in origins for seed in origin.seeds})),
        "data": {name: "+".join(sorted(sums)) for name, sums in sorted(data.items())},
        "experiments": runs,
        "trained": sum(any(run.trained for run in origin.experiments) for origin in origins),
        "seconds": round(sum(run.seconds or 0.0 for run in runs), 3),
    }


def _joined(names: Iterable[str | None]) -> str | None:
    return "+".join(sorted({name for name in names if name})) or None


def _experiments(runs: Iterable[TrainedRun]) -> tuple[TrainedRun, ...]:
    """Each run once, by key; trained now if any test trained it, for the others read it afterwards."""
    found: dict[str, TrainedRun] = {}
    for run in runs:
        before = found.get(run.key)
        found[run.key] = msgspec.structs.replace(
            run, trained=run.trained or (before is not None and before.trained)
        )
    return tuple(found[key] for key in sorted(found))
