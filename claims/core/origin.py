"""Where a verdict came from, as its test says: data, seeds, device, and the runs that it was judged on."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["Origin", "Seconds", "Subject", "TrainedRun"]

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


class TrainedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run behind a verdict.

    Attributes:
        key: its name in the store.
        name: for people.
        subject: what it trains; None where its test did not say.
        trained: whether it was trained now rather than read from the store.
        resumed_from: epoch of the checkpoint it was resumed from.
        seconds: wall time of its training, whenever that was.
        sha256: of its tensors.
    """

    key: str
    name: str | None = None
    subject: Subject | None = None
    trained: bool = False
    resumed_from: int | None = None
    seconds: Seconds | None = None
    sha256: str | None = None


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
