"""Losses and labels of every member on a whole data set, between two epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.backend import Execution
from models.engines.mlp.ensemble import Operands, forward
from models.engines.mlp.inputs import Inputs, evaluation_blocks, whole_blocks
from models.objectives.losses import loss_per_sample

__all__ = ["Evaluation"]

_SPAN = 5_000
"""Samples whose outputs are kept for one pass of loss and labels; bounds their memory."""


class Evaluation:
    """One side of a data set, cut into blocks once, to be evaluated after every epoch.

    Args:
        x: inputs [m, d_x] that the engine trains on.
        y: targets [m, K].
        labels: [m] classes, None for regression.
        output: output activation.
        loss: loss name.
        on: device and arithmetic.
    """

    def __init__(
        self, x: Tensor, y: Tensor, labels: np.ndarray | None, output: str, loss: str, on: Execution
    ) -> None:
        self.output, self.loss, self.on = output, loss, on
        # A regression's table has no zeros to leave out.
        sparse = on.kind == "cpu" and labels is not None
        order, blocks = evaluation_blocks(x) if sparse else whole_blocks(x)
        self._order = order.numpy()
        blocks = [block.to(on.device, on.dtype) for block in blocks]
        # [K, m], so that samples are innermost, as they are in the engine's activations.
        targets = y[order].t().to(on.device, on.dtype).contiguous()
        spans = _spans(blocks)
        parts = targets.split([sum(map(len, span)) for span in spans], 1)
        self._spans = list(zip(spans, (part.t() for part in parts), strict=True))

    def __call__(self, of: Operands) -> tuple[np.ndarray, np.ndarray]:
        """Mean loss [M] in float64 and predicted labels [M, m]."""
        totals, labels = [], []
        joined = of.joined()
        for blocks, y in self._spans:
            parts = [forward(of, joined, inputs, self.on.precision == "bf16") for inputs in blocks]
            z = torch.cat([part.transpose(1, 2) for part in parts], 2).transpose(1, 2)
            losses = loss_per_sample(z, y, self.output, self.loss)
            # mps has no float64; the rows of a span are few enough to sum there in float32.
            losses = losses.sum(1) if self.on.kind == "mps" else losses.double().sum(1)
            totals.append(losses)
            # Softmax keeps the order of z, ReLU does not: where all outputs are 0 the label is the first.
            h = z.relu() if self.output == "relu" else z
            labels.append(_greatest(h) if self.on.kind == "cpu" else h.argmax(-1).to(torch.uint8))
        mean = torch.stack(totals).cpu().double().sum(0) / len(self._order)
        found = torch.cat(labels, 1).cpu().numpy()
        predictions = np.empty_like(found)
        predictions[:, self._order] = found  # back in the data set's order
        return mean.numpy(), predictions


def _greatest(h: Tensor) -> Tensor:
    """The first place of the greatest output, [M, B] uint8, as argmax finds it, from outputs [M, B, K].

    torch's argmax takes eleven nanoseconds a number where samples are innermost, these steps one. Where an
    output is no number, the first place.
    """
    rows, count = h.transpose(1, 2), h.shape[2]
    rank = torch.arange(count, 0, -1, dtype=torch.uint8).unsqueeze(1)  # the first place has the highest
    found = (rows == rows.amax(1, keepdim=True)).view(torch.uint8).mul_(rank).amax(1)
    return (count - found) % count


def _spans(blocks: Sequence[Inputs]) -> list[list[Inputs]]:
    """Consecutive blocks, whose outputs are judged together: a dozen small operations each time add up."""
    spans: list[list[Inputs]] = [[]]
    for block in blocks:
        if spans[-1] and sum(map(len, spans[-1])) + len(block) > _SPAN:
            spans.append([])
        spans[-1].append(block)
    return spans
