"""Adam over one flat buffer against torch.optim.Adam, step by step."""

import pytest
import torch

from models.engines.mlp.adam import Adam


@pytest.mark.parametrize("fused", [True, False], ids=["fused", "one operation after another"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_steps_have_the_bytes_of_torchs_optimiser(dtype, fused):
    """Parameters and both moments, over gradients of every size, zero and NaN included."""
    draw = torch.Generator().manual_seed(1)
    flat = torch.randn(1000, generator=draw, dtype=dtype)
    ordinary = torch.nn.Parameter(flat.clone())
    given = torch.zeros_like(flat)
    ours, theirs = (
        Adam(flat, given, 3e-3, fused=fused),
        torch.optim.Adam([ordinary], lr=3e-3, fused=fused, foreach=False),
    )
    for step in range(1, 21):
        gradient = torch.randn(1000, generator=draw, dtype=dtype) * 10.0 ** (step % 7 - 3)
        gradient[::7] = 0
        if step > 15:
            gradient[3] = torch.nan
        given.copy_(gradient)
        ordinary.grad = gradient.clone()
        ours.step()
        theirs.step()
        state = theirs.state[ordinary]
        for a, b in zip(
            (flat, *ours.state), (ordinary, state["exp_avg"], state["exp_avg_sq"], state["step"]), strict=True
        ):
            assert a.numpy().tobytes() == b.detach().numpy().tobytes()
    assert float(ours.steps) == 20
    assert torch.isnan(flat).sum() == 1
