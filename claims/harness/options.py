"""What the command line chose, as far as claims are concerned.

The options are declared in `claims.harness.launch.command_line`; where its plugin is not loaded, the defaults
below hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pytest

from claims.catalogue.experiments import PROTOCOLS, Scale
from claims.catalogue.scales import chosen_scale
from claims.core.design import FIXED, SEQUENTIAL, Design, fixed
from claims.harness.own_network import check
from data import DataError, add, entry
from models.executors.executor import executors, on_cluster
from models.runs.remote.place import LIMIT

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """The options by name, each with its default."""

    scale: str = "quick"
    data: str | None = None
    backend: str = "auto"
    precision: str = "fp32"
    protocols: tuple[str, ...] = PROTOCOLS
    claims: tuple[str, ...] = ()
    network: str | None = None
    networks: int | None = None
    looks: bool = False
    seed: int = 0
    store: str | None = None
    store_cache: int = LIMIT
    refresh: bool = False
    executor: str = "local"
    executor_option: Sequence[tuple[str, str]] = ()
    second_legs: str = "scale"

    @classmethod
    def of(cls, config: pytest.Config) -> Options:
        """What this run was asked for."""
        given = {field.name: config.getoption(field.name, field.default) for field in fields(cls)}
        for name, value in given.items():
            if isinstance(value, list):  # argparse's, of what may be given several times
                given[name] = tuple(value)
        return cls(**given)

    @property
    def sizes(self) -> Scale:
        """The scale's sizes, on the chosen data."""
        return chosen_scale(self.scale, self.data, everything=self.second_legs == "all")

    @property
    def design(self) -> Design:
        """How many networks, and when they are looked at."""
        if self.looks:
            return SEQUENTIAL
        return FIXED if self.networks is None else fixed(self.networks)

    def check(self) -> None:
        """Refuses, before anything is collected, data on which the claims cannot be judged.

        Raises:
            pytest.UsageError: no such data set, a file that is none, or a regression.
        """
        if self.executor not in executors():
            raise pytest.UsageError(
                f"--executor: got {self.executor!r}, wanted a file of models/executors/: "
                f"{', '.join(executors())}"
            )
        if self.executor_option and not on_cluster(self.executor):
            raise pytest.UsageError(
                f"--executor-option: got {'='.join(self.executor_option[0])} for {self.executor}, "
                "wanted none: this executor trains here, and has no options"
            )
        self._check_data()
        if self.network is not None:
            check(self.network, self.sizes.digits)

    def _check_data(self) -> None:
        if self.data is None:
            return
        try:
            of = entry(add(self.data))
        except (ValueError, DataError) as error:
            raise pytest.UsageError(f"--data: {error}") from error
        if of.task != "classification":
            raise pytest.UsageError(
                f"--data: got {self.data}, a regression, wanted labelled samples: the claims on the digits "
                "speak of labels; save labels as whole numbers from 0 on"
            )
