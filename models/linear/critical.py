"""Every critical value of a deep linear network, critical points that attain it, and descent from them.

At any critical point let P be the orthogonal projector on the range of M = W_{H+1} ... W_2, and Z as in
`exact_spectrum`. The gradient in W_1, M^T (M W_1 - Z) X X^T = 0, says T X = P Z X for T = M W_1. The one in
W_{H+1} times W_{H+1}^T, (T X X^T - Y X^T) T^T = 0, then says P Sigma P = Sigma P: P commutes with Sigma. So
P = U_S U_S^T for orthonormal eigenvectors U of Sigma and a set S of |S| = rank M <= p of them, and
L = 1/2 (tr Y Y^T - sum of l_i over S). No hypothesis on the data was used; where an eigenvalue is repeated,
its eigenvectors are not unique. The sets S thus enumerate all critical values (Baldi & Hornik 1989 for one
hidden layer; Kawaguchi 2016, lemma 4.2 and 4.3); the weights that attain them are many, and three things
vary here: how many middle layers close the unused channels, the basis of each hidden layer, and components
of W_1 that X does not see.

Descent directions. If |S| < p and an unused u_j has l_j > 0, open a further channel u_j through W_1, W_{H+1}
and the k - 2 middle layers that are closed: L_S - l_j t^k + l_j t^2k / 2. If u_i is in S and an unused u_j
has l_j > l_i, turn u_i towards u_j in W_1 and W_{H+1}: L_S - a^2 (l_j - l_i) t^2 / 2 + a^4 l_j t^4 / 2, with
a the ratio of the vectors' lengths. If neither exists, L_S = L*. With the step of W_{H+1} reversed both go
up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations, count

import flint
import numpy as np

from models.linear.exact_network import ExactMoments, Matrix, Scalar, zeros
from models.linear.exact_spectrum import Spectrum, square

__all__ = ["CriticalPoint", "Direction", "critical_points", "improvement", "index_sets", "optimum"]

Direction = tuple["Matrix | None", ...]
"""A step for every layer; None is no step."""

OutputMoved = tuple[*Direction, "Matrix"]
"""A step in which the output layer moves."""

BASES = 5
"""Different changes of basis for a width; points take them in turn."""


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """Weights at which the gradient of the deep linear loss is zero.

    Attributes:
        chosen: S, indices into the decreasing eigenvalues of Sigma.
        weights: [W_1, ..., W_{H+1}].
        middle_rank: rank(W_H ... W_2), exactly; d_1 for one hidden layer.
        narrowest: p, the smallest hidden width.
        value: 1/2 (tr Y Y^T - sum of l_i over S).
        is_global: no set of at most p eigenvalues has a larger sum.
        order: lowest power of t in L(W + t V) - L(W) along `descent`; 0 at a global minimum.
        descent, ascent: V, None at a global minimum.
        least: L*, the `optimum` for these data and this p; None where nobody computed it.
    """

    chosen: tuple[int, ...]
    weights: tuple[Matrix, ...]
    middle_rank: int
    narrowest: int
    value: Scalar
    is_global: bool
    order: int = 0
    descent: Direction | None = None
    ascent: Direction | None = None
    least: Scalar | None = None

    @property
    def hidden_layers(self) -> int:
        """H."""
        return len(self.weights) - 1


def index_sets(labels: int, narrowest: int) -> Iterator[tuple[int, ...]]:
    """All S of at most p of d_y indices, by size: sum over k <= p of d_y choose k of them."""
    for size in range(min(labels, narrowest) + 1):
        yield from combinations(range(labels), size)


def optimum(data: ExactMoments, spectrum: Spectrum, narrowest: int) -> Scalar:
    """L* = 1/2 (tr Y Y^T - sum of the min(p, d_y) largest eigenvalues)."""
    return (data.label_square - sum(spectrum.values[:narrowest], 0 * data.label_square)) / 2


def improvement(
    values: Sequence[Scalar], chosen: tuple[int, ...], narrowest: int, closed: int
) -> tuple[int | None, int] | None:
    """The eigenvector to use less and the one to use more: (None, j) opens a channel, (i, j) turns u_i.

    None where nothing improves, which is where S has the largest sum. With several, the one of lowest
    order: opening has order 2 + closed, turning order 2.
    """
    unused = [j for j in range(len(values)) if j not in chosen]
    if not unused:
        return None
    best = unused[0]  # values decrease
    opens = len(chosen) < narrowest and values[best] > 0
    turns = bool(chosen) and values[best] > values[chosen[-1]]
    if opens and (closed == 0 or not turns):
        return None, best
    return (chosen[-1], best) if turns else None


def critical_points(
    data: ExactMoments,
    spectrum: Spectrum,
    Z: Matrix,
    widths: tuple[int, ...],
    *,
    closed: int = 0,
    unseen: Sequence[Matrix] = (),
    canonical: bool = False,
) -> Iterator[CriticalPoint]:
    """One critical point for every S, |S| <= p.

    With closed = 0 the middle layers carry p channels, so rank(W_H ... W_2) = p and conclusion 4 of the
    theorem applies. Otherwise the first `closed` of them carry the |S| used channels only, and the rank
    is |S|.

    Args:
        data: moments; in the reduced problem all [d_y, d_y].
        spectrum: of Sigma.
        Z: [d_y, d_x], the least-squares map; the identity in the reduced problem.
        widths: d_1, ..., d_H.
        closed: how many of the H - 1 middle layers close the unused channels.
        unseen: rows [1, d_x] with n X = 0, multiples of which are added to W_1.
        canonical: leave the bases of the hidden layers as they are; otherwise integer changes of basis of
            determinant one, which keep L(W + t V) for V moved along, are applied to all.

    Raises:
        ValueError: closed is not among 0, ..., H - 1.
    """
    if not 0 <= closed < len(widths):
        raise ValueError(
            f"got closed = {closed} with {len(widths)} hidden layers, wanted 0 to {len(widths) - 1}: "
            "only middle layers can be closed"
        )
    narrowest, kind = min(widths), data.kind
    least = optimum(data, spectrum, narrowest)
    for number, chosen in zip(count(), index_sets(data.d_y, narrowest), strict=False):
        middle = _middle_layers(widths, [len(chosen)] * closed + [narrowest] * (len(widths) - 1 - closed))
        rows = {c: _row(spectrum, i, Z) for c, i in enumerate(chosen)}
        columns = {c: spectrum.vectors[i] for c, i in enumerate(chosen)}
        first = _stacked(kind, widths[0], data.d_x, rows)
        last = _stacked(
            kind, widths[-1], data.d_y, {c: u.transpose() for c, u in columns.items()}
        ).transpose()
        for n, row in enumerate(unseen):
            multiples = kind(widths[0], 1, [(number + n + r) % 3 - 1 for r in range(widths[0])])
            first = first + multiples * row
        weights = (first, *(kind(layer) for layer in middle), last)
        down = _descent(spectrum, Z, widths, chosen, narrowest, closed, kind)
        up = None if down is None else (*down[1][:-1], -1 * down[1][-1])
        changes = [
            _basis(width, 0 if canonical else 1 + (number + layer) % BASES)
            for layer, width in enumerate(widths)
        ]
        yield CriticalPoint(
            chosen=chosen,
            weights=_moved(weights, changes, kind),
            middle_rank=_rank(middle, widths),
            narrowest=narrowest,
            value=(data.label_square - sum((spectrum.values[i] for i in chosen), 0 * data.label_square)) / 2,
            is_global=down is None,
            order=0 if down is None else down[0],
            descent=None if down is None else _moved(down[1], changes, kind),
            ascent=None if up is None else _moved(up, changes, kind),
            least=least,
        )


def _descent(
    spectrum: Spectrum,
    Z: Matrix,
    widths: tuple[int, ...],
    chosen: tuple[int, ...],
    narrowest: int,
    closed: int,
    kind: type,
) -> tuple[int, OutputMoved] | None:
    """Order and direction of a descent, in canonical bases; None at a global minimum."""
    found = improvement(spectrum.values, chosen, narrowest, closed)
    if found is None:
        return None
    given, wanted = found
    u = spectrum.vectors[wanted]
    channel = len(chosen) if given is None else chosen.index(given)
    # Turning is steepest where both layers turn by the same angle, whatever the vectors' lengths.
    column = u if given is None else u * (square(spectrum.vectors[given]) / square(u))
    opened: list[Matrix | None] = [None] * (len(widths) - 1)
    if given is None:
        for layer in range(closed):
            gate = zeros(kind, widths[layer + 1], widths[layer])
            gate[channel, channel] = 1
            opened[layer] = gate
    first = _stacked(kind, widths[0], Z.ncols(), {channel: _row(spectrum, wanted, Z)})
    last = _stacked(kind, widths[-1], Z.nrows(), {channel: column.transpose()}).transpose()
    return (2 + closed if given is None else 2), (first, *opened, last)


def _row(spectrum: Spectrum, i: int, Z: Matrix) -> Matrix:
    """u_i^T Z / |u_i|^2, [1, d_x]: the input side of channel u_i."""
    u = spectrum.vectors[i]
    return (u.transpose() * Z) * (1 / square(u))


def _stacked(kind: type, height: int, width: int, rows: dict[int, Matrix]) -> Matrix:
    """A matrix [height, width] with these rows [1, width], the others zero."""
    blank = [0] * width
    return kind(
        height, width, [e for r in range(height) for e in (rows[r].entries() if r in rows else blank)]
    )


def _middle_layers(widths: tuple[int, ...], channels: Sequence[int]) -> list[flint.fmpz_mat]:
    """W_2, ..., W_H with ones on the first `channels` places of the diagonal, zero elsewhere."""
    return [
        flint.fmpz_mat(b, a, [int(i == j < kept) for i in range(b) for j in range(a)])
        for a, b, kept in zip(widths, widths[1:], channels, strict=False)
    ]


def _rank(middle: list[flint.fmpz_mat], widths: tuple[int, ...]) -> int:
    """rank(W_H ... W_2), which no change of basis alters; the empty product is the identity."""
    done = flint.fmpz_mat(
        widths[0], widths[0], [int(i == j) for i in range(widths[0]) for j in range(widths[0])]
    )
    for layer in middle:
        done = layer * done
    return done.rank()


@cache
def _basis(width: int, seed: int) -> tuple[flint.fmpz_mat, flint.fmpz_mat]:
    """An integer matrix of determinant one and its inverse; the identity for seed 0."""
    draw = np.random.default_rng([width, seed])
    entries = draw.integers(-1, 2, (2, width, width)) * (seed > 0)
    lower = flint.fmpz_mat((np.tril(entries[0], -1) + np.eye(width, dtype=np.int64)).tolist())
    upper = flint.fmpz_mat((np.triu(entries[1], 1) + np.eye(width, dtype=np.int64)).tolist())
    change = lower * upper
    return change, change.inv(True)


def _moved(
    layers: Sequence[Matrix | None], changes: Sequence[tuple[flint.fmpz_mat, flint.fmpz_mat]], kind: type
) -> Direction:
    """W_l -> B_l W_l B_(l-1)^-1, with nothing at the two ends of the network."""
    moved = []
    for n, layer in enumerate(layers):
        if layer is not None and n < len(changes):
            layer = kind(changes[n][0]) * layer
        if layer is not None and n > 0:
            layer = layer * kind(changes[n - 1][1])
        moved.append(layer)
    return tuple(moved)
