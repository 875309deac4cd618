"""Evidence that trains nothing, described before it is made, so that any process can make it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from claims.core.claim import Claim
from claims.core.verdict import Evidence, Failed

__all__ = ["Computed", "Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """Evidence on a claim.

    Attributes:
        evidence: what speaks for and against it.
        failed: the claim's prerequisites that fail on the data.
    """

    evidence: Evidence
    failed: tuple[Failed, ...] = ()


@dataclass(frozen=True, slots=True)
class Computed:
    """How evidence is made.

    Attributes:
        make: called with the evidence cache, from which it takes what takes long, and by keyword with
            `claim`, `setting`, `name` (of the data) and the arguments.
        claim: that is judged.
        setting: of the verdict.
        data: name of the data set or planted set that the claim is judged on.
        arguments: plain JSON and functions of the top of a module.
    """

    make: Callable[..., Found]
    claim: Claim
    setting: str
    data: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """ "T2 boston"."""
        return f"{self.claim.id} {self.setting}"

    def found(self, cache: Any) -> Found:
        """The evidence, from an evidence cache or made for it."""
        asked = {"claim": self.claim, "setting": self.setting, "name": self.data}
        return self.make(cache, **asked, **self.arguments)
