"""Statistics of the verdicts: every bound and p-value that a claim's rule may name.

The sampling unit is the network, or what is made of networks without using one twice: a pair, a quadruple.
Every function is pure, takes its error rate from the caller and returns plain Python numbers; what the data
cannot tell is an open bound, never a guess and never an exception.

By subject: `quantity` is the protocol and what combines quantities, `shares` for "all networks do", `medians`
for "by how much", `windows` for "all are equal", `means` for Monte-Carlo batches, `ranks` for Kendall's tau.
"""

from claims.statistics.means import BatchMean
from claims.statistics.medians import Median
from claims.statistics.quantity import Absolute, Affine, Largest, Quantity, Smallest
from claims.statistics.ranks import kendall_tau
from claims.statistics.shares import Share
from claims.statistics.windows import Window

__all__ = [
    "Absolute",
    "Affine",
    "BatchMean",
    "Largest",
    "Median",
    "Quantity",
    "Share",
    "Smallest",
    "Window",
    "kendall_tau",
]
