"""Leaving out inputs that are 0 on all samples at hand changes no result beyond rounding."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.engines.mlp import inputs
from models.engines.mlp.ensemble import (
    Operands,
    cut_rows,
    first_gradient,
    first_product,
    forward,
    layer_views,
    row_size,
    rows,
)
from models.engines.mlp.inputs import (
    Inputs,
    evaluation_blocks,
    even_cut,
    head_size,
    order_by_use,
    whole_blocks,
)
from models.engines.mlp.minibatches import InputsInUse, inputs_by_network, targets_by_network

SIZES, MEMBERS = (9, 5, 4, 3), 2


@pytest.fixture
def sparse() -> torch.Tensor:
    """40 samples of 9 inputs, ordered by use: three always there, the rest ever rarer, the last never."""
    draw = np.random.default_rng(0)
    shares = np.array([1, 1, 1, 0.6, 0.4, 0.2, 0.1, 0.05, 0.0])
    x = draw.normal(size=(40, 9)) * (draw.random((40, 9)) < shares)
    return torch.from_numpy(x[:, np.argsort(-(x != 0).sum(0), kind="stable")])


def dense(part: Inputs, d_x: int) -> torch.Tensor:
    """The samples with their zeros put back."""
    head = part.head.shape[0]
    x = torch.zeros(len(part), d_x, dtype=part.head.dtype)
    x[:, :head] = part.head.t()
    if part.tail is not None:
        x[:, head + part.places] = part.tail.t()
    return x


def operands(members: int, seed: int = 1) -> Operands:
    buffer = np.random.default_rng(seed).normal(size=(members, row_size(SIZES)))
    return Operands(layer_views(torch.from_numpy(buffer), SIZES))


def orders(members: int) -> torch.Tensor:
    """For each network an order of its own, [M, 40]."""
    return torch.stack(
        [torch.randperm(40, generator=torch.Generator().manual_seed(m)) for m in range(members)]
    )


TARGETS = torch.from_numpy(np.eye(3)[np.random.default_rng(2).integers(0, 3, 40)])


@pytest.mark.parametrize("head", [0, 3, 9])
@pytest.mark.parametrize("batch", [1, 4, 7, 40])
def test_minibatches_hold_every_sample_in_order(head, batch, sparse):
    """Put back together, a network's minibatches are the samples in its order."""
    (order,) = orders(1)
    # A later one takes a minibatch's place.
    found = [dense(part, 9).clone() for part in InputsInUse(sparse, head).minibatches(order, batch)]
    assert [len(part) for part in found] == [len(p) for p in order.split(batch)]
    assert torch.equal(torch.cat(found), sparse[order])


@pytest.mark.parametrize("head", [0, 3, 9])
def test_a_minibatch_stays_while_two_more_are_taken(head, sparse):
    """What one thread reads is not overwritten by another that gathers ahead."""
    (order,) = orders(1)
    taken = []
    for part in InputsInUse(sparse, head).minibatches(order, 4):
        taken.append(part)
        for kept, samples in list(zip(taken, order.split(4), strict=False))[-3:]:
            assert torch.equal(dense(kept, 9), sparse[samples])
    assert len(taken) == 10


@pytest.mark.parametrize("batch", [1, 7, 40])
def test_every_network_reads_in_an_order_of_its_own(batch, sparse):
    """Where several share a call, each has its own samples and targets in it."""
    order = orders(5)
    inputs = [part.clone() for part in inputs_by_network(sparse, order, batch)]
    assert torch.equal(torch.cat(inputs, 2).transpose(1, 2), sparse[order])
    targets = list(targets_by_network(TARGETS.t().contiguous(), order, batch))
    assert [tuple(y.shape) for y in targets] == [(5, x.shape[2], 3) for x in inputs]
    assert torch.equal(torch.cat(targets, 1), TARGETS[order])


def test_what_is_left_out_is_zero_and_something_is(sparse):
    """A tail holds exactly the inputs past the head that some sample uses."""
    left_out = 0
    for part in InputsInUse(sparse, 3).minibatches(orders(1)[0], 4):
        expected = (dense(part, 9)[:, 3:] != 0).any(0).nonzero().squeeze(1)
        assert torch.equal(part.places, expected)
        left_out += 6 - len(expected)
    assert left_out > 0


def test_more_inputs_than_a_word_has_bits_are_told_apart():
    """Each of 150 inputs is used by one sample only, and found there."""
    x = torch.eye(150)
    order = torch.randperm(150, generator=torch.Generator().manual_seed(0))
    parts = [(dense(p, 150).clone(), len(p.places)) for p in InputsInUse(x, 2).minibatches(order, 4)]
    assert torch.equal(torch.cat([part for part, _ in parts]), x[order])
    assert max(places for _, places in parts) == 4


@pytest.mark.parametrize("bf16", [False, True], ids=["as they are", "bf16"])
@pytest.mark.parametrize("head", [0, 3, 9])
def test_products_without_zeros_equal_products_with_them(head, bf16, sparse):
    """Products and gradients are those of the full inputs; the gradient of an unused input's weights is 0."""
    weights = torch.from_numpy(np.random.default_rng(1).normal(size=(9, 5)))
    slope = torch.from_numpy(np.random.default_rng(2).normal(size=(40, 5)))
    within = {"rtol": 1e-2, "atol": 0.1} if bf16 else {"rtol": 1e-13, "atol": 1e-13}
    for part, slopes in zip(
        InputsInUse(sparse, head).minibatches(orders(1)[0], 5), slope.split(5), strict=True
    ):
        x = dense(part, 9)
        torch.testing.assert_close(
            first_product(cut_rows(weights, head), part, bf16), weights.t() @ x.t(), **within
        )
        found = torch.full((9, 5), 7.0, dtype=torch.float64)  # filled, so that a row left alone shows
        first_gradient(cut_rows(found, head), slopes, part, bf16)
        torch.testing.assert_close(found, x.t() @ slopes, **within)
        assert not found[~(x != 0).any(0)].any()


def test_views_and_buffer_are_inverse():
    """Layers as views of a buffer go back to the same buffer, and are seen as [M, fan_in, fan_out]."""
    size = row_size(SIZES)
    assert size % 16 == 0
    buffer = torch.arange(float(MEMBERS * size)).view(MEMBERS, size)
    buffer[:, 9 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3 :] = 0  # the padding
    views = layer_views(buffer, SIZES)
    assert [tuple(W.shape) for W, _ in views] == [(2, 9, 5), (2, 5, 4), (2, 4, 3)]
    assert [tuple(b.shape) for _, b in views] == [(2, 5), (2, 4), (2, 3)]
    assert torch.equal(rows(views), buffer)
    by_input = layer_views(buffer, SIZES, by_input=True)
    assert torch.equal(rows(by_input, by_input=True), buffer)
    assert torch.equal(by_input[0][0].flatten(), buffer[:, : 9 * 5].flatten())
    assert all(torch.equal(a, b) for a, b in zip(by_input[1], views[1], strict=True))


def test_joined_first_layers_serve_all_networks(sparse):
    """One product with the layers side by side is each network's own product."""
    weights = operands(3)
    z = forward(weights, weights.joined(), Inputs(sparse.t()))
    for m in range(3):
        h = sparse
        for depth, (W, b) in enumerate(weights.layers):
            h = h @ W[m] + b[m]
            h = h.relu() if depth < 2 else h
        torch.testing.assert_close(z[m], h, rtol=1e-13, atol=1e-13)


def test_evaluation_blocks_hold_every_sample_once(sparse, monkeypatch):
    """Blocks are the samples in the order returned, from one pool after another, with all inputs that are not
    0."""
    monkeypatch.setattr(inputs, "_BLOCK", 4)
    monkeypatch.setattr(inputs, "_POOL", 22)
    order, blocks = evaluation_blocks(sparse)
    assert sorted(order[:22].tolist()) == list(range(22))
    assert sorted(order[22:].tolist()) == list(range(22, 40))
    assert torch.equal(torch.cat([dense(block, 9) for block in blocks]), sparse[order])
    assert [len(block) for block in blocks] == [4, 4, 4, 4, 4, 2, 4, 4, 4, 4, 2]
    assert any(block.tail is not None for block in blocks)


def test_evaluation_blocks_are_of_samples_with_zeros_in_common(monkeypatch):
    """The sample with the fewest inputs, then whichever adds the fewest; the first of equal ones."""
    monkeypatch.setattr(inputs, "_BLOCK", 3)
    used = [[0, 1, 2], [3], [0, 1], [3, 4, 5], [0, 2], [3, 5]]
    x = torch.zeros(6, 6)
    for row, places in zip(x, used, strict=True):
        row[places] = 1.0
    assert evaluation_blocks(x)[0].tolist() == [1, 5, 3, 2, 0, 4]


def test_whole_blocks_are_the_samples_as_they_come(sparse, monkeypatch):
    """In order, all inputs, the last block smaller."""
    monkeypatch.setattr(inputs, "_WHOLE_BLOCK", 16)
    order, blocks = whole_blocks(sparse)
    assert order.tolist() == list(range(40))
    assert [len(block) for block in blocks] == [16, 16, 8]
    assert torch.equal(torch.cat([block.head.t() for block in blocks]), sparse)


def test_inputs_are_ordered_by_use():
    """Most used in training first, ties by index; what is 0 everywhere is left out, what tests use is not."""
    train = torch.tensor([[0.0, 1, 0, 2, 0], [0, 1, 0, 0, 0], [0, 1, 3, 4, 0]])
    test = torch.tensor([[0.0, 0, 0, 0, 5]])
    assert order_by_use(train, test).tolist() == [1, 3, 2, 4]


@pytest.mark.parametrize(
    ("batch", "units", "head"),
    [(4, 10, 7), (4, 10_000_000, 2), (20, 10_000_000, 4), (45, 10_000_000, 6)],
    ids=["not worth it", "small minibatches", "larger ones", "so large that all are used"],
)
def test_the_head_is_what_nine_minibatches_in_ten_use(batch, units, head):
    """1 - (1 - f)^B >= 0.9 for a share f of samples; all inputs where the rest would save too little."""
    uses = torch.tensor([40, 24, 16, 8, 4, 2, 0])
    x = (torch.arange(40)[:, None] < uses).float()
    assert head_size(x, batch, units) == head
    assert head_size(torch.ones(5, 7), batch, units) == 7


def test_a_cut_gives_both_sides_as_much_work():
    """Rare inputs cost an update but few products, so more of them make up a half."""
    assert even_cut(torch.ones(50, 320), 32, 320) == 160
    rare = torch.zeros(50, 320)
    rare[:, :220] = 1
    rare[0, 220:] = 1
    cut = even_cut(rare, 32, 220)
    assert cut % 16 == 0
    share = 1 - 0.98**32
    work = [23 + 32] * 220 + [23 + 8 + 32 * share] * 100
    assert abs(sum(work[:cut]) - sum(work[cut:])) <= 16 * max(work)
    assert even_cut(torch.ones(5, 7), 4, 7) == 3


@pytest.mark.parametrize(("head", "at_its_end"), [(80, False), (140, True), (200, True), (240, False)])
def test_a_head_of_about_half_the_work_is_one_side(head, at_its_end):
    """Between three and seven tenths of the work the cut is where the tail begins."""
    x = torch.zeros(1000, 320)
    x[:, :head] = 1
    x[0, head:] = 1
    assert (even_cut(x, 8, head) == head) == at_its_end
