"""Small convolutional ReLU networks: strided convolutions, then one fully connected layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, ClassVar

from models.networks.network import Parameter
from models.parts.checks import positive, whole_number, whole_numbers
from models.parts.part import Part

if TYPE_CHECKING:
    from torch import Tensor

    from models.networks.stream import Stream

__all__ = ["Convolutional"]

MOMENTUM, EPSILON = 0.1, 1e-5
"""Of batch normalisation (Ioffe & Szegedy 2015), torch's defaults."""


@dataclass(frozen=True, slots=True)
class Convolutional(Part):
    """Convolutions with ReLUs, padded by half a kernel, then a linear layer on all that is left.

    Attributes:
        channels: of each convolution, (8, 16).
        kernel: height and width of the kernels, odd.
        stride: of each convolution; 2 halves height and width.
        dropout: share of the linear layer's inputs that a step of training leaves out.
        batch_norm: whether every convolution is followed by batch normalisation, in place of its biases.

    Raises:
        ValueError: a number that cannot be one of these.
    """

    kind: ClassVar[str] = "convolutional"

    channels: tuple[int, ...]
    kernel: int = 3
    stride: int = 2
    dropout: float = 0.0
    batch_norm: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "channels", whole_numbers("channels", self.channels))
        if not self.channels or any(channels < 1 for channels in self.channels):
            raise ValueError(
                f"got channels {self.channels}, wanted convolutions of at least one channel each"
            )
        for name in ("kernel", "stride"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name), least=1))
        if self.kernel % 2 == 0:
            raise ValueError(f"got kernel {self.kernel}, wanted an odd number: it is centred on a pixel")
        object.__setattr__(self, "dropout", positive("dropout", self.dropout, or_zero=True))
        if self.dropout >= 1:
            raise ValueError(f"got dropout {self.dropout}, wanted a share below 1: nothing would be left")
        object.__setattr__(self, "batch_norm", bool(self.batch_norm))

    @property
    def label(self) -> str:
        """ "conv-8-16", followed by whatever is not the default."""
        parts = ["conv", *map(str, self.channels)]
        parts += [f"k{self.kernel}"] * (self.kernel != 3) + [f"s{self.stride}"] * (self.stride != 2)
        parts += [f"dropout{self.dropout:g}"] * (self.dropout > 0) + ["bn"] * self.batch_norm
        return "-".join(parts)

    def shapes(self, shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
        """Channels, height and width of the samples and after each convolution.

        Raises:
            ValueError: samples of this shape are no images.
        """
        if len(shape) != 3:
            raise ValueError(
                f"got samples of shape {tuple(shape)}, wanted [channels, height, width]: a convolutional "
                "network reads images; for flat samples take an mlp"
            )
        found = [(shape[0], shape[1], shape[2])]
        for channels in self.channels:
            height, width = ((side - 1) // self.stride + 1 for side in found[-1][1:])
            found.append((channels, height, width))
        return found

    def parameters(self, shape: tuple[int, ...], outputs: int) -> dict[str, Parameter]:
        """K1 [channels, channels before, kernel, kernel], b1 [channels], K2, ..., then W [units, K] and b.

        With batch normalisation s1 and t1, what it scales by and adds, stand in b1's place.
        """
        found: dict[str, Parameter] = {}
        shapes = self.shapes(shape)
        for index, channels in enumerate(self.channels, start=1):
            before = shapes[index - 1][0]
            size = (channels, before, self.kernel, self.kernel)
            found[f"K{index}"] = Parameter(size, prod(size[1:]))
            if self.batch_norm:
                found[f"s{index}"] = Parameter((channels,), role="scale")
            found[f"{'t' if self.batch_norm else 'b'}{index}"] = Parameter((channels,), role="bias")
        units = prod(shapes[-1])
        return found | {"W": Parameter((units, outputs), units), "b": Parameter((outputs,), units, "bias")}

    def buffers(self, shape: tuple[int, ...], outputs: int) -> dict[str, Tensor]:
        """mean1 [channels] and variance1 of batch normalisation, running over steps, mean2, ..."""
        import torch

        found: dict[str, Tensor] = {}
        for index, channels in enumerate(self.channels, start=1):
            if self.batch_norm:
                found |= {f"mean{index}": torch.zeros(channels), f"variance{index}": torch.ones(channels)}
        return found

    def randomness(self, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """A number for each input of the linear layer, where some are left out."""
        return {"dropout": (prod(self.shapes(shape)[-1]),)} if self.dropout else {}

    def apply(
        self,
        parameters: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor],
        x: Tensor,
        train: bool,
        stream: Stream | None,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Pre-activations z [B, K] of images x [B, C, H, W], and running means and variances afterwards."""
        from torch.nn.functional import conv2d

        h, after = x, dict(buffers)
        for index in range(1, len(self.channels) + 1):
            bias = None if self.batch_norm else parameters[f"b{index}"]
            h = conv2d(h, parameters[f"K{index}"], bias, self.stride, self.kernel // 2)
            if self.batch_norm:
                h = _normalised(h, parameters, buffers, after, str(index), train)
            h = h.relu()
        h = h.flatten(1)
        if train and self.dropout:
            assert stream is not None
            h = h * (stream.uniform("dropout") >= self.dropout) / (1 - self.dropout)
        return h @ parameters["W"] + parameters["b"], after

    def cost(self, shape: tuple[int, ...], outputs: int) -> int:
        """A multiplication a weight and place."""
        shapes = self.shapes(shape)
        convolutions = sum(a[0] * self.kernel**2 * prod(b) for a, b in pairwise(shapes))
        return convolutions + prod(shapes[-1]) * outputs


def _normalised(
    h: Tensor,
    parameters: Mapping[str, Tensor],
    buffers: Mapping[str, Tensor],
    after: dict[str, Tensor],
    index: str,
    train: bool,
) -> Tensor:
    """Channels of h [B, C, H, W] with mean 0 and variance 1, scaled and moved; `after` gets the running ones.

    In training by the minibatch's own mean and variance, which the running ones follow; else by those.
    """
    mean, variance = buffers[f"mean{index}"], buffers[f"variance{index}"]
    if train:
        places = h.numel() // h.shape[1]
        own_mean, own = h.mean((0, 2, 3)), h.var((0, 2, 3), correction=0)
        unbiased = own * (places / max(places - 1, 1))
        after[f"mean{index}"] = mean + MOMENTUM * (own_mean.detach() - mean)
        after[f"variance{index}"] = variance + MOMENTUM * (unbiased.detach() - variance)
        mean, variance = own_mean, own
    scale = parameters[f"s{index}"] * (variance + EPSILON).rsqrt()
    shift = parameters[f"t{index}"] - mean * scale
    return h * scale[:, None, None] + shift[:, None, None]
