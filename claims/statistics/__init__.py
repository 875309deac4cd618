"""Statistics of the verdicts: every interval and test that a claim's rule may name.

The sampling unit is the model. Every function is pure, takes its error rate
from the caller and returns plain Python numbers; what the data cannot tell is
the interval (-inf, inf), never a guess and never an exception.

By subject: `intervals` for one sample of models, `comparisons` between groups,
`censoring` for times that were not reached, `ranks` for Kendall's tau,
`multiplicity` for many decisions at once, `resampling` for a bootstrap over
models, `pairwise` for pairs that share models.
"""

from claims.statistics.censoring import Ratio, log_ratio_interval
from claims.statistics.comparisons import (
    Equivalence,
    Gap,
    contrast_interval,
    largest_gap,
    pairs_beyond,
    simultaneous_gaps,
    tost,
    welch_interval,
)
from claims.statistics.intervals import (
    UNKNOWN,
    Estimate,
    clopper_pearson,
    mean_interval,
    paired_change,
    proportion_bounds,
    split_alpha,
)
from claims.statistics.multiplicity import Adjusted, benjamini_hochberg, holm
from claims.statistics.pairwise import (
    bootstrap_pair_tau,
    bootstrap_pairs,
    pair_mask,
    pair_mean_curve,
    pair_weights,
)
from claims.statistics.ranks import kendall_tau, kendall_trend
from claims.statistics.resampling import bootstrap_models

__all__ = [
    "UNKNOWN",
    "Adjusted",
    "Equivalence",
    "Estimate",
    "Gap",
    "Ratio",
    "benjamini_hochberg",
    "bootstrap_models",
    "bootstrap_pair_tau",
    "bootstrap_pairs",
    "clopper_pearson",
    "contrast_interval",
    "holm",
    "kendall_tau",
    "kendall_trend",
    "largest_gap",
    "log_ratio_interval",
    "mean_interval",
    "pair_mask",
    "pair_mean_curve",
    "pair_weights",
    "paired_change",
    "pairs_beyond",
    "proportion_bounds",
    "simultaneous_gaps",
    "split_alpha",
    "tost",
    "welch_interval",
]
