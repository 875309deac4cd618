"""A trained ensemble: its trajectories, and what they mean on the scale of the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.descent.certificates.certificate import FIELDS as CERTIFICATES
from models.recorders.field import Field, fields
from models.recorders.history import FACTS
from models.second_leg.fields import FACTS as DESCENT_FACTS
from models.second_leg.fields import ROWS, STEP
from models.second_leg.rows import held

if TYPE_CHECKING:
    pass

__all__ = ["Run", "declared", "from_initial", "join", "two_legs"]


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """The finished run of an experiment of M members over T epochs, or of a descent over T steps.

    A run of a descent has the same arrays, but for the early steps and the seeds of minibatches; a network
    that ended its descent before the others holds its last values. It has besides gradient and products
    [T+1, M]; steps, moved and flips [M] (`models.second_leg.fields`); and what its certificates say
    (`models.descent.certificates`), [M] each.

    Attributes:
        spec: the experiment, or the descent.
        arrays: by name; T + 1 rows each, the first before any training:
            train_loss, test_loss [T+1, M]; train_accuracy, test_accuracy [T+1, M];
            train_predictions, test_predictions [T+1, M, m]; and for the pairs of every quadruple
            train_agreement, test_agreement [T+1, P] (samples with the same label); weight_distance,
            weights_differ [T+1, P].
            Besides, pairs [P, 2] (places in the ensemble); early_steps [G] (minibatch steps inside the
            first epochs, see `models.recorders.early`) with early_train_loss [G, M] and early_train_agreement
            [G, P]; steps_per_epoch [1]; initial_seeds, order_seeds [M]; baseline [2] (L0 on train and
            test); largest_class [2] (accuracy at chance, NaN for a regression); diverged_at [M] (epoch, -1
            for never); weights/<epoch>/W<layer> [M, fan_in, fan_out] and weights/<epoch>/b<layer> [M,
            fan_out]. Regression has no accuracy, predictions or agreement.
        key: the run's name in the store.
        provenance: data checksum, backend and engine version, plain JSON.
        trained: True when this process trained it, False when it came from the store.
        resumed_from: epoch it was resumed from, None when unbroken.
        seconds: wall time of training.
        node: the host that trained it, "" where that was not written down.
        versions: of the packages there, by name.
        joined: the runs that this one was put together from, if any.
        second: the second leg, the descent from where this run ended; None where there is none.
        open_because: why there is no second leg, for the reader of a verdict on where training ends.
    """

    spec: Any  # an Experiment or a Descent: whoever reads a leg knows which
    arrays: Mapping[str, np.ndarray]
    key: str = ""
    provenance: Mapping[str, Any] | None = None
    trained: bool = False
    resumed_from: int | None = None
    seconds: float = 0.0
    node: str = ""
    versions: Mapping[str, str | None] = field(default_factory=dict)
    joined: tuple[Run, ...] = ()
    second: Run | None = None
    open_because: str = ""

    def __repr__(self) -> str:
        rows = "steps" if "steps" in self.arrays else "epochs"
        return f"Run({self.spec.name}, {self.spec.networks.count} networks, {self.last} {rows})"

    @property
    def last(self) -> int:
        """The last epoch, or the last step."""
        return len(self.arrays["train_loss"]) - 1

    def normalised_loss(self, side: str = "train") -> np.ndarray:
        """l = L / L0 [T+1, M] on the "train" or "test" set, L0 the best constant predictor's loss there."""
        found: np.ndarray = (
            self.arrays[f"{side}_loss"] / self.arrays["baseline"][("train", "test").index(side)]
        )
        return found

    def agreement(self, side: str = "train") -> np.ndarray:
        """Fraction [T+1, P] of the samples that each pair labels identically."""
        return self.arrays[f"{side}_agreement"] / self.samples(side)

    def samples(self, side: str = "train") -> int:
        """Samples that are labelled, m; of a classification."""
        return int(self.arrays[f"{side}_predictions"].shape[-1])

    def fine_loss(self) -> tuple[np.ndarray, np.ndarray]:
        """Training l at every record, those inside the first epochs too, [R, M], and its steps [R]."""
        return self._fine("loss", self.arrays["baseline"][0])

    def fine_agreement(self) -> tuple[np.ndarray, np.ndarray]:
        """Fraction [R, P] of training samples to which a pair gives one label, by record, and steps [R]."""
        return self._fine("agreement", self.samples())

    def _fine(self, what: str, unit: float) -> tuple[np.ndarray, np.ndarray]:
        ends = np.arange(self.spec.budget.epochs + 1) * self.steps_per_epoch
        steps = np.concatenate([self.arrays["early_steps"], ends])
        values = np.concatenate([self.arrays[f"early_train_{what}"], self.arrays[f"train_{what}"]])
        order = np.argsort(steps, kind="stable")
        return values[order] / unit, steps[order]

    @property
    def groups(self) -> np.ndarray:
        """Population [M] of every network: its model index i under std and var, 0 under he."""
        return np.array(self.spec.groups)

    @property
    def steps_per_epoch(self) -> int:
        """Minibatch steps in an epoch."""
        return int(self.arrays["steps_per_epoch"][0])

    @property
    def diverged(self) -> int:
        """How many networks diverged."""
        return int((self.arrays["diverged_at"] >= 0).sum())

    def weights(self, epoch: int | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Weights [M, fan_in, fan_out] and biases [M, fan_out] of each layer, at the end or a checkpoint.

        Raises:
            KeyError: no weights were kept at that epoch.
        """
        epoch = self.last if epoch is None else epoch
        if f"weights/{epoch}/W1" not in self.arrays:
            kept = sorted({int(key.split("/")[1]) for key in self.arrays if key.startswith("weights/")})
            raise KeyError(
                f"got epoch {epoch}, wanted one of the kept checkpoints {kept}: "
                "add it to the checkpoints of its Budget"
            )
        head = f"weights/{epoch}/W"
        depth = range(1, sum(name.startswith(head) for name in self.arrays) + 1)
        return [(self.arrays[f"weights/{epoch}/W{d}"], self.arrays[f"weights/{epoch}/b{d}"]) for d in depth]

    def parameters(self) -> dict[str, np.ndarray]:
        """All parameters by name at the end, [M, ...]; of any network."""
        head = f"weights/{self.last}/"
        return {name.removeprefix(head): a for name, a in self.arrays.items() if name.startswith(head)}

    @property
    def parts(self) -> tuple[Run, ...]:
        """The runs as they lie in the store: itself, or those it was joined from."""
        return self.joined or (self,)


def join(runs: Sequence[Run]) -> Run:
    """One run of all networks of runs that follow one another: the looks of a sequential design.

    A network does not depend on those trained beside it, so this is the run that would have trained all of
    them at once; pairs lie within quadruples and so within a part.

    Raises:
        ValueError: runs of different experiments, or with a gap between their networks' numbers.
    """
    first = runs[0]
    if len(runs) == 1:
        return first
    total = 0
    for run in runs:
        count = run.spec.networks.count
        expected = first.spec.of_networks(first.spec.networks.first + total, count)
        if run.spec != expected:
            raise ValueError(
                f"got {run.spec.canonical()}, wanted {expected.canonical()}: runs are joined in the order of "
                "their networks, without a gap"
            )
        total += count
    dims = {name: field.dims for name, field in declared().items()}
    last = max(run.last for run in runs)
    arrays: dict[str, np.ndarray] = {}
    for name in first.arrays:
        at_end = name.startswith(f"weights/{first.last}/")
        own = ("network",) if name.startswith("weights/") else dims.get(name)
        # Descents end after so many steps each; weights at the end have its number in their names.
        names = [name.replace(f"/{first.last}/", f"/{run.last}/") if at_end else name for run in runs]
        if own is None or not all(name in run.arrays for name, run in zip(names, runs, strict=True)):
            continue  # its recorder is gone and nobody knows its axes, or was added between two looks
        parts = [run.arrays[name] for name, run in zip(names, runs, strict=True)]
        if name == "pairs":
            starts = np.cumsum([0] + [run.spec.networks.count for run in runs[:-1]])
            parts = [p + start for p, start in zip(parts, starts, strict=True)]
        if own[0] == STEP:
            parts = [held(part, last + 1) for part in parts]
        axis = next((own.index(dim) for dim in ("network", "pair") if dim in own), None)
        joined_name = name.replace(f"/{first.last}/", f"/{last}/") if at_end else name
        arrays[joined_name] = parts[0] if axis is None else np.concatenate(parts, axis)
    digests = [run.provenance["sha256"] for run in runs if run.provenance]
    return replace(
        first,
        spec=first.spec.of_networks(first.spec.networks.first, total),
        arrays=arrays,
        key="+".join(run.key for run in runs),
        provenance={**(first.provenance or {}), "sha256": "+".join(digests)},
        trained=any(run.trained for run in runs),
        seconds=sum(run.seconds for run in runs),
        joined=tuple(runs),
    )


def two_legs(first: Run, second: Run) -> Run:
    """The training with the descent as its second leg.

    Raises:
        ValueError: the descent is of other networks.
    """
    if second.spec.experiment != first.spec:
        raise ValueError(
            f"got a descent of {second.spec.experiment.canonical()}, wanted one from where "
            f"{first.spec.canonical()} ended"
        )
    return replace(first, second=second)


def from_initial(second: Run) -> Run:
    """A descent from the initial weights: its first leg is no epoch long and holds the first row alone."""
    known = declared()
    arrays = {
        name: array[:1] if known[name].dims[0] == STEP else array
        for name, array in second.arrays.items()
        if name in known
    }
    arrays |= {
        "early_steps": np.zeros(0, dtype=np.int64),
        "steps_per_epoch": np.ones(1, dtype=np.int64),
    }
    return replace(second, spec=second.spec.experiment, arrays=arrays, joined=(), second=second)


def declared() -> dict[str, Field]:
    """Every array that a run of either leg may hold, but for the weights."""
    return {**fields(), **ROWS, **CERTIFICATES, **DESCENT_FACTS, **FACTS}
