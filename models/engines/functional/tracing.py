"""torch.func's transforms followed once, then left out: a step is the operations that they came to."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils._pytree import tree_leaves

__all__ = ["traced"]

_ONE_AT_A_TIME = Lock()
"""While one is traced, fx puts functions of its own in torch's classes."""


def traced(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of tensors in mappings, of the same bytes.

    It is traced at the first call with arguments of new shapes, a few tenths of a second. After that a call
    spares what `vmap` and `grad` cost in Python: more than half of a narrow network's step, a tenth of a wide
    one's. As under `vmap`, what it does may depend on shapes and not on numbers.
    """
    known: dict[tuple[torch.Size, ...], Callable[..., Any]] = {}

    def call(*arguments: Any) -> Any:
        leaves: list[Tensor] = tree_leaves(arguments)
        shapes = tuple(leaf.shape for leaf in leaves)
        if shapes not in known:
            with _ONE_AT_A_TIME:
                if shapes not in known:
                    # Of the module that fx makes only the function: its __call__ is among what is replaced.
                    known[shapes] = make_fx(function)(*arguments).forward
        return known[shapes](*arguments)

    return call
