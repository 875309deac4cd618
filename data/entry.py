"""What a file of this folder declares of a data set: name, loader, and its sizes without loading."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from data.dataset import Dataset, Task

__all__ = ["Entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A data set as declared; `load` holds the loaded set to it.

    Attributes:
        name: what `data.load` takes, and what settings of verdicts begin with.
        load: makes the set; imports what is heavy when it is called.
        task: "classification" or "regression".
        train, test: samples in the two parts.
        sample_shape: of one sample, (13,) or (1, 28, 28).
        outputs: classes, or targets of a regression.
        large: minutes rather than seconds: used at the paper's scale only.
        exact: whether the exact claims of section 2 are judged on it.
        dependent_columns: whether columns are linear combinations of others, zero ones among them, so that
            the exact claims are judged on its independent columns as well.
    """

    name: str
    load: Callable[[], Dataset]
    task: Task
    train: int
    test: int
    sample_shape: tuple[int, ...]
    outputs: int
    large: bool = False
    exact: bool = False
    dependent_columns: bool = False

    @property
    def d_x(self) -> int:
        """Numbers in a sample."""
        return math.prod(self.sample_shape)

    @property
    def sizes(self) -> dict[str, int]:
        """Samples by part: {"train": 404, "test": 102}."""
        return {"train": self.train, "test": self.test}

    @classmethod
    def of(cls, dataset: Dataset) -> Entry:
        """The entry that a loaded set would have."""
        return cls(
            name=dataset.name,
            load=lambda: dataset,
            task=dataset.task,
            train=dataset.n_train,
            test=dataset.n_test,
            sample_shape=dataset.sample_shape,
            outputs=dataset.d_y,
        )

    def require(self, dataset: Dataset) -> Dataset:
        """The set, after it was held to what is declared.

        Raises:
            ValueError: it has another name, task, size or shape.
        """
        found = Entry.of(dataset)
        for field in ("name", "task", "train", "test", "sample_shape", "outputs"):
            got, wanted = getattr(found, field), getattr(self, field)
            if got != wanted:
                raise ValueError(
                    f"got the data set {self.name!r} with {field} {got!r}, wanted the declared {wanted!r}: "
                    "correct the entry or the loader"
                )
        return dataset
