"""Whether verdicts were reached by one rule: only then does a difference of outcomes say anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["Dated", "changed", "version_of"]

Dated = tuple[Mapping[str, Any], int]
"""A verdict, and the version of the report that holds it."""


def version_of(report: Mapping[str, Any]) -> int:
    """Of verdicts.json; the first version did not say."""
    return int(report.get("version", 1))


def changed(verdicts: Sequence[Dated]) -> bool:
    """Whether two of these verdicts on one claim and setting were reached by different rules.

    Two rules differ where their texts do, numbers and all. A verdict of version 1 has no text:
    the others' rule is another one if it holds only since a later version.
    """
    texts = {" ".join(verdict["rule"].split()) for verdict, _ in verdicts if verdict.get("rule")}
    silent = [version for verdict, version in verdicts if not verdict.get("rule")]
    since = max((verdict.get("rule_since") or 1 for verdict, _ in verdicts if verdict.get("rule")), default=1)
    return len(texts) > 1 or any(since > version for version in silent)
