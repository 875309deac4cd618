"""The legs of a run: which networks ended for a known reason, and what the training itself showed.

The paper trains "until convergence" and speaks of minima. A run's second leg goes there: a descent on the
full-batch objective that never raises it, until a certificate or the end of its budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, ParamSpec

import msgspec
import numpy as np
from numpy.typing import NDArray

from claims.core.claim import Claim
from claims.core.margins import NEAR_ZERO
from claims.core.verdict import Evidence
from models.descent.certificates.certificate import Kind
from models.runs.run import Run

__all__ = [
    "LOW",
    "beside_the_first_leg",
    "conclusive",
    "depth",
    "endings",
    "join",
    "kinds",
    "last",
    "sound",
]

P = ParamSpec("P")

LOW = NEAR_ZERO / 10
"""A loss at which a network counts as at a global minimum (E11)."""


def last(run: Run) -> Run:
    """The leg at whose end networks are judged: the second where there is one."""
    return run if run.second is None else run.second


def sound(run: Run) -> NDArray[np.bool_]:
    """Networks [M] that diverged on no leg and whose training loss is a number where they ended."""
    found: NDArray[np.bool_] = np.isfinite(last(run).arrays["train_loss"][-1])
    for leg in (run, last(run)):
        found = found & (leg.arrays["diverged_at"] < 0)
    return found


def kinds(second: Run) -> list[Kind]:
    """What is known of the points where a second leg's M networks ended."""
    every = list(Kind)
    return [every[code] for code in second.arrays["certificate_kind"].tolist()]


def conclusive(run: Run) -> NDArray[np.bool_]:
    """Networks [M] with a certificate that says where they ended; none without a second leg.

    One that is flat, still falling, or stationary without more may be on its way to anywhere below.
    """
    if run.second is None:
        return np.zeros(run.spec.networks.count, dtype=bool)
    return np.array([kind.conclusive for kind in kinds(run.second)]) & sound(run)


def depth(second: Run) -> NDArray[np.float64]:
    """How far below the end of a certified descent the minimum may lie that it belongs to, over L0, [M].

    Within tau of the infimum it is all that is left, the loss itself; below a kink nothing is known to lie.
    """
    gap = np.where(np.isnan(second.arrays["certificate_gap"]), 0.0, second.arrays["certificate_gap"])
    nearly_zero = np.array([kind is Kind.GLOBAL for kind in kinds(second)])
    found: NDArray[np.float64] = np.where(nearly_zero, np.inf, gap)
    return found


def endings(*runs: Run) -> str:
    """Where the networks of several runs ended, by certificate, and what stands in the way of the rest."""
    found = [_ending(run) for run in runs]
    if len(set(found)) == 1:
        return found[0]
    return join(*(f"{run.spec.name}: {ending}" for run, ending in zip(runs, found, strict=True)))


def _ending(run: Run) -> str:
    if run.second is None:
        return run.open_because or "no second leg"
    proved = run.second.arrays["certificate_proved"].astype(bool).tolist()
    counts, unproved = Counter[str](), Counter[str]()
    for kind, well, sure in zip(kinds(run.second), sound(run).tolist(), proved, strict=True):
        name = kind.value if well else "diverged"
        counts[name] += 1
        unproved[name] += well and kind.conclusive and not sure
    ended = "ended " + ", ".join(
        f"{counts[name]} {name}" + (f" ({unproved[name]} of them to tolerance)" if unproved[name] else "")
        for name in (*map(str, Kind), "diverged")
        if counts[name]
    )
    attained = run.second.arrays["certificate_attained"].astype(bool)
    return join(
        ended,
        "" if attained.all() else _unattained(counts),
        "" if conclusive(run).all() else join(_more(run, run.second), run.open_because),
    )


def _more(run: Run, second: Run) -> str:
    """What it would take to bring the open networks down, if each went on falling at its rate."""
    l, rate = (second.arrays[f"certificate_{name}"] for name in ("l", "rate_per_product"))  # noqa: E741
    with np.errstate(invalid="ignore"):
        above = sound(run) & ~conclusive(run) & (l > LOW) & (rate > 0)
    if not above.any():
        return ""
    more = float(np.median(np.log(l[above] / LOW) / rate[above]))
    return f"{int(above.sum())} open above l = {LOW:g}, at their rates {more:.0e} products away (median)"


def _unattained(counts: Mapping[str, int]) -> str:
    """What to say of a loss that only weights without bound approach."""
    known = "infimum 0" if counts[Kind.GLOBAL] else "a loss of 0"
    return f"{known}, not attained by finite weights"


def beside_the_first_leg(evidence: Callable[P, Evidence]) -> Callable[P, Evidence]:
    """The same evidence, whose note says besides what the first leg alone shows.

    The function takes runs, or sequences of runs, and the claim last.
    """

    @wraps(evidence)
    def judged(*args: P.args, **options: P.kwargs) -> Evidence:
        at_end = evidence(*args, **options)
        before: list[Any] = [_first_leg(of) for of in args]
        if all(a is b for a, b in zip(args, before, strict=True)):
            return at_end
        found = evidence(*before, **options)
        (claim,) = (of for of in args if isinstance(of, Claim))
        return msgspec.structs.replace(at_end, note=join(at_end.note, f"first leg: {_figure(found, claim)}"))

    return judged


def _first_leg(of: Any) -> Any:
    """A run, or runs, without second legs; anything else, and a run that has none, as it is."""
    if isinstance(of, Run):
        return of if of.second is None else replace(of, second=None)
    if isinstance(of, Sequence) and not isinstance(of, str):
        firsts = [_first_leg(each) for each in of]
        return of if all(a is b for a, b in zip(of, firsts, strict=True)) else firsts
    return of


def _figure(found: Evidence, claim: Claim) -> str:
    if found.inapplicable:
        return "the claim does not apply"
    estimate = "unknown" if found.estimate is None else f"{found.estimate:.3g}"
    bounds = "" if found.interval is None else f" [{found.interval[0]:.3g}, {found.interval[1]:.3g}]"
    return f"{estimate}{bounds} {claim.unit}"


def join(*notes: str) -> str:
    """The notes that say something."""
    return "; ".join(note for note in notes if note)
