"""Evaluation in spans of blocks: their cut changes neither losses nor labels."""

import numpy as np
import pytest
import torch

from models.engines.mlp import evaluation
from models.engines.mlp.inputs import Inputs
from tests.models.engines.ordinary_models import trained


@pytest.mark.parametrize("output", ["linear", "relu", "softmax"])
def test_the_cut_into_spans_changes_nothing(output, digits, tiny, fp64, monkeypatch):
    """Blocks judged one by one, a few at a time or all together: the same means and the same labels."""
    found = []
    for span in (1, 30, 5_000):
        monkeypatch.setattr(evaluation, "_SPAN", span)
        found.append(trained(tiny(output=output), digits, fp64).result())
    for other in found[1:]:
        for side in ("train", "test"):
            np.testing.assert_allclose(other[f"{side}_loss"], found[0][f"{side}_loss"], rtol=1e-14)
            np.testing.assert_array_equal(other[f"{side}_predictions"], found[0][f"{side}_predictions"])


def test_spans_are_full_and_in_order(monkeypatch):
    """As many consecutive blocks as fit; one that alone is too large stands alone."""
    monkeypatch.setattr(evaluation, "_SPAN", 10)
    blocks = [Inputs(torch.zeros(1, size)) for size in (4, 6, 1, 12, 5, 5, 2)]
    spans = evaluation._spans(blocks)
    assert [[len(block) for block in span] for span in spans] == [[4, 6], [1], [12], [5, 5], [2]]
    assert [block for span in spans for block in span] == blocks


def test_labels_are_the_first_greatest_output():
    """As argmax has it, ties and infinities included; an output that is no number gives the first class."""
    generator = torch.Generator().manual_seed(0)
    h = torch.randint(-2, 3, (3, 50, 7), generator=generator).float().transpose(1, 2).contiguous()
    h[0, :, 0] = torch.inf
    h[1, 2, 1] = -torch.inf
    h = h.transpose(1, 2)
    found = evaluation._greatest(h)
    assert found.dtype == torch.uint8
    expected = torch.from_numpy(
        np.argmax(h.numpy(), -1).astype(np.uint8)
    )  # torch's own names no order of ties
    assert torch.equal(found, expected)
    h[2, 0, 3] = torch.nan
    assert evaluation._greatest(h)[2, 0] == 0
