"""Comparisons of groups of models: contrasts of means, equivalence, all pairs at once.

Every interval is Welch's: groups may differ in variance, as models started from
N(0, sigma_i) do by orders of magnitude, and the degrees of freedom follow
Satterthwaite. With a group of one model, or a value that is not finite, the
interval is (-inf, inf). Two groups without any spread collapse to the
difference itself: two or more models agreed exactly, and the sample gives no
other width; a reader who doubts that asks for more replicates.

t-intervals assume means that are close to normal; pass logarithms of losses
that spread over decades.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scipy import special

from claims.statistics.intervals import UNKNOWN, Estimate, Sample, check_alpha, split_alpha, t_quantile
from claims.statistics.multiplicity import holm

__all__ = [
    "Equivalence",
    "Gap",
    "contrast_interval",
    "largest_gap",
    "pairs_beyond",
    "simultaneous_gaps",
    "tost",
    "welch_interval",
]

Groups = Mapping[Hashable, Iterable[float]] | Sequence[Iterable[float]]


class Gap(NamedTuple):
    """A difference between two groups, its interval, and the labels of the two."""

    value: float
    interval: tuple[float, float]
    pair: tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """The outcome of two one-sided tests.

    Attributes:
        value: mean(a) - mean(b).
        interval: at 1 - 2 alpha; it lies inside [-margin, margin] exactly when `equivalent`.
        p_value: the larger of the two one-sided p-values.
        equivalent: p_value <= alpha.
    """

    value: float
    interval: tuple[float, float]
    p_value: float
    equivalent: bool


class _Difference(NamedTuple):
    value: float
    standard_error: float
    df: float


def _contrast(samples: Sequence[Sample], coefficients: Sequence[float]) -> _Difference:
    used = [(s, c) for s, c in zip(samples, coefficients, strict=True) if c != 0.0]
    value = sum(c * s.mean for s, c in used)
    parts = [c * c * s.variance / s.n if s.n else math.nan for s, c in used]
    largest = max(parts, default=0.0)
    if not all(math.isfinite(part) for part in parts):
        return _Difference(value, math.nan, math.nan)
    if largest == 0.0:
        return _Difference(value, 0.0, 1.0)
    # Scaled by the largest part: squares of tiny or huge variances leave the range of a float.
    shares = [part / largest for part in parts]
    df = sum(shares) ** 2 / sum(v * v / (s.n - 1) for v, (s, _) in zip(shares, used, strict=True))
    return _Difference(value, math.sqrt(largest) * math.sqrt(sum(shares)), df)


def _interval(difference: _Difference, alpha: float) -> tuple[float, float]:
    value, se, df = difference
    if math.isnan(se) or math.isnan(value):
        return UNKNOWN
    half = t_quantile(alpha, df) * se
    return (value - half, value + half)


def contrast_interval(groups: Groups, coefficients: Sequence[float], alpha: float) -> Estimate:
    """Interval of sum_g c_g mean_g, with se^2 = sum_g c_g^2 s_g^2 / n_g and Satterthwaite's df.

    df = (sum_g v_g)^2 / sum_g (v_g^2 / (n_g - 1)), v_g = c_g^2 s_g^2 / n_g.

    Source: Welch (1938), Satterthwaite (1946); Maxwell and Delaney, Designing Experiments, chapter 4.

    Args:
        groups: values of each group's models; a mapping's order is that of its keys.
        coefficients: one number a group; a group with 0 takes no part, whatever it holds.
        alpha: probability that the interval misses.

    Raises:
        ValueError: for as many coefficients as there are not groups.
    """
    check_alpha(alpha)
    _, samples = _labelled(groups)
    if len(samples) != len(coefficients):
        raise ValueError(
            f"got {len(coefficients)} coefficients for {len(samples)} groups, wanted one a group: "
            "use 0 for a group that takes no part"
        )
    difference = _contrast(samples, [float(c) for c in coefficients])
    return Estimate(difference.value, _interval(difference, alpha))


def welch_interval(a: Iterable[float], b: Iterable[float], alpha: float) -> Estimate:
    """Welch's interval for mean(a) - mean(b) at 1 - alpha.

    Source: Welch, Biometrika 34 (1947).
    """
    return contrast_interval([a, b], (1.0, -1.0), alpha)


def tost(a: Iterable[float], b: Iterable[float], margin: float, alpha: float) -> Equivalence:
    """Equivalence of two means within +-margin by two one-sided Welch tests.

    H0: |mean(a) - mean(b)| >= margin. p = max(P(T > (d + margin)/se), P(T < (d - margin)/se)).
    A false "equivalent" has probability at most alpha, reached at the margin's edge.

    Source: Schuirmann (1987); Berger and Hsu, Statistical Science 11 (1996).

    Args:
        margin: in the values' unit, positive.

    Returns:
        p_value is 1 where no test is possible (one model, or a value that is not finite).

    Raises:
        ValueError: unless 0 < margin < inf and 0 < alpha < 0.5.
    """
    if not 0.0 < margin < math.inf:
        raise ValueError(
            f"got the margin {margin}, wanted a positive number: no data can show exact equality"
        )
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"got alpha = {alpha}, wanted 0 < alpha < 0.5: the interval is at 1 - 2 alpha")
    difference = _contrast([Sample.of(a), Sample.of(b)], (1.0, -1.0))
    value, se, df = difference
    interval = _interval(difference, 2.0 * alpha)
    if interval == UNKNOWN:
        p = 1.0
    elif se == 0.0:
        p = 0.0 if abs(value) <= margin else 1.0
    else:
        p = float(max(special.stdtr(df, -(value + margin) / se), special.stdtr(df, (value - margin) / se)))
    return Equivalence(value, interval, p, p <= alpha)


def simultaneous_gaps(groups: Groups, alpha: float) -> tuple[Gap, ...]:
    """Welch intervals of mean_i - mean_j for all pairs of groups; all hold at once with 1 - alpha.

    Bonferroni: each of the k (k - 1) / 2 intervals is at alpha / (k (k - 1) / 2).

    Args:
        groups: values of each group's models, by label; a sequence is labelled 0, 1, ...

    Raises:
        ValueError: for fewer than two groups.
    """
    labels, samples = _labelled(groups)
    if len(samples) < 2:
        raise ValueError(f"got {len(samples)} group, wanted at least two: a gap lies between groups")
    pairs = list(itertools.combinations(range(len(samples)), 2))
    share = split_alpha(alpha, len(pairs))
    gaps = []
    for i, j in pairs:
        difference = _contrast([samples[i], samples[j]], (1.0, -1.0))
        gaps.append(Gap(difference.value, _interval(difference, share), (labels[i], labels[j])))
    return tuple(gaps)


def largest_gap(groups: Groups, alpha: float) -> Gap:
    """The largest |mean_i - mean_j| over all pairs of groups, with an interval at 1 - alpha.

    Each simultaneous interval, folded at zero, bounds its |difference| by [a, b];
    when all hold, the largest |difference| lies in [max a, max b]. Inside [0, eps]
    every pair is equivalent within eps; above eps at least one pair is not.

    Returns:
        The largest estimate, the interval and the pair it came from. With a group whose mean is
        unknown, the value is NaN, the pair is the first unknown one and the upper end is infinite;
        the lower end stands, because the pairs that are known bound the largest from below.
    """
    gaps = simultaneous_gaps(groups, alpha)
    folded = [_fold(gap.interval) for gap in gaps]
    interval = (max(low for low, _ in folded), max(high for _, high in folded))
    widest = max(gaps, key=lambda gap: math.inf if math.isnan(gap.value) else abs(gap.value))
    return Gap(abs(widest.value), interval, widest.pair)


def pairs_beyond(groups: Groups, margin: float, alpha: float) -> tuple[tuple[Hashable, Hashable], ...]:
    """The pairs of groups whose means differ by more than the margin, by Holm's procedure over all pairs.

    H0: |mean_i - mean_j| <= margin; at its edge, where the level is attained, the chance of a difference as
    far from zero as d is p = P(T >= (|d| - margin) / se) + P(T <= -(|d| + margin) / se), T Student's t with
    Satterthwaite's df. Some pair within the margin is named with probability at most alpha; margin 0 is
    Welch's two-sided test. A pair that cannot be tested is never named and counts towards the correction.

    Source: Welch (1947); Holm (1979); Hodges and Lehmann, JRSS B 16 (1954), for the test against a margin.

    Raises:
        ValueError: unless 0 <= margin < inf, or for fewer than two groups.
    """
    if not 0.0 <= margin < math.inf:
        raise ValueError(f"got the margin {margin}, wanted 0 or a positive number in the values' unit")
    labels, samples = _labelled(groups)
    if len(samples) < 2:
        raise ValueError(f"got {len(samples)} group, wanted at least two: a difference lies between groups")
    pairs = list(itertools.combinations(range(len(samples)), 2))
    p_values = [_p_beyond(_contrast([samples[i], samples[j]], (1.0, -1.0)), margin) for i, j in pairs]
    rejected = holm(p_values, alpha).rejected
    return tuple((labels[i], labels[j]) for (i, j), beyond in zip(pairs, rejected, strict=True) if beyond)


def _p_beyond(difference: _Difference, margin: float) -> float:
    value, se, df = abs(difference.value), difference.standard_error, difference.df
    if math.isnan(se) or math.isnan(value):
        return math.nan
    if se == 0.0:
        return 0.0 if value > margin else 1.0
    p = special.stdtr(df, (margin - value) / se) + special.stdtr(df, -(value + margin) / se)
    return min(1.0, float(p))


def _labelled(groups: Groups) -> tuple[list[Hashable], list[Sample]]:
    items = groups.items() if isinstance(groups, Mapping) else enumerate(groups)
    labels, values = zip(*items, strict=True) if len(groups) else ((), ())
    return list(labels), [Sample.of(v) for v in values]


def _fold(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return (max(low, -high, 0.0), max(high, -low))
