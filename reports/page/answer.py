"""The page's answer to its question in one sentence, computed from the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from claims.core.verdict import Outcome
from reports.multiplicity import decided, stands

__all__ = ["QUESTION", "answer"]

QUESTION = "Are all local minima of a neural network equivalent?"
SAYS_YES = ("yes", "assumed")
"""Readings of the paper that a supported verdict agrees with, and a refuted one contradicts."""

_WEIGHTS = {
    "he": "with He's initial weights",
    "std": "with the paper's at standard deviation i + 2",
    "var": "with the paper's at variance i + 2",
}

Verdicts = Sequence[dict[str, Any]]


def answer(verdicts: Verdicts, alpha: float) -> str:
    """One sentence: the verdict on local minima themselves, then on what the paper says of trained networks.

    N1 asks whether every local minimum is global, which proofs decide; without it the
    trained networks' final losses (E2) speak. After that the share of the paper's
    statements that hold, for each protocol of the initial weights, on trained networks.
    A sampled verdict counts as decided only where it survives Holm's correction for all
    rows: then the chance that anything in the sentence is wrong is at most alpha.
    """
    verdicts = [verdict | {"outcome": _outcome(verdict, alpha)} for verdict in verdicts]
    if not verdicts:
        return "No claim was judged in this run."
    return f"{_lead(verdicts)}; {trained}." if (trained := _trained(verdicts)) else f"{_lead(verdicts)}."


def _lead(verdicts: Verdicts) -> str:
    minima = [v for v in verdicts if v["claim"] == "N1"]
    refuted = [v for v in minima if v["outcome"] == Outcome.REFUTED]
    if refuted:
        strengths = {"proof": "proved", "exact at points": "shown exactly", "certificate": "certified"}
        how = " and ".join(dict.fromkeys(strengths.get(v["strength"], "measured") for v in refuted))
        on = _list(sorted({v["dataset"] for v in refuted}))
        return f"No: ReLU networks have local minima that are not global ({how} on {on}, claim N1)"
    if minima and all(v["outcome"] == Outcome.SUPPORTED for v in minima):
        return "Yes, as far as claim N1 was judged: every local minimum examined is global"
    equal = [v["outcome"] for v in verdicts if v["claim"] == "E2"]
    if Outcome.REFUTED in equal:
        return "Not in these runs: trained networks end at different losses (claim E2)"
    if equal and set(equal) == {Outcome.SUPPORTED}:
        return (
            "In these runs trained networks end at equal losses (claim E2), which does not settle the theory"
        )
    if equal:
        return "Open: whether trained networks end at equal losses stays undecided (claim E2)"
    return f"Open: this run judged {_list(sorted({v['claim'] for v in verdicts}))} only"


def _trained(verdicts: Verdicts) -> str:
    said = []
    for protocol, words in _WEIGHTS.items():
        ours = [v["outcome"] for v in verdicts if v["protocol"] == protocol and v["paper"] in SAYS_YES]
        if ours:
            held, fell = ours.count(Outcome.SUPPORTED), ours.count(Outcome.REFUTED)
            left = len(ours) - held - fell
            said.append(f"{held} hold, {fell} fail and {left} stay open {words}")
    if not said:
        return ""
    rows = sum(v["p_holm"] is not None for v in verdicts)
    rule = f" (decided is what survives Holm's correction for all {rows} sampled rows)" if rows else ""
    return f"of the paper's statements about trained networks{rule}, {'; '.join(said)}"


def _outcome(verdict: dict[str, Any], alpha: float) -> str:
    """What the headline takes a verdict for: open where it would not survive Holm's correction."""
    return verdict["outcome"] if not decided(verdict) or stands(verdict, alpha) else Outcome.INCONCLUSIVE


def _list(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
